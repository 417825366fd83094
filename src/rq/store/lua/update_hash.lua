-- Writes fields that no state depends on (a job's meta, what a worker says of itself) into a hash that exists. A hash that was deleted stays deleted.
-- From: -
-- To: -
-- KEYS: 1 the hash
-- ARGV: 1... field, value, ...
-- Reply: {ok} | {gone} | {badtype}
-- Atomic: the hash exists when it is written.
-- include: try
local exists = try('HLEN', KEYS[1])
if not exists then return {'badtype'} end
if exists == 0 then return {'gone'} end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
redis.call('HSET', KEYS[1], unpack(ARGV))
return {'ok'}
