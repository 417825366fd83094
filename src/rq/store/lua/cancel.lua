-- The job shall not run. A running attempt is fenced: its worker hears of it at the next heartbeat and ends it.
-- From: created | queued | scheduled | deferred | started
-- To: canceled
-- KEYS: 1 job hash, 2 canceled registry
-- ARGV: 1 id, 2 queue, 3 '1': those who wait for the job go on as if it had finished, 4 '1': it waits for nothing any more (for readers; it never does)
-- Reply: {ok, former status, 'later' if some who wait for the job still have to be told or ''} | {dup} (canceled already) | {terminal, status} | {gone} | {badtype}
-- Atomic: the job leaves its queue or registry, every execution of it ends, and those who wait for it hear of it, in the same step.
-- include: try server_time dates expiry leases places leave_place tell schedule results releases keep_job end_executions parents release_child dependents
local job = KEYS[1]
local id, queue, lets_go_on, forgets_parents = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4] == '1'

local fields = try('HMGET', job, 'status', 'x_execution', 'origin', 'data', 'worker_name')
if not fields then return {'badtype'} end
if not fields[1] and not fields[4] then return {'gone'} end
local status = fields[1] or 'created'
if status == 'canceled' then return {'dup', status} end
if status == 'finished' or status == 'failed' or status == 'stopped' then return {'terminal', status} end

local now = server_time()
if fields[3] and fields[3] ~= '' then queue = fields[3] end  -- enqueued anew in another queue since the caller looked
redis.call('DEL', pending_key(id))
end_executions(id, queue, fields[2], fields[5])
leave_place(status, queue, id)
redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_due')
redis.call('HSET', job, 'status', 'canceled')
if fields[2] then redis.call('HSET', job, 'x_last', fields[2] .. ':C') end
try('ZADD', canceled_key(queue), math.floor(now), id)
if forgets_parents then forget_parents(id) end
return {'ok', status, release_dependents(now, id, lets_go_on and 'finished' or 'canceled')}
