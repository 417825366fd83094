-- Takes waiting jobs for a worker's free places, from its queues in order, after promoting what is due.
-- From: queued (created, if somebody pushed such an id by hand)
-- To: started, under a lease
-- KEYS: 1 the worker's side hash, 2... the queue lists, then the lists of ids that were caught from them
-- ARGV: 1 always | woken (left at the server by a worker that waits; it looks into the queues, too: another claim may have given back what was caught),
--   2 worker, 3 incarnation, 4 sequence, 5 lease in seconds, 6 places, then that many execution ids, then the queue names
-- Reply: {ok | replay | stale | suspended | unknown | idle | busy, jobs, milliseconds until the next job is due or '', ids given back, those of the queues
--   that are paused, of suspended: 1 if everything is, of a woken claim: its number (else 0); of busy: that of the last one}; see claim_jobs
-- Atomic: a job is in the queue or started by exactly one execution; a stray or unreadable id is taken out and never stops the others.
if ARGV[1] == 'woken' and redis.call('EXISTS', unpack(KEYS, 2)) == 0 then return {'idle', {}, '', 0} end
-- include: try server_time dates leases start_job give_back open_queues claim_jobs
local claim = read_claim(2)
claim.is_woken = ARGV[1] == 'woken'
return claim_jobs(server_time(), claim)
