-- Puts a job that ended, or that waits for its time or for others, into its queue, as if it had just been enqueued. Retries that are left stay as they are.
-- From: failed | stopped | canceled | finished | scheduled | deferred
-- To: queued
-- KEYS: 1 job hash, 2 the registry that names the job, 3 set of queues
-- ARGV: 1 id, 2 queue of the registry, 3 nonce of the call, 4 back | front, 5 kind of the registry
-- Reply: {ok, queued, enqueued_at} | {dup, status} | {absent, status} (the registry does not name it) | {refused, status} | {gone, ''} | {badtype, key}
-- Atomic: the job is in the registry or in its queue, never in both or in none; sent again, the call changes nothing.
-- include: try server_time dates expiry places leave_place come_and_gone
local job, registry = KEYS[1], KEYS[2]
local id, queue, nonce, front = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == 'front'
local ENDED_BADLY = {failed = true, stopped = true, canceled = true}
local ACCEPTED = {failed = ENDED_BADLY, canceled = ENDED_BADLY, finished = {finished = true}, scheduled = {scheduled = true}, deferred = {deferred = true}}

local fields = try('HMGET', job, 'status', 'data', 'x_enqueue', 'origin', 'x_generation', 'ttl')
if not fields then return {'badtype', job} end
if not fields[2] then return is_of_call(try('GET', ended_key(id)), nonce) and {'dup', 'finished'} or {'gone', ''} end
local status = fields[1] or 'created'
if fields[3] == nonce then return {'dup', status} end
if not try('ZSCORE', registry, id) then return {'absent', status} end
if not (ACCEPTED[ARGV[5]] or {})[status] then return {'refused', status} end

if fields[4] and fields[4] ~= '' then queue = fields[4] end
if not try('LLEN', queue_key(queue)) then return {'badtype', queue_key(queue)} end
local date = iso_date(server_time())
redis.call('SADD', KEYS[3], queue_key(queue))
redis.call('ZREM', registry, id)
leave_place(status, queue, id)
redis.call('DEL', pending_key(id))
try('HDEL', releases_key(), id)  -- whoever was still to be told how it ended waits for the end to come
redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_crashes', 'x_reason', 'x_due', 'exc_info')
redis.call('HSET', job, 'status', 'queued', 'enqueued_at', date, 'started_at', '', 'ended_at', '', 'origin', queue,
  'x_enqueue', nonce, 'x_generation', (tonumber(fields[5] or '0') or 0) + 1)
-- An ended job was to expire; one that waits expires only if it was given a time to wait.
local ttl = tonumber(fields[6] or '') or 0
if ttl > 0 then expire_after(job, ttl) else redis.call('PERSIST', job) end
redis.call('PERSIST', dependents_key(id))
redis.call('PERSIST', dependencies_key(id))
push_id(queue, id, front)
return {'ok', 'queued', date}
