-- Tidies one queue: forgets expired entries of the finished and failed registries, repairs what RQ's workers left in the intermediate list, and holds RQ's
-- maintenance and scheduler locks, so that RQ's workers leave both to us.
-- From: queued, in the intermediate list for more than a minute
-- To: queued, at the head of the queue
-- KEYS: 1 finished registry, 2 failed registry, 3 intermediate list, 4 queue list
-- ARGV: 1 queue, 2 most entries of each kind, 3 our name
-- Reply: {ok, entries forgotten, ids repaired}
-- Atomic: an id is in the queue or in the intermediate list, never in both.
-- include: try server_time dates leases places
local finished, failed, intermediate = KEYS[1], KEYS[2], KEYS[3]
local queue, limit, name = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local LOCK_SECONDS = 60
local STUCK_SECONDS = 60
local FIRST_SEEN_TTL = 86400

local now = server_time()
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local forgotten, repaired = 0, 0
for _, registry in ipairs({finished, failed}) do
  local expired = try('ZRANGEBYSCORE', registry, 0, now, 'LIMIT', 0, limit) or {}
  for _, id in ipairs(expired) do forgotten = forgotten + redis.call('ZREM', registry, id) end
end

local function is_running(id)
  for _, execution in ipairs(try('ZRANGE', executions_key(id), 0, 99) or {}) do
    if try('ZSCORE', wip_key(queue), id .. ':' .. execution) then return true end
  end
  return false
end

local stuck = try('LRANGE', intermediate, 0, limit - 1) or {}
for _, id in ipairs(stuck) do
  local status = try('HGET', job_key(id), 'status')
  if status ~= 'queued' and not is_running(id) then
    if status == nil then set_aside(queue, id, 'not a hash') end
    repaired = repaired + redis.call('LREM', intermediate, 1, id)
    redis.call('DEL', first_seen_key(queue, id))
  elseif status == 'queued' and not is_running(id) then
    local seen = tonumber(try('GET', first_seen_key(queue, id)) or '')
    if not seen or seen > now then  -- nobody saw it yet, or before the server's clock was set back
      redis.call('SET', first_seen_key(queue, id), seconds_text(now), 'EX', FIRST_SEEN_TTL)
    elseif seen + STUCK_SECONDS < now then
      repaired = repaired + redis.call('LREM', intermediate, 1, id)
      redis.call('DEL', first_seen_key(queue, id))
      push_id(queue, id, true)
    end
  end
end

redis.call('SET', maintenance_lock_key(queue), '1', 'EX', LOCK_SECONDS)
if try('GET', scheduler_lock_key(queue)) == name then
  redis.call('EXPIRE', scheduler_lock_key(queue), LOCK_SECONDS)
else
  redis.call('SET', scheduler_lock_key(queue), name, 'NX', 'EX', LOCK_SECONDS)
end
return {'ok', forgotten, repaired}
