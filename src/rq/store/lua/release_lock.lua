-- Frees a lock, if it is this owner's.
-- From: -
-- To: -
-- KEYS: 1 the lock
-- ARGV: 1 owner
-- Reply: {ok} | {taken}
-- Atomic: an owner whose lock ran out does not free that of the next one.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'taken'} end
redis.call('DEL', KEYS[1])
return {'ok'}
