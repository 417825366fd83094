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

-- Says whether a flat list of fields (name, value, ...) has one of this name.
local function has_field(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then return true end
  end
  return false
end

-- `claim.note`: what is to be written beside, into the worker's side hash.
local function start_job(now, queue, id, claim, execution)
  local job, worker = job_key(id), claim.worker
  local known = try('HMGET', job, 'status', 'origin', 'x_attempt')
  if not known then return 'not a hash' end
  local status, origin = known[1], known[2]
  if status ~= 'queued' then  -- as it hardly ever is; what is not waiting may be large, and is not read
    local has_data = redis.call('HEXISTS', job, 'data') == 1
    if is_elsewhere(status) or not (status or has_data) then return 'drop' end
    if status and status ~= 'created' and status ~= '' and has_data then return 'unknown status ' .. status end
  end
  local fields = redis.call('HGETALL', job)
  if not has_field(fields, 'data') then return 'no data' end
  if not origin or origin == '' then origin = queue end
  local attempt = next_attempt(known[3])
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
  local count = #fields
  for i = 1, #written do fields[count + i] = written[i] end
  redis.call('HSET', held_key(worker), 'held:' .. id .. ':' .. execution, origin, 'sequence', claim.sequence, unpack(claim.note or {}))
  return nil, origin, fields
end
