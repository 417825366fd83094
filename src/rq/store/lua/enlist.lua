-- Puts an entry into a registry, or gives it another score. By hand: whoever changes a job's state by a script has put it into its registry in the same step.
-- From: -
-- To: -
-- KEYS: 1 registry, 2... what is to expire with the entry
-- ARGV: 1 entry, 2 the score counts from (0, or 'now' for the server's time), 3 its score, in whole seconds, or +inf, 4 '1': only if it is there,
--   5 seconds after which the other keys expire
-- Reply: {ok, entries that are new: 1 or 0} | {badtype}
-- Atomic: the entry and what expires with it.
-- include: try server_time expiry
local score = ARGV[3]
if ARGV[2] == 'now' then score = math.floor(server_time()) + tonumber(score) end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local added
if ARGV[4] == '1' then added = try('ZADD', KEYS[1], 'XX', score, ARGV[1]) else added = try('ZADD', KEYS[1], score, ARGV[1]) end
if not added then return {'badtype'} end
for i = 2, #KEYS do expire_after(KEYS[i], tonumber(ARGV[5])) end
return {'ok', added}
