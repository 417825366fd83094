-- Gives the job to one execution of a worker, under a lease. Answers nil, or why the job cannot run: 'drop' (it is not waiting: taking the stray id out of
-- the list is the repair) or a reason to set it aside.
local KNOWN_STATUS = {
  started = true, finished = true, failed = true, stopped = true, deferred = true, scheduled = true, canceled = true,
}

-- Attempts are counted in whole numbers that Lua can hold.
local MOST_ATTEMPTS = 2 ^ 53

local function next_attempt(known)
  local number = tonumber(known or '0')
  if number and number == math.floor(number) and number >= 0 and number < MOST_ATTEMPTS then return string.format('%.0f', number + 1) end
end

-- `claim.note`: what is to be written beside, into the worker's side hash.
local NO_NOTE = {}

local function start_job(now, queue, id, claim, execution)
  local job, worker = job_key(id), claim.worker
  local fields = try('HMGET', job, 'status', 'data', 'origin', 'x_attempt')
  if not fields then return 'not a hash' end
  local status = fields[1]
  if KNOWN_STATUS[status] or (not status and not fields[2]) then return 'drop' end
  if not fields[2] then return 'no data' end
  if status and status ~= 'queued' and status ~= 'created' and status ~= '' then return 'unknown status ' .. status end
  local origin = fields[3]
  if not origin or origin == '' then origin = queue end
  local attempt = next_attempt(fields[4])
  if not attempt then return 'x_attempt is not a number' end
  local date, time = iso_date(now), seconds_text(now)
  redis.call('HSET', execution_key(id, execution), 'id', execution, 'created_at', time, 'last_heartbeat', time, 'worker_name', worker)
  if not write_lease(now, origin, id, execution, claim.lease) then
    redis.call('DEL', execution_key(id, execution))
    return 'the registry of started jobs is not a sorted set'
  end
  redis.call('PERSIST', job)
  redis.call('HSET', job, 'status', 'started', 'started_at', date, 'last_heartbeat', date, 'worker_name', worker, 'x_execution', execution, 'x_attempt', attempt)
  redis.call('HSET', held_key(worker), 'held:' .. id .. ':' .. execution, origin, 'sequence', claim.sequence, unpack(claim.note or NO_NOTE))
  return nil, origin
end
