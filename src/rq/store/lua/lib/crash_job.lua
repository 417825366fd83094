-- An attempt ended without an outcome: its worker or its process died. That is no failure of the job: it goes back to the head of its queue; only after
-- `policy.most` such ends it is set aside as failed. The lease must have been ended. policy: most, reason, exc (as RQ stores an exception), failure_ttl,
-- letter (D if the attempt's own worker says so, A if it was taken back; see owner), about (what else is known of the attempt: field, value, ...; or nil).
-- Answers 'requeued', 'failed', or 'dropped' if the attempt did not own the job any more.
--
-- One of our attempts that the job still names was the run. An RQ worker's carries no x_execution (or a stale one, whose lease is gone): it was the run if
-- no other execution of an RQ worker lives; ours that the job does not name are superseded and do not count. An RQ worker that died between preparing an
-- execution and starting it leaves a job that is queued and in no list.
local function is_superseded(id, execution)
  local worker = try('HGET', execution_key(id, execution), 'worker_name')
  return worker and try('HEXISTS', held_key(worker), 'held:' .. id .. ':' .. execution) == 1
end

local function was_the_run(now, queue, id, execution, fields)
  local owner, status, origin = fields[1], fields[2], fields[6]
  if origin and origin ~= '' and origin ~= queue then return false end
  if status == 'queued' then
    return not try('LPOS', queue_key(queue), id, 'MAXLEN', LONGEST_SEARCH) and not try('LPOS', intermediate_key(queue), id, 'MAXLEN', LONGEST_SEARCH)
  end
  if owner and owner ~= execution and try('ZSCORE', wip_key(queue), id .. ':' .. owner) then return false end
  if status ~= 'started' or owner == execution then return status == 'started' end
  for _, other in ipairs(try('ZRANGE', executions_key(id), 0, 99) or {}) do
    local score = try('ZSCORE', wip_key(queue), id .. ':' .. other)
    if score and tonumber(score) > now and not is_superseded(id, other) then return false end
  end
  return true
end

-- Which worker is gone, where it was, and when it was last heard of, as the end of a sentence for people. Its hash may have expired before its lease did. Of
-- what it says of itself its heartbeats alone are signs of life; the job knows when it was given to the worker.
local function later_date(one, other)
  if not other or not string.match(other, '^%d%d%d%d%-%d%d%-%d%dT[%d:.]+Z$') then return one end
  return (not one or other > one) and other or one
end

local function last_seen(worker, job_heartbeat)
  local seen = try('HMGET', worker_key(worker), 'hostname', 'pid', 'last_heartbeat') or {}
  local heard = later_date(seen[3], job_heartbeat)
  local words = worker
  if seen[1] then words = words .. ' on ' .. seen[1] end
  if seen[2] then words = words .. ', pid ' .. seen[2] end
  if heard then words = words .. ', last heard of at ' .. heard end
  return ' (' .. words .. ')'
end

local function crash_job(now, queue, id, execution, started_at, policy)
  local job = job_key(id)
  local fields = try('HMGET', job, 'x_execution', 'status', 'worker_name', 'failure_ttl', 'x_enqueue', 'origin', 'last_heartbeat')
  if not fields then set_aside(queue, id, 'not a hash') end
  if not fields or not was_the_run(now, queue, id, execution, fields) then return 'dropped' end
  local reason = policy.reason
  if policy.letter == 'A' and fields[3] and fields[3] ~= '' then reason = reason .. last_seen(fields[3], fields[7]) end
  redis.call('HDEL', job, 'x_execution', 'x_stop')
  local crashes = try('HINCRBY', job, 'x_crashes', 1) or policy.most + 1
  if crashes <= policy.most then
    record_result(now, id, 4, fields[3], execution, started_at, nil, 'x_reason', reason, unpack(policy.about or {}))
    redis.call('HSET', job, 'status', 'queued', 'x_last', execution .. ':' .. policy.letter, 'x_reason', reason)
    push_id(queue, id, true)
    return 'requeued'
  end
  local ttl = tonumber(fields[4] or '') or policy.failure_ttl
  release_dependents(now, id, 'failed')
  if ttl == 0 then
    delete_job(id, execution .. ':' .. policy.letter, fields[5])
    return 'failed'
  end
  redis.call('HSET', job, 'status', 'failed', 'ended_at', iso_date(now), 'x_last', execution .. ':' .. policy.letter, 'x_reason', reason)
  record_result(now, id, 2, fields[3], execution, started_at, ttl, 'exc_string', policy.exc, 'x_reason', reason, unpack(policy.about or {}))
  keep_job(now, id, failed_key(queue), ttl, -1)
  return 'failed'
end
