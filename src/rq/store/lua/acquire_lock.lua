-- Takes a lock that nobody has, or makes one last longer that this owner has.
-- From: -
-- To: -
-- KEYS: 1 the lock
-- ARGV: 1 owner, 2 seconds until it is free by itself
-- Reply: {acquired} | {refreshed} | {taken}
-- Atomic: two owners cannot both get it, and nobody prolongs the lock of another.
local lock, owner, seconds = KEYS[1], ARGV[1], ARGV[2]

local holder = redis.call('GET', lock)
if holder == owner then
  redis.call('EXPIRE', lock, seconds)
  return {'refreshed'}
elseif holder then
  return {'taken'}
end
redis.call('DEL', lock)  -- a first write that is never refused for lack of memory
redis.call('SET', lock, owner, 'EX', seconds)
return {'acquired'}
