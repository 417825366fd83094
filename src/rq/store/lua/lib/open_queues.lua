-- Says whether there is more to look at than the queues: pauses, jobs that are scheduled, ids that were caught. Usually there is not, and one command tells.
-- A worker that was woken knows that ids were caught.
local function has_more(claim)
  local keys = {suspended_key(), paused_key()}
  for _, queue in ipairs(claim.queues) do
    keys[#keys + 1] = scheduled_key(queue)
    if not claim.is_woken then keys[#keys + 1] = caught_key(queue) end
  end
  return redis.call('EXISTS', unpack(keys)) > 0
end

-- Answers the queues from which a worker may begin jobs, and those that are paused by themselves. Usually nothing is.
local function open_queues(now, worker, queues)
  if redis.call('EXISTS', suspended_key(), paused_key()) == 0 then return queues, {} end
  -- include: pauses
  if is_suspended(now, worker) then return {}, {} end
  return part_queues(now, queues)
end
