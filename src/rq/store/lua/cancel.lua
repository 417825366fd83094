-- The job shall not run. A running attempt is fenced: its worker hears of it at the next heartbeat and ends it.
-- From: created | queued | scheduled | deferred | started
-- To: canceled
-- KEYS: 1 job hash, 2 canceled registry
-- ARGV: 1 id, 2 queue
-- Reply: {ok, former status} | {dup} (canceled already) | {terminal, status} | {gone} | {badtype}
-- Atomic: the job leaves its queue or registry and every execution of it ends in the same step.
-- include: try server_time dates leases places
local job = KEYS[1]
local id, queue = ARGV[1], ARGV[2]

local fields = try('HMGET', job, 'status', 'x_execution', 'origin', 'data', 'worker_name')
if not fields then return {'badtype'} end
if not fields[1] and not fields[4] then return {'gone'} end
local status = fields[1] or 'created'
if status == 'canceled' then return {'dup', status} end
if status == 'finished' or status == 'failed' or status == 'stopped' then return {'terminal', status} end

local now = server_time()
queue = fields[3] or queue  -- enqueued anew in another queue since the caller looked
for _, execution in ipairs(try('ZRANGE', executions_key(id), 0, 99) or {}) do
  local worker = try('HGET', execution_key(id, execution), 'worker_name')
  -- A superseded attempt may have come from another queue than the job's: its worker knows.
  local held_queue = worker and try('HGET', held_key(worker), 'held:' .. id .. ':' .. execution)
  end_lease(held_queue or queue, id, execution, worker)
end
if fields[2] then end_lease(queue, id, fields[2], fields[5]) end
leave_place(status, queue, id)
redis.call('HDEL', job, 'x_execution', 'x_stop')
redis.call('HSET', job, 'status', 'canceled')
if fields[2] then redis.call('HSET', job, 'x_last', fields[2] .. ':C') end
try('ZADD', canceled_key(queue), math.floor(now), id)
return {'ok', status}
