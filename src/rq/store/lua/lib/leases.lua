-- A lease is the entry ID:EXECUTION in the registry of started jobs. Its score lies a minute past the true end of the lease, so that RQ's own cleaning,
-- which any dashboard may trigger, never acts before ours had its turn.
local SCORE_MARGIN = 60

-- Answers whether the lease stands: false if the registry of started jobs is none.
local function write_lease(now, queue, id, execution, lease)
  local seconds = math.ceil(lease + SCORE_MARGIN)
  if not try('ZADD', wip_key(queue), now + lease + SCORE_MARGIN, id .. ':' .. execution) then return false end
  try('ZADD', executions_key(id), now + lease + 2 * SCORE_MARGIN, execution)
  redis.call('EXPIRE', execution_key(id, execution), seconds)
  redis.call('EXPIRE', executions_key(id), seconds + SCORE_MARGIN)
  return true
end

-- The first write of every exit: none of these commands is ever refused for lack of memory.
local function end_lease(queue, id, execution, worker)
  try('ZREM', wip_key(queue), id .. ':' .. execution)
  redis.call('DEL', execution_key(id, execution))
  try('ZREM', executions_key(id), execution)
  if worker then try('HDEL', held_key(worker), 'held:' .. id .. ':' .. execution) end
end

-- Splits ID:EXECUTION at the last colon.
local function split_member(member)
  local id, execution = string.match(member, '^(.*):([^:]*)$')
  return id or member, execution or ''
end
