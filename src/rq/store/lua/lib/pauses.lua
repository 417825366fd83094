-- Who begins no jobs: everybody, while RQ's key exists; and of the set of what is paused, each queue and worker until the time that is its score.
local function is_paused(now, kind, name)
  local ends = tonumber(try('ZSCORE', paused_key(), kind .. ':' .. name) or '')
  return ends ~= nil and ends > now
end

local function is_suspended(now, worker)
  return redis.call('EXISTS', suspended_key()) == 1 or is_paused(now, 'worker', worker)
end

-- Answers those of the queues that give jobs, and those that do not.
local function part_queues(now, queues)
  local open, paused = {}, {}
  for _, queue in ipairs(queues) do table.insert(is_paused(now, 'queue', queue) and paused or open, queue) end
  return open, paused
end
