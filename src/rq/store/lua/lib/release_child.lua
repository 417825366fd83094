-- A deferred job goes on: into its queue, or among the scheduled ones if it is due later; or it ends with the parent that it waited for.
-- include: number
local function start_child(now, id, fields)
  local queue, due = fields.origin, tonumber(fields.due or '')
  try('ZREM', deferred_key(queue), id)
  redis.call('DEL', pending_key(id))
  redis.call('HDEL', job_key(id), 'x_due')
  if due and due > now then
    schedule_again(now, queue, id, due)
    return
  end
  redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', iso_date(now))
  push_id(queue, id, fields.at_front)
end

-- `how` is 'cancel' or 'fail'. Those who wait for this job in turn hear of it in a later call: a chain may be long.
local function end_child(now, id, fields, how, parent)
  local queue, job = fields.origin, job_key(id)
  local status = how == 'cancel' and 'canceled' or 'failed'
  local reason = 'job ' .. parent .. ', which it waits for, ended without success'
  try('ZREM', deferred_key(queue), id)
  redis.call('DEL', pending_key(id))
  redis.call('HDEL', job, 'x_due')
  redis.call('HSET', job, 'status', status, 'ended_at', iso_date(now), 'x_reason', reason)
  release_later(id, status)
  if status == 'canceled' then
    try('ZADD', canceled_key(queue), math.floor(now), id)
    return
  end
  local ttl = number_of(fields.failure_ttl) or DEFAULT_FAILURE_TTL
  if ttl == 0 then return delete_job(id, '', fields.nonce) end
  record_result(now, id, 2, '', '', nil, ttl, 'exc_string', DEPENDENCY_FAILED, 'x_reason', reason)
  keep_job(now, id, failed_key(queue), ttl, -1)
end

local function read_child(id)
  local fields = try('HMGET', job_key(id), 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front', 'x_on_parent_failure', 'failure_ttl', 'x_due',
    'x_enqueue')
  if not fields or fields[1] ~= 'deferred' then return nil end
  return {
    origin = fields[2] or '', allows_failure = fields[3] == '1', at_front = fields[4] == '1', policies = fields[5], failure_ttl = fields[6], due = fields[7],
    nonce = fields[8],
  }
end

local function carry_out(now, id, fields, verdict, parent)
  if verdict == 'met' then
    start_child(now, id, fields)
  elseif verdict ~= 'wait' then
    end_child(now, id, fields, verdict, parent)
  end
  return verdict
end

-- A parent ended: what that means for one child. A child that waits for something else, or for nothing any more, leaves the parent's set; one that may
-- still hope (a failed parent can be requeued) stays in it. Answers whether the child went on.
local function release_child(now, parent, ended, id)
  local fields = read_child(id)
  if not fields then
    try('SREM', dependents_key(parent), id)
    return false
  end
  local verdict = verdict_on(parent, ended, fields.allows_failure, fields.policies)
  if verdict == 'wait' then return false end
  try('SREM', dependents_key(parent), id)
  if verdict == 'met' then
    find_pending(id)
    try('SREM', pending_key(id), parent)
    verdict, parent = look_at_parents(id, fields.allows_failure, fields.policies)
  end
  return carry_out(now, id, fields, verdict, parent) ~= 'wait'
end
