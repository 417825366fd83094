-- Registers a worker under its name, or refuses because the name's owner lives. A dead owner is replaced; what it had goes back first.
-- From: no such worker | dead
-- To: registered
-- KEYS: 1 presence of workers, 2 the worker's side hash, 3 worker hash, 4 set of workers
-- ARGV: 1 worker, 2 incarnation, 3 lease in seconds, 4 ttl of the worker hash in seconds, 5 incarnation that may be replaced though its lease runs, or '',
--   6 most crashes, 7 reason for people, 8 exception as RQ stores it, 9 failure_ttl, 10 number of queues, then the queue names, then field, value, ...
-- Reply: {ok, birth date, reclaimed (flat: queue, id, requeued | failed)} | {taken, incarnation or '', hostname, pid, process start}
-- Atomic: two workers cannot both get the name; sent again, the call registers the same worker again and takes nothing from it.
-- include: try server_time dates expiry leases places tell schedule results releases keep_job parents release_child dependents crash_job give_back worker_gone
-- include: reclaim_held
local presence, held, worker_hash, workers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local worker, incarnation, lease, ttl, replaceable = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local policy = {letter = 'A', most = tonumber(ARGV[6]), reason = ARGV[7], exc = ARGV[8], failure_ttl = tonumber(ARGV[9])}

local now = server_time()
local owner = try('HGET', held, 'incarnation')
if owner == nil then redis.call('DEL', held) end
local alive_until = tonumber(try('ZSCORE', presence, worker) or '')
local registered = try('HMGET', worker_hash, 'birth', 'death', 'hostname', 'pid', 'x_process_start', 'x_incarnation')
if not registered then redis.call('DEL', worker_hash) end
registered = registered or {}
local is_known = registered[1] and not registered[2]
local is_alive = owner and alive_until and alive_until > now
if is_known then owner = owner or registered[6] end  -- somebody deleted the side hash: the name's owner is still its owner
local reclaimed = {}
if owner ~= incarnation then
  local replace = (owner and owner == replaceable) or (alive_until and alive_until <= now)
  if (is_known or is_alive) and not replace then
    return {'taken', owner or '', registered[3] or '', registered[4] or '', registered[5] or ''}
  end
  local given_back, queues
  try('ZREM', presence, worker)
  reclaimed, given_back, queues = reclaim_all_held(now, worker, policy)
  unregister_worker(now, worker, queues)
end

local date = iso_date(now)
redis.call('DEL', owner ~= incarnation and worker_hash or nothing_key())  -- a first write that is never refused for lack of memory
local first_field = 11 + tonumber(ARGV[10])
redis.call('HSET', held, 'incarnation', incarnation, 'lease', lease)
try('SADD', workers, worker_hash)
for i = 11, first_field - 1 do
  redis.call('HSET', held, 'queue:' .. (i - 10), ARGV[i])
  try('SADD', queue_workers_key(ARGV[i]), worker_hash)
end
redis.call('HSET', worker_hash, 'birth', date, 'last_heartbeat', date, 'x_incarnation', incarnation, unpack(ARGV, first_field))
redis.call('EXPIRE', worker_hash, ttl)
try('ZADD', presence, now + tonumber(lease), worker)
return {'ok', date, reclaimed}
