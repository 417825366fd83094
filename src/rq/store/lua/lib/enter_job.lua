-- A job enters the system, or starts over. `job` holds: id, queue, nonce (names the call), where (back | front | due time in seconds | +seconds from now), ttl
-- ('' for none), unique ('1': only if there is no job of this id), note (what a deleted job of this id left, see keep_job), is_new (whether it is known that
-- there is neither a job of this id nor a note), and where its fields (flat: name, value, ...) stand in ARGV: first, last; and own, if the values of the first
-- three are its own, and stand there. They are handed on as they are; a table of them for each of many jobs would cost more than the commands.

-- What holds for all jobs of one call is found out once: key -> whether it holds what it should.
local known_to_fit

local function fits(command, key)
  known_to_fit = known_to_fit or {}
  if known_to_fit[key] == nil then known_to_fit[key] = try(command, key) ~= nil end
  return known_to_fit[key]
end

-- Answers nothing but what is known of an earlier job of this id; or first why the job does not enter: {dup, status} | {exists, status} | {badtype, key}.
local function check_entry(job)
  local key = job_key(job.id)
  local old = job.is_new and {} or try('HMGET', key, 'x_enqueue', 'status', 'x_attempt', 'x_generation', 'origin')
  if not old then return {'badtype', key} end
  if old[1] == job.nonce then return {'dup', old[2]} end
  if job.note and not old[2] then
    -- include: come_and_gone
    if is_of_call(job.note, job.nonce) then return {'dup', 'finished'} end
  end
  if job.unique == '1' and not job.is_new and redis.call('EXISTS', key) == 1 then return {'exists', old[2] or 'created'} end
  job.is_due = job.where == 'back' or job.where == 'front'
  if job.is_due and not fits('LLEN', queue_key(job.queue)) then return {'badtype', queue_key(job.queue)} end
  if not job.is_due and not fits('ZCARD', scheduled_key(job.queue)) then return {'badtype', scheduled_key(job.queue)} end
  return nil, old
end

-- Nobody is still to be told how an earlier job of this id ended.
local has_releases

local function forget_release(id)
  if has_releases == nil then has_releases = redis.call('EXISTS', releases_key()) == 1 end
  if has_releases then try('HDEL', releases_key(), id) end
end

local is_registered = {}  -- queues, in this call

local function register_queue(queue)
  if is_registered[queue] then return end
  redis.call('SADD', queues_key(), queue_key(queue))
  is_registered[queue] = true
end

local function fields_of(first, last, own)
  if not own then return unpack(ARGV, first, last) end
  return ARGV[first], ARGV[own], ARGV[first + 2], ARGV[own + 1], ARGV[first + 4], ARGV[own + 2], unpack(ARGV, first + 6, last)
end

local function write_job(job, old, date, status)
  local key = job_key(job.id)
  register_queue(job.queue)
  if old[2] then
    -- include: places leave_place replace_job
    replace_job(job, old)
  end
  forget_release(job.id)
  local generation = old[4] and (tonumber(old[4]) or 0) + 1 or 1
  if status == 'queued' then
    write_hash(key, 'x_enqueue', job.nonce, 'x_generation', generation, 'status', status, 'enqueued_at', date, fields_of(job.first, job.last, job.own))
  else
    write_hash(key, 'x_enqueue', job.nonce, 'x_generation', generation, 'status', status, fields_of(job.first, job.last, job.own))
  end
  if job.ttl ~= '' then expire_after(key, tonumber(job.ttl)) end
end

local function due_time(now, where)
  return string.sub(where, 1, 1) == '+' and seconds_text(now + tonumber(where)) or where
end

-- Writes the job and puts it into its queue or among the scheduled ones. Answers {ok, status, the moment as a date}. `push` puts an id into a queue.
local function enter_job(now, date, job, old, push)
  local status = job.is_due and 'queued' or 'scheduled'
  write_job(job, old, date, status)
  if job.is_due then
    push(job.where == 'front' and 'LPUSH' or 'RPUSH', queue_key(job.queue), job.id)
  else
    -- include: places tell schedule
    local due = due_time(now, job.where)
    redis.call('ZADD', scheduled_key(job.queue), due, job.id)
    tell_of_due(now, job.queue, job.id, tonumber(due))
  end
  return {'ok', status, date}
end
