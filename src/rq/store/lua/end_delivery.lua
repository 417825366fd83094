-- Says what became of something that was to be sent: it is done with, or what is left of it is tried again later.
-- From: -
-- To: -
-- KEYS: 1 outbox, 2 the bodies
-- ARGV: 1 name, 2 what is left to send or '', 3 seconds until the next try
-- Reply: {ok}
-- Atomic: it is in the outbox, or it is not.
-- include: try server_time
if ARGV[2] == '' then
  try('ZREM', KEYS[1], ARGV[1])
  try('HDEL', KEYS[2], ARGV[1])
  return {'ok'}
end
try('HDEL', KEYS[2], '')  -- a first write that is never refused for lack of memory
if try('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  try('ZADD', KEYS[1], server_time() + tonumber(ARGV[3]), ARGV[1])
end
return {'ok'}
