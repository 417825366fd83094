-- A job that depends on others enters: it waits for those that have not ended, or ends at once if one of them ended badly and it is to share its fate.
local function field_of(job, name)
  for i = job.first, job.last, 2 do
    if ARGV[i] == name then return ARGV[i + 1] end
  end
end

-- Answers what is to become of the job (met | wait | cancel | fail), the parent that decided it, those it waits for (id, whether it ended already), and
-- those that exist.
local function judge_parents(job)
  local allows_failure, policies = field_of(job, 'allow_dependency_failures') == '1', field_of(job, 'x_on_parent_failure')
  local answer, because, awaited, existing = 'met', nil, {}, {}
  for i = job.first_parent, job.last_parent do
    local parent = ARGV[i]
    local ended = status_of(parent)
    local verdict = verdict_on(parent, ended, allows_failure, policies)
    if ended ~= 'gone' then existing[#existing + 1] = parent end
    if verdict == 'wait' then awaited[#awaited + 1] = {id = parent, has_ended = BADLY_ENDED[ended]} end
    if verdict ~= 'met' and answer ~= 'cancel' and answer ~= 'fail' then
      answer, because = verdict, parent
    end
  end
  return answer, because, awaited, existing
end

local function defer_job(now, job, old, awaited, existing)
  write_job(job, old, '', 'deferred')
  if not job.is_due then redis.call('HSET', job_key(job.id), 'x_due', due_time(now, job.where)) end
  redis.call('ZADD', deferred_key(job.queue), math.floor(now), job.id)
  redis.call('DEL', pending_key(job.id), dependencies_key(job.id))  -- an earlier job of this id may have expired while it waited
  for _, parent in ipairs(existing) do try('SADD', dependencies_key(job.id), parent) end
  for _, parent in ipairs(awaited) do
    redis.call('SADD', pending_key(job.id), parent.id)
    try('SADD', dependents_key(parent.id), job.id)
    if parent.has_ended then keep_dependents_as_long_as(parent.id) end
  end
  expire_after(pending_key(job.id), PENDING_SECONDS)
end

local function enter_dependent(now, date, job, old, push)
  if not try('ZCARD', deferred_key(job.queue)) then return {'badtype', deferred_key(job.queue)} end
  local cycle = find_cycle(job)
  if cycle then return {cycle, ''} end
  local verdict, because, awaited, existing = judge_parents(job)
  if verdict == 'met' then return enter_job(now, date, job, old, push) end
  defer_job(now, job, old, awaited, existing)
  if verdict ~= 'wait' then carry_out(now, job.id, read_child(job.id), verdict, because) end
  return {'ok', try('HGET', job_key(job.id), 'status') or 'failed', ''}
end
