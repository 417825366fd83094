-- A job enters the system, or starts over. `job` holds: id, queue, nonce (names the call), where (back | front | due time in seconds | +seconds from now), ttl
-- ('' for none), unique ('1': only if there is no job of this id), fields (flat: name, value, ...).

-- Answers nothing but what is known of an earlier job of this id; or first why the job does not enter: {dup, status} | {exists, status} | {badtype, key}.
local function check_entry(job)
  local key = job_key(job.id)
  local old = try('HMGET', key, 'x_enqueue', 'status', 'x_attempt', 'x_generation', 'origin')
  if not old then return {'badtype', key} end
  if old[1] == job.nonce then return {'dup', old[2]} end
  if not old[2] then
    local note = try('GET', ended_key(job.id))
    if note and string.sub(note, -#job.nonce - 1) == ' ' .. job.nonce then return {'dup', 'finished'} end
  end
  if job.unique == '1' and redis.call('EXISTS', key) == 1 then return {'exists', old[2] or 'created'} end
  job.is_due = job.where == 'back' or job.where == 'front'
  if job.is_due and not try('LLEN', queue_key(job.queue)) then return {'badtype', queue_key(job.queue)} end
  if not job.is_due and not try('ZCARD', scheduled_key(job.queue)) then return {'badtype', scheduled_key(job.queue)} end
  return nil, old
end

-- Writes the hash. An earlier job of this id leaves its place; its number of attempts stays, because it is a fencing number.
local function write_job(job, old, date, status)
  local key = job_key(job.id)
  redis.call('SADD', queues_key(), queue_key(job.queue))
  if old[2] then
    leave_place(old[2], old[5] or job.queue, job.id)
    redis.call('DEL', key, pending_key(job.id), dependencies_key(job.id))
    redis.call('PERSIST', dependents_key(job.id))  -- those who wait for an ended job were to be forgotten with it
  end
  local fields = {'x_enqueue', job.nonce, 'x_generation', (tonumber(old[4] or '0') or 0) + 1, 'status', status}
  if old[3] then
    fields[7], fields[8] = 'x_attempt', old[3]
  end
  for _, part in ipairs(job.fields) do fields[#fields + 1] = part end
  if status == 'queued' then
    fields[#fields + 1] = 'enqueued_at'
    fields[#fields + 1] = date
  end
  redis.call('HSET', key, unpack(fields))
  if job.ttl ~= '' then expire_after(key, tonumber(job.ttl)) end
end

local function due_time(now, where)
  return string.sub(where, 1, 1) == '+' and seconds_text(now + tonumber(where)) or where
end

-- Writes the job and puts it into its queue or among the scheduled ones. Answers {ok, status, the moment as a date}.
local function enter_job(now, job, old)
  local date = iso_date(now)
  local status = job.is_due and 'queued' or 'scheduled'
  write_job(job, old, date, status)
  if job.is_due then
    redis.call(job.where == 'front' and 'LPUSH' or 'RPUSH', queue_key(job.queue), job.id)
  else
    redis.call('ZADD', scheduled_key(job.queue), due_time(now, job.where), job.id)
  end
  return {'ok', status, date}
end
