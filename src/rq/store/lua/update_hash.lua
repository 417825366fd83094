-- Writes fields that no state depends on (a job's meta, what a worker says of itself) into a hash that exists. A hash that was deleted stays deleted.
-- From: -
-- To: -
-- KEYS: 1 the hash
-- ARGV: 1... field, value, ...
-- Reply: {ok} | {gone}
-- Atomic: the hash exists when it is written.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'gone'} end
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], unpack(ARGV))
return {'ok'}
