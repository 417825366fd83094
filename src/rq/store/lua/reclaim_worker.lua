-- Takes back everything a dead worker had: the jobs it ran, and what was caught from its queues, by whomever.
-- From: started, held by this worker
-- To: queued (at the head), or failed after too many crashes, or no such job (failure_ttl 0)
-- KEYS: 1 presence of workers, 2 the worker's side hash, 3 worker hash
-- ARGV: 1 worker, 2 its incarnation or '', 3 expired | dead (dead: the caller saw the process end), 4 most crashes, 5 reason for people,
--   6 exception as RQ stores it, 7 failure_ttl in seconds
-- Reply: {ok, reclaimed (flat: queue, id, requeued | failed), ids given back} | {alive} | {gone}
-- Atomic: the worker is unregistered in the same step, so that its late messages find nothing that is theirs.
-- include: try number server_time dates expiry leases places tell schedule results releases keep_job parents release_child dependents crash_job give_back worker_gone
-- include: reclaim_held
local presence, held = KEYS[1], KEYS[2]
local worker, incarnation, evidence = ARGV[1], ARGV[2], ARGV[3]
local policy = {letter = 'A', most = tonumber(ARGV[4]), reason = ARGV[5], exc = ARGV[6], failure_ttl = tonumber(ARGV[7])}

local now = server_time()
local alive_until = tonumber(try('ZSCORE', presence, worker) or '')
local side = try('HMGET', held, 'incarnation', 'lease') or {}
local owner, lease = side[1], number_of(side[2]) or math.huge
if not alive_until and not owner then return {'gone'} end
if incarnation ~= '' and owner and owner ~= incarnation then return {'gone'} end
if evidence ~= 'dead' and alive_until and alive_until > now and alive_until <= now + lease then return {'alive'} end
try('ZREM', presence, worker)
local reclaimed, given_back, queues = reclaim_all_held(now, worker, policy)
unregister_worker(now, worker, queues)
return {'ok', reclaimed, given_back}
