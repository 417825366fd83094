-- Moves up to `limit` scheduled jobs that are due to their queue, in due order. An id whose job is gone, or is scheduled no longer, is dropped.
-- Answers the number of ids moved or dropped, and the due time of the first one that stays (nil if none).

-- Ids go to the tail of the queue in one command, and leave the schedule in another: of a hundred thousand that are due at once, each costs two less.
local function queue_due(now, queue, due)
  local back, moved, date = {}, {}, iso_date(now)
  for _, id in ipairs(due) do
    local job = try('HMGET', job_key(id), 'status', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ended_at')
    if not job then
      set_aside(queue, id, 'not a hash')
    elseif job[1] == 'scheduled' then
      table.insert(moved, id)
      if job[2] == '1' or (job[3] == '1' and job[4] and job[4] ~= '') then push_id(queue, id, true) else table.insert(back, id) end
    end
  end
  if #back > 0 then redis.call('RPUSH', queue_key(queue), unpack(back)) end
  for _, id in ipairs(moved) do redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', date) end
end

local function promote_due(now, queue, limit)
  local first = try('ZRANGE', scheduled_key(queue), 0, 0, 'WITHSCORES')
  if not first or not first[1] then return 0, nil end
  if tonumber(first[2]) > now then return 0, tonumber(first[2]) end
  if not try('LLEN', queue_key(queue)) then return 0, nil end
  local due = redis.call('ZRANGEBYSCORE', scheduled_key(queue), '-inf', now, 'LIMIT', 0, limit)
  redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
  queue_due(now, queue, due)
  redis.call('ZREM', scheduled_key(queue), unpack(due))  -- last: what a user may not do above leaves them here
  local rest = redis.call('ZRANGE', scheduled_key(queue), 0, 0, 'WITHSCORES')
  return #due, rest[2] and tonumber(rest[2]) or nil
end
