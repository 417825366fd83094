-- Answers the queues from which a worker may begin jobs, and those that are paused by themselves. Usually nothing is: one command.
local function open_queues(now, worker, queues)
  if redis.call('EXISTS', suspended_key(), paused_key()) == 0 then return queues, {} end
  -- include: pauses
  if is_suspended(now, worker) then return {}, {} end
  return part_queues(now, queues)
end
