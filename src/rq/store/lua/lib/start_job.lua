-- Gives the job to one execution of a worker, under a lease. Answers nil, the job's queue and its fields (name, value, ..., of which later ones hold); or why
-- the job cannot run: 'drop' (it is not waiting: taking the stray id out of the list is the repair) or a reason to set it aside.
local function is_elsewhere(status)
  return status == 'started' or status == 'finished' or status == 'failed' or status == 'stopped' or status == 'deferred' or status == 'scheduled'
    or status == 'canceled'
end

-- Attempts are counted in whole numbers that Lua can hold.
local MOST_ATTEMPTS = 2 ^ 53

local function next_attempt(known)
  local number = tonumber(known or '0')
  if number and number == math.floor(number) and number >= 0 and number < MOST_ATTEMPTS then return string.format('%.0f', number + 1) end
end

-- The payload is read from the server once: it may be large.
local function read_fields(job)
  local fields = try('HGETALL', job)
  if not fields then return nil end
  local status, has_data, origin, attempt
  for i = 1, #fields, 2 do
    local name = fields[i]
    if name == 'status' then status = fields[i + 1]
    elseif name == 'data' then has_data = true
    elseif name == 'origin' then origin = fields[i + 1]
    elseif name == 'x_attempt' then attempt = fields[i + 1]
    end
  end
  return fields, status, has_data, origin, attempt
end

-- `claim.note`: what is to be written beside, into the worker's side hash.
local function start_job(now, queue, id, claim, execution)
  local job, worker = job_key(id), claim.worker
  local fields, status, has_data, origin, known_attempt = read_fields(job)
  if not fields then return 'not a hash' end
  if status ~= 'queued' then  -- as it hardly ever is
    if is_elsewhere(status) or not (status or has_data) then return 'drop' end
    if status and status ~= 'created' and status ~= '' and has_data then return 'unknown status ' .. status end
  end
  if not has_data then return 'no data' end
  if not origin or origin == '' then origin = queue end
  local attempt = next_attempt(known_attempt)
  if not attempt then return 'x_attempt is not a number' end
  local date, time = iso_date(now), seconds_text(now)
  redis.call('HSET', execution_key(id, execution), 'id', execution, 'created_at', time, 'last_heartbeat', time, 'worker_name', worker)
  if not write_lease(now, origin, id, execution, claim.lease) then
    redis.call('DEL', execution_key(id, execution))
    return 'the registry of started jobs is not a sorted set'
  end
  redis.call('PERSIST', job)
  local written = {'status', 'started', 'started_at', date, 'last_heartbeat', date, 'worker_name', worker, 'x_execution', execution, 'x_attempt', attempt}
  redis.call('HSET', job, unpack(written))
  local known = #fields
  for i = 1, #written do fields[known + i] = written[i] end
  redis.call('HSET', held_key(worker), 'held:' .. id .. ':' .. execution, origin, 'sequence', claim.sequence, unpack(claim.note or {}))
  return nil, origin, fields
end
