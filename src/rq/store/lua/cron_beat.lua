-- A cron process lives, and asks how far the ticks of its cron jobs have come.
-- From: -
-- To: -
-- KEYS: 1 cron processes by their last sign of life, 2 hash of the process, 3 cron jobs by when they were last heard of
-- ARGV: 1 name of the process, 2 seconds until its hash expires, 3 seconds until a cron job is forgotten that nobody has any more, 4 number of items for the
--   hash (0: it stays as it is), then these: field, value, ...; then identity and name of each cron job
-- Reply: {ok | unknown (the hash of the process, or one of a cron job, is gone: say again what they are), the server's time,
--   {since, last tick, when resumed, when paused} of each cron job, '' for what is not so}
-- Atomic: the answers are of one moment, which is that of the sign of life.
-- include: try server_time dates expiry
local processes, hash, crons = KEYS[1], KEYS[2], KEYS[3]
local process, ttl, memory, last = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), 4 + tonumber(ARGV[4])

local now = server_time()
local code, states = 'ok', {}
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
try('ZADD', processes, seconds_text(now), process)
if last > 4 then
  redis.call('DEL', hash)
  redis.call('HSET', hash, unpack(ARGV, 5, last))
elseif redis.call('EXISTS', hash) == 0 then
  code = 'unknown'
end
expire_after(hash, ttl)
for i = last + 1, #ARGV, 2 do
  local known, switch = cron_key(ARGV[i]), cron_switch_key(ARGV[i + 1])
  local state, switched = try('HMGET', known, 'since', 'last', 'resumed') or {}, try('HMGET', switch, 'resumed', 'paused') or {}
  local resumed = switched[1] or state[3]
  if not state[1] then
    code = 'unknown'
  elseif switched[1] then
    redis.call('HSET', known, 'resumed', resumed)  -- the switch is forgotten before the cron job is
  end
  expire_after(known, memory)
  expire_after(cron_template_key(ARGV[i]), memory)
  try('ZADD', crons, 'XX', now, ARGV[i])
  table.insert(states, {state[1] or '', state[2] or '', resumed or '', switched[2] or ''})
end
try('ZREMRANGEBYSCORE', crons, '-inf', now - memory)
try('ZREMRANGEBYSCORE', processes, '-inf', now - ttl)
return {code, seconds_text(now), states}
