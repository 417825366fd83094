-- Adds an entry to the results of a job. By hand: the exit of an attempt writes what came of it in the same step.
-- From: -
-- To: -
-- KEYS: 1 stream of results
-- ARGV: 1 seconds until the results expire (-1: never, 0: at once), or '' for as they would, 2... field, value, ... of the entry
-- Reply: {ok, id of the entry} | {badtype}
-- Atomic: the entry and the time of the stream.
-- include: try expiry
local stream, ttl = KEYS[1], tonumber(ARGV[1])
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local entry = try('XADD', stream, 'MAXLEN', 10, '*', unpack(ARGV, 2))
if not entry then return {'badtype'} end
if ttl == -1 then
  redis.call('PERSIST', stream)
elseif ttl and ttl <= 0 then
  redis.call('DEL', stream)
elseif ttl then
  expire_after(stream, ttl)
end
return {'ok', entry}
