-- An attempt ended badly: writes down how, and what becomes of the job; then, in the same call, may claim the next jobs.
-- From: started, owned by this execution
-- To: failed | stopped | queued (retried at once, or put back after a crash) | scheduled (retried later) | no such job (failure_ttl 0)
-- KEYS: 1 job hash, 2 the worker's side hash, 3 failed registry, 4 scheduled registry, 5 queue list
-- ARGV: 1 id, 2 execution, 3 queue, 4 worker, 5 failed | stopped | retried | died, 6 exception as RQ stores it, 7 failure_ttl in seconds (negative: for ever),
--   8 reason for people, 9 retries left before this attempt, 10 delay of the retry in seconds, 11 front | back, 12 most crashes, 13... a claim (see claim.lua)
-- Reply: {ok | dup | superseded | gone | fenced | badtype, new status or detail, reply of the claim or nothing}
-- Atomic: status, result, registry or queue, counters and lease change together; a retry is consumed once however often the call is sent.
-- include: try server_time dates expiry leases owner places promote_due start_job give_back claim_jobs results keep_job counters crash_job
local job, failed, scheduled = KEYS[1], KEYS[3], KEYS[4]
local id, execution, queue, worker, kind, exc, ttl, reason = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local expected_retries, delay, front, most_crashes = ARGV[9], tonumber(ARGV[10]), ARGV[11] == 'front', tonumber(ARGV[12])

local now = server_time()

local function retry(started_at)
  record_result(now, id, 4, worker, execution, started_at, nil, 'exc_string', exc)
  redis.call('HSET', job, 'retries_left', tonumber(expected_retries) - 1, 'ended_at', iso_date(now), 'x_last', execution .. ':R')
  if delay > 0 then
    redis.call('HSET', job, 'status', 'scheduled')
    if not try('ZADD', scheduled, now + delay, id) then set_aside(queue, id, 'its registry of scheduled jobs is not a sorted set') end
    return 'scheduled'
  end
  redis.call('HSET', job, 'status', 'queued', 'enqueued_at', iso_date(now))
  push_id(queue, id, front)
  return 'queued'
end

local function set_failed(started_at, status, enqueue_nonce)
  if ttl == 0 then
    delete_job(id, execution .. ':F', enqueue_nonce)
    return status
  end
  record_result(now, id, 2, worker, execution, started_at, ttl, 'exc_string', exc)
  redis.call('HSET', job, 'status', status, 'ended_at', iso_date(now), 'x_last', execution .. ':F', 'x_reason', reason)
  keep_job(now, id, failed, ttl, -1)
  return status
end

local function end_attempt(fields, started_at)
  if kind == 'died' then
    local code = crash_job(now, queue, id, execution, started_at, {letter = 'D', most = most_crashes, reason = reason, exc = exc, failure_ttl = ttl})
    return code == 'requeued' and 'queued' or code
  end
  redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_crashes')
  if kind == 'stopped' then return set_failed(started_at, 'stopped', fields[4]) end
  if kind == 'retried' and fields[5] == expected_retries then return retry(started_at) end
  return set_failed(started_at, 'failed', fields[4])
end

local code, fields = check_owner(queue, id, execution, 'x_enqueue', 'retries_left')
local detail = fields
if code == 'owner' or code == 'superseded' or code == 'gone' then
  local started_at = try('HGET', execution_key(id, execution), 'created_at')
  end_lease(queue, id, execution, worker)
  if code == 'owner' then
    code, detail = 'ok', end_attempt(fields, started_at)
  elseif code == 'superseded' and kind ~= 'died' then
    record_result(now, id, 2, worker, execution, started_at, nil, 'exc_string', exc)
  end
  count_attempt(now, worker, 'failed_job_count', started_at)
end
if ARGV[13] then return {code, detail, claim_jobs(now, read_claim(13))} end
return {code, detail}
