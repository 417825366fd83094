-- Takes waiting jobs for a worker's free places, from its queues in order, after promoting what is due.
-- From: queued (created, if somebody pushed such an id by hand)
-- To: started, under a lease
-- KEYS: 1 the worker's side hash, 2... the queue lists
-- ARGV: 1 worker, 2 incarnation, 3 sequence, 4 lease in seconds, 5 places, then that many execution ids, then the queue names
-- Reply: {ok | replay | stale | suspended | unknown, jobs, milliseconds until the next job is due or '', ids given back}
-- Atomic: a job is in the queue or started by exactly one execution; a stray or unreadable id is taken out and never stops the others.
-- include: try server_time dates leases places promote_due start_job give_back claim_jobs
return claim_jobs(server_time(), read_claim(1))
