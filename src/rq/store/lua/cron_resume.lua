-- The ticks of the cron jobs of a name become jobs again, from now on: those of the pause do not.
-- From: -
-- To: -
-- KEYS: 1 switch of the name
-- ARGV: 1 seconds until it is forgotten that there was a pause
-- Reply: {ok} | {dup} (they were not paused) | {badtype}
-- Atomic: no tick of the pause becomes a job, whoever finds it due afterwards.
-- include: try server_time dates expiry
local paused = try('HMGET', KEYS[1], 'paused')
if not paused then return {'badtype'} end
if not paused[1] then return {'dup'} end
redis.call('HDEL', KEYS[1], 'paused')
redis.call('HSET', KEYS[1], 'resumed', seconds_text(server_time()))
expire_after(KEYS[1], tonumber(ARGV[1]))
return {'ok'}
