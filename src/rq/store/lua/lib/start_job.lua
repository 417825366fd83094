-- Gives the job to one execution of a worker, under a lease. Answers nil, or why the job cannot run: 'drop' (it is not waiting: taking the stray id out of
-- the list is the repair) or a reason to set it aside.
local KNOWN_STATUS = {
  started = true, finished = true, failed = true, stopped = true, deferred = true, scheduled = true, canceled = true,
}

local function start_job(now, queue, id, worker, execution, lease)
  local job = job_key(id)
  local fields = try('HMGET', job, 'status', 'data', 'origin')
  if not fields then return 'not a hash' end
  local status = fields[1]
  if KNOWN_STATUS[status] or (not status and not fields[2]) then return 'drop' end
  if not fields[2] then return 'no data' end
  if status and status ~= 'queued' and status ~= 'created' and status ~= '' then return 'unknown status ' .. status end
  local origin = fields[3]
  if not origin or origin == '' then origin = queue end
  if not try('HINCRBY', job, 'x_attempt', 1) then return 'x_attempt is not a number' end
  local date, time = iso_date(now), seconds_text(now)
  redis.call('HSET', execution_key(id, execution), 'id', execution, 'created_at', time, 'last_heartbeat', time, 'worker_name', worker)
  if not write_lease(now, origin, id, execution, lease) then
    redis.call('DEL', execution_key(id, execution))
    return 'the registry of started jobs is not a sorted set'
  end
  redis.call('PERSIST', job)
  redis.call('HSET', job, 'status', 'started', 'started_at', date, 'last_heartbeat', date, 'worker_name', worker, 'x_execution', execution)
  redis.call('HSET', held_key(worker), 'held:' .. id .. ':' .. execution, origin)
  return nil, origin
end
