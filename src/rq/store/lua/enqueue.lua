-- Writes a job and puts it where it belongs: into its queue, or among the scheduled ones. For a job that waits for no other and belongs to no group; for the
-- rest, and for many at once, see enqueue_many.
-- From: no such job, or any state (the job starts over; a running attempt of it goes on, but its status no longer counts)
-- To: queued | scheduled
-- KEYS: 1 job hash, 2 queue list, 3 scheduled registry, 4 set of queues
-- ARGV: 1 id, 2 queue, 3 nonce of the call, 4 back | front | due time in seconds | +seconds from now, 5 ttl in seconds or '', 6 unique ('1' or ''),
--   7... field, value, ...
-- Reply: {ok, status, enqueued_at} | {dup, status} | {exists, status} | {badtype, the key that holds something else}
-- Atomic: nobody sees the job in two places or in none; sent again, the call changes nothing.
-- include: try server_time dates expiry enter_job
local job = {id = ARGV[1], queue = ARGV[2], nonce = ARGV[3], where = ARGV[4], ttl = ARGV[5], unique = ARGV[6], first = 7, last = #ARGV}
-- Most often there is nothing of this id, and nobody anywhere who is still to be told of an end: one command tells.
job.is_new = redis.call('EXISTS', KEYS[1], ended_key(job.id), releases_key()) == 0
if job.is_new then has_releases = false else job.note = try('GET', ended_key(job.id)) end
local refusal, old = check_entry(job)
if refusal then return refusal end
local now = server_time()
return enter_job(now, iso_date(now), job, old, redis.call)
