-- Writes down that a job is being run, or still is, in RQ's way. It gives nobody a lease: `claim` does, and heartbeats of workers extend theirs.
-- From: -
-- To: -
-- KEYS: 1 hash of the execution, 2 executions of the job, 3 registry of started jobs
-- ARGV: 1 create | save (the hash alone) | beat (nothing if it is over), 2 job id, 3 execution id, 4 seconds it lasts without another beat (negative: for
--   ever), 5... field, value, ... of the hash
-- Reply: {ok} | {gone} | {badtype}
-- Atomic: an execution that is over does not come back.
-- include: try server_time expiry
local execution, executions, wip = KEYS[1], KEYS[2], KEYS[3]
local how, id, execution_id, seconds = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local LONGER = 60  -- by which the entry among the job's executions outlives the hash, as in RQ

local fields = try('HLEN', execution)
if not fields then return {'badtype'} end
if how == 'beat' and fields == 0 then return {'gone'} end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
redis.call('HSET', execution, unpack(ARGV, 5))
if seconds < 0 then redis.call('PERSIST', execution) else expire_after(execution, seconds) end
if how == 'save' then return {'ok'} end

local now = math.floor(server_time())
try('ZADD', executions, seconds < 0 and '+inf' or now + seconds + LONGER, execution_id)
if seconds < 0 then redis.call('PERSIST', executions) else expire_after(executions, seconds + LONGER) end
try('ZADD', wip, how == 'beat' and 'XX' or 'CH', seconds < 0 and '+inf' or now + seconds, id .. ':' .. execution_id)
return {'ok'}
