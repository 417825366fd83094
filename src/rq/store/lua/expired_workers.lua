-- Names the workers whose lease ends first, and says which of them ran out. Reads only. A lease that ends later than any that could be written now ran
-- out too: the server's clock was set back since, and whoever lives writes a new one with the next heartbeat.
-- From: -
-- To: -
-- KEYS: 1 presence of workers
-- ARGV: 1 most workers to name
-- Reply: {ok, flat: worker, incarnation or '', end of its lease, its lease in seconds or '', expired | alive}
-- Atomic: one moment of the server's clock for all of them.
-- include: try number server_time
local now = server_time()
local found = try('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES') or {}
local reply = {}
for i = 1, #found, 2 do
  local side = try('HMGET', held_key(found[i]), 'incarnation', 'lease') or {}
  local ends_at, lease = tonumber(found[i + 1]), number_of(side[2])
  local has_ended = ends_at <= now or ends_at > now + (lease or math.huge)
  table.insert(reply, found[i])
  table.insert(reply, side[1] or '')
  table.insert(reply, found[i + 1])
  table.insert(reply, lease and string.format('%.17g', lease) or '')
  table.insert(reply, has_ended and 'expired' or 'alive')
end
return {'ok', reply}
