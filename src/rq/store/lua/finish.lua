-- The function returned: writes the result and ends the attempt; then, in the same call, may claim the next jobs.
-- From: started, owned by this execution
-- To: finished, or no such job (result_ttl 0)
-- KEYS: 1 job hash, 2 the worker's side hash, 3 finished registry
-- ARGV: 1 id, 2 execution, 3 queue, 4 worker, 5 return value as RQ stores it or '', 6 result_ttl in seconds (negative: for ever), 7... a claim (see claim.lua)
-- Reply: {ok | dup | superseded | gone | fenced | badtype, detail, reply of the claim or nothing}
-- Atomic: status, result, registry, counters and lease change together; sent again, nothing is counted twice and the claim gives the same jobs.
-- include: try server_time dates expiry leases owner places promote_due start_job give_back claim_jobs results keep_job counters
local job, finished = KEYS[1], KEYS[3]
local id, execution, queue, worker, value, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])

local now = server_time()
local code, fields = check_owner(queue, id, execution, 'x_enqueue')
local detail = fields
if code == 'owner' or code == 'superseded' or code == 'gone' then
  local started_at = try('HGET', execution_key(id, execution), 'created_at')
  end_lease(queue, id, execution, worker)
  if code ~= 'gone' and ttl ~= 0 then
    local stream_ttl = code == 'owner' and ttl or nil
    if value == '' then
      record_result(now, id, 1, worker, execution, started_at, stream_ttl)
    else
      record_result(now, id, 1, worker, execution, started_at, stream_ttl, 'return_value', value)
    end
  end
  if code == 'owner' then
    code, detail = 'ok', 'finished'
    if ttl == 0 then
      delete_job(id, execution .. ':S', fields[4])
    else
      redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_crashes', 'x_reason')
      redis.call('HSET', job, 'status', 'finished', 'ended_at', iso_date(now), 'x_last', execution .. ':S')
      keep_job(now, id, finished, ttl, '+inf')
    end
  end
  count_attempt(now, worker, 'successful_job_count', started_at)
end
if ARGV[7] then return {code, detail, claim_jobs(now, read_claim(7))} end
return {code, detail}
