-- The function returned: writes the result, ends the attempt, and lets go on who waited for the job; then, in the same call, may claim the next jobs.
-- From: started, owned by this execution
-- To: finished, or no such job (result_ttl 0); queued | scheduled (the job is to be repeated)
-- KEYS: 1 job hash, 2 the worker's side hash, 3 finished registry
-- ARGV: 1 id, 2 execution, 3 queue, 4 worker, 5 return value as RQ stores it or '', 6 result_ttl in seconds (negative: for ever),
--   7 seconds until the job is repeated or '', 8 what is to be delivered about the outcome or '' (see deliver_later), 9 another job that
--   the worker runs meanwhile or '', 10 how many arguments about the attempt follow, then these: field, value, ... of its entry among the results; then a claim (see claim.lua)
-- Reply: {ok | dup | superseded | gone | fenced | badtype, detail, reply of the claim or '', 'later' if some who wait for the job still
--   have to be told or ''}
-- Atomic: status, result, registry, show_rest counters and lease change together; sent again, nothing is counted twice and the claim gives the same jobs.
-- include: try server_time dates expiry leases owner start_job give_back open_queues claim_jobs results releases keep_job show_rest counters dependents deliver_later
local job, finished = KEYS[1], KEYS[3]
local id, execution, queue, worker, value, ttl, delay = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local beside, claim_at = ARGV[9], 11 + tonumber(ARGV[10])

local now = server_time()

-- The job stays as long as it is repeated, and its hash tells how often it was.
local function repeat_job()
  -- include: places tell schedule place_again
  try('HINCRBY', job, 'x_repeats_done', 1)
  redis.call('HSET', job, 'ended_at', iso_date(now), 'x_last', execution .. ':S')
  return place_again(now, queue, id, delay, false)
end

local function end_job(enqueue_nonce)
  if ttl == 0 then
    delete_job(id, execution .. ':S', enqueue_nonce)
  else
    redis.call('HSET', job, 'status', 'finished', 'ended_at', iso_date(now), 'x_last', execution .. ':S')
    keep_job(now, id, finished, ttl, '+inf')
  end
  return 'finished'
end

local code, fields = check_owner(queue, id, execution, 'x_enqueue', 'repeats_left')
local detail, later = fields, ''
if code == 'owner' or code == 'superseded' or code == 'gone' then
  local started_at = try('HGET', execution_key(id, execution), 'created_at')
  end_lease(queue, id, execution, worker)
  if code ~= 'gone' and ttl ~= 0 then
    local stream_ttl = code == 'owner' and ttl or nil
    if value == '' then
      record_result(now, id, 1, worker, execution, started_at, stream_ttl, unpack(ARGV, 11, claim_at - 1))
    else
      record_result(now, id, 1, worker, execution, started_at, stream_ttl, 'return_value', value, unpack(ARGV, 11, claim_at - 1))
    end
  end
  if code == 'owner' then
    redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_crashes', 'x_reason')
    later = release_dependents(now, id, 'finished')
    deliver_later(now, execution, ARGV[8])
    local is_repeated = delay and (tonumber(fields[5] or '') or 0) > 0 and try('HINCRBY', job, 'repeats_left', -1)
    code, detail = 'ok', is_repeated and repeat_job() or end_job(fields[4])
  end
  count_attempt(now, worker, 'successful_job_count', started_at, beside)
end
return {code, detail, ARGV[claim_at] and claim_jobs(now, read_claim(claim_at)) or '', later}
