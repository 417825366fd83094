-- No tick of the cron jobs of a name becomes a job until they are resumed.
-- From: -
-- To: -
-- KEYS: 1 switch of the name
-- ARGV: -
-- Reply: {ok} | {dup} (they were paused before) | {badtype}
-- Atomic: since when they are paused stays, however often this is said.
-- include: try server_time dates
local paused = try('HMGET', KEYS[1], 'paused')
if not paused then return {'badtype'} end
if paused[1] then return {'dup'} end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
redis.call('HSET', KEYS[1], 'paused', seconds_text(server_time()))
redis.call('PERSIST', KEYS[1])
return {'ok'}
