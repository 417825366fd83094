-- Takes entries out of a registry whose score lies between 1970 and now, or another moment. What they name stays as it is.
-- From: -
-- To: -
-- KEYS: 1 registry
-- ARGV: 1 the moment in seconds, or '' for the server's now, 2 most entries
-- Reply: {ok, entries that went}
-- Atomic: one moment for all of them.
-- include: try server_time
local moment = ARGV[1] ~= '' and ARGV[1] or server_time()
local expired = try('ZRANGEBYSCORE', KEYS[1], 0, moment, 'LIMIT', 0, tonumber(ARGV[2])) or {}
for _, entry in ipairs(expired) do redis.call('ZREM', KEYS[1], entry) end
return {'ok', #expired}
