-- A cron process says what a cron job is. Its ticks count from when the server first heard of it.
-- From: -
-- To: -
-- KEYS: 1 what is known of the cron job, 2 what its jobs are like, 3 cron jobs by when they were last heard of
-- ARGV: 1 identity, 2 seconds until it is forgotten, 3 number of items about the cron job, then these: field, value, ...; then the fields of its jobs
-- Reply: {ok} | {badtype, the key that holds something else}
-- Atomic: who reads the one hash finds the other; how far the ticks have come stays.
-- include: try server_time expiry
local known, template, crons = KEYS[1], KEYS[2], KEYS[3]
local identity, seconds, last = ARGV[1], tonumber(ARGV[2]), 3 + tonumber(ARGV[3])

if not try('HLEN', known) then return {'badtype', known} end
if not try('ZCARD', crons) then return {'badtype', crons} end
local now = math.floor(server_time())
redis.call('DEL', template)
redis.call('HSETNX', known, 'since', string.format('%.0f', now))
redis.call('HSET', known, unpack(ARGV, 4, last))
redis.call('HSET', template, unpack(ARGV, last + 1, #ARGV))
redis.call('ZADD', crons, now, identity)
expire_after(known, seconds)
expire_after(template, seconds)
return {'ok'}
