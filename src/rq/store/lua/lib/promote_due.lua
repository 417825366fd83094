-- Moves up to `limit` scheduled jobs that are due to their queue, in due order. An id whose job is gone, or is scheduled no longer, is dropped.
-- Answers the number of ids moved or dropped, and the due time of the first one that stays (nil if none).
local function promote_due(now, queue, limit)
  local first = try('ZRANGE', scheduled_key(queue), 0, 0, 'WITHSCORES')
  if not first or not first[1] then return 0, nil end
  if tonumber(first[2]) > now then return 0, tonumber(first[2]) end
  if not try('LLEN', queue_key(queue)) then return 0, nil end
  local due = redis.call('ZRANGEBYSCORE', scheduled_key(queue), '-inf', now, 'LIMIT', 0, limit)
  local date = iso_date(now)
  for _, id in ipairs(due) do
    redis.call('ZREM', scheduled_key(queue), id)
    local job = try('HMGET', job_key(id), 'status', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ended_at')
    if not job then
      set_aside(queue, id, 'not a hash')
    elseif job[1] == 'scheduled' then
      redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', date)
      push_id(queue, id, job[2] == '1' or (job[3] == '1' and job[4] and job[4] ~= ''))
    end
  end
  local rest = redis.call('ZRANGE', scheduled_key(queue), 0, 0, 'WITHSCORES')
  return #due, rest[2] and tonumber(rest[2]) or nil
end

-- Milliseconds until a due time, '' if there is none; never more than an integer reply can hold (a score may be infinite).
local function milliseconds_until(now, due)
  if not due then return '' end
  return math.min(math.max(math.ceil((due - now) * 1000), 0), 2 ^ 53)
end
