-- An attempt ended badly, or asked to be tried again: writes down how, and what becomes of the job; then, in the same call, may claim the next jobs.
-- From: started, owned by this execution
-- To: failed | stopped | queued (retried at once, or put back after a crash) | scheduled (retried later) | no such job (failure_ttl 0)
-- KEYS: 1 job hash, 2 the worker's side hash, 3 failed registry, 4 scheduled registry, 5 queue list
-- ARGV: 1 id, 2 execution, 3 queue, 4 worker, 5 failed | unrecorded (failed, without a result and an entry among the failed) | stopped | retried | asked (the
--   function returned a Retry) | exhausted (it did so once too often) | died, 6 exception (asked, exhausted: return value) as RQ stores it, 7 failure_ttl in seconds (negative: for ever), 8 reason for people,
--   9 retries left (asked: number of retries) before this attempt, 10 delay of the retry in seconds, 11 front | back, 12 most crashes,
--   13 what is to be delivered about a failure or '' (see deliver_later), 14 another job that the worker runs meanwhile or '', 15 how many arguments about the attempt follow, then these: field, value, ... of
--   its entry among the results; then a claim (see claim.lua)
-- Reply: {ok | dup | superseded | gone | fenced | badtype, new status or detail, reply of the claim or '', 'later' if some who wait for the job still
--   have to be told or ''}
-- Atomic: status, result, registry or queue, show_rest counters, lease and those who wait for the job change together; a retry is consumed once however often the call
--   is sent.
-- include: try server_time dates expiry leases owner places tell schedule promote_due start_job give_back open_queues claim_jobs results releases keep_job show_rest counters
-- include: place_again parents release_child dependents crash_job deliver_later
local job, failed = KEYS[1], KEYS[3]
local id, execution, queue, worker, kind, text, ttl, reason = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local expected, delay, front, most_crashes = ARGV[9], tonumber(ARGV[10]), ARGV[11] == 'front', tonumber(ARGV[12])
local beside, claim_at = ARGV[14], 16 + tonumber(ARGV[15])
local about = {unpack(ARGV, 16, claim_at - 1)}

-- kind of the attempt -> type of its result, field of the text, field that counts retries, and by how much a retry changes it.
local RESULT_TYPE = {retried = 4, asked = 4, exhausted = 5}
local TEXT_FIELD = {asked = 'return_value', exhausted = 'return_value'}
local COUNTER = {retried = 'retries_left', asked = 'number_of_retries'}
local STEP = {retried = -1, asked = 1}

local now, later = server_time(), ''

local function record_end(started_at, result_type, stream_ttl)
  record_result(now, id, result_type, worker, execution, started_at, stream_ttl, TEXT_FIELD[kind] or 'exc_string', text, unpack(about))
end

local function retry(started_at)
  record_end(started_at, RESULT_TYPE[kind], nil)
  redis.call('HSET', job, COUNTER[kind], tonumber(expected) + STEP[kind], 'ended_at', iso_date(now), 'x_last', execution .. ':R')
  return place_again(now, queue, id, delay, front)
end

local function set_failed(started_at, status, enqueue_nonce)
  later = release_dependents(now, id, status)
  if status == 'failed' then deliver_later(now, execution, ARGV[13]) end
  if ttl == 0 then
    delete_job(id, execution .. ':F', enqueue_nonce)
    return status
  end
  if kind ~= 'unrecorded' then record_end(started_at, RESULT_TYPE[kind] == 5 and 5 or 2, ttl) end
  redis.call('HSET', job, 'status', status, 'ended_at', iso_date(now), 'x_last', execution .. ':F', 'x_reason', reason)
  keep_job(now, id, kind ~= 'unrecorded' and failed, ttl, -1)
  return status
end

-- The request to stop says who asked (see stop.lua).
local function name_stopper(request)
  local is_named = request and string.sub(request, 1, #execution + 1) == execution .. ' '
  if is_named then reason = 'stopped by ' .. string.sub(request, #execution + 2) end
  table.insert(about, 'x_reason')
  table.insert(about, reason)
end

local function end_attempt(fields, started_at)
  if kind == 'died' then
    local code = crash_job(now, queue, id, execution, started_at, {letter = 'D', most = most_crashes, reason = reason, exc = text, failure_ttl = ttl,
      about = about})
    if code == 'failed' then
      deliver_later(now, execution, ARGV[13])
      later = is_being_released(id) and 'later' or ''
    end
    return code == 'requeued' and 'queued' or code
  end
  redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_crashes')
  if kind == 'stopped' then
    name_stopper(fields[7])
    return set_failed(started_at, 'stopped', fields[4])
  end
  local counted = {retried = fields[5] or '', asked = fields[6] or '0'}
  if counted[kind] == expected then return retry(started_at) end
  return set_failed(started_at, 'failed', fields[4])
end

local code, fields = check_owner(queue, id, execution, 'x_enqueue', 'retries_left', 'number_of_retries', 'x_stop')
local detail = fields
if code == 'owner' or code == 'superseded' or code == 'gone' then
  local started_at = try('HGET', execution_key(id, execution), 'created_at')
  end_lease(queue, id, execution, worker)
  if code == 'owner' then
    code, detail = 'ok', end_attempt(fields, started_at)
  elseif code == 'superseded' and kind ~= 'died' and kind ~= 'unrecorded' then
    record_end(started_at, RESULT_TYPE[kind] == 5 and 5 or 2, nil)
  end
  count_attempt(now, worker, 'failed_job_count', started_at, beside)
end
return {code, detail, ARGV[claim_at] and claim_jobs(now, read_claim(claim_at)) or '', later}
