-- Takes some of what is to be sent to others, for a while: if it is not said in time what became of it, somebody else takes it.
-- From: -
-- To: -
-- KEYS: 1 outbox, 2 the bodies
-- ARGV: 1 most, 2 seconds for which they are taken
-- Reply: {ok, flat: name, body}
-- Atomic: nobody else takes them meanwhile.
-- include: try server_time
local now = server_time()
local due = try('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1]) or {}
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local taken = {}
for _, name in ipairs(due) do
  local body = try('HGET', KEYS[2], name)
  if body then
    redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), name)
    taken[#taken + 1] = name
    taken[#taken + 1] = body
  else
    redis.call('ZREM', KEYS[1], name)
  end
end
return {'ok', taken}
