-- Lets a job, and what it has to do with others, expire.
-- From: -
-- To: -
-- KEYS: 1 job hash, 2 its dependents, 3 its dependencies
-- ARGV: 1 seconds
-- Reply: {ok}
-- Atomic: the three expire together.
-- include: expiry
for _, key in ipairs(KEYS) do expire_after(key, tonumber(ARGV[1])) end
return {'ok'}
