-- The attempt that runs now shall end, and the job with it. Its worker is told at once over its channel, and at the latest by its next heartbeat.
-- From: started
-- To: started, until its worker has ended the attempt
-- KEYS: 1 job hash
-- ARGV: 1 id, 2 the command as RQ's workers read it, 3 who asks
-- Reply: {ok, worker} | {idle, status} (it does not run) | {gone} | {badtype}
-- Atomic: the request names the attempt that runs at this moment, and ends no later one; and who asked.
-- include: try tell
local fields = try('HMGET', KEYS[1], 'status', 'x_execution', 'worker_name', 'data')
if not fields then return {'badtype'} end
if not fields[4] then return {'gone'} end
if fields[1] ~= 'started' or not fields[3] or fields[3] == '' then return {'idle', fields[1] or 'created'} end
redis.call('HDEL', KEYS[1], 'x_stop')
if fields[2] then redis.call('HSET', KEYS[1], 'x_stop', fields[2] .. ' ' .. ARGV[3]) end
tell(commands_key(fields[3]), ARGV[2])
return {'ok', fields[3]}
