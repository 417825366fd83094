-- A worker lives: extends its own lease and those of all executions it runs, and hears of the commands that are kept for it (see tell_worker).
-- From: started
-- To: started
-- KEYS: 1 presence of workers, 2 the worker's side hash, 3 worker hash
-- ARGV: 1 worker, 2 incarnation, 3 lease in seconds, 4 ttl of the worker hash in seconds, 5 seconds the current job has run,
--   6 ids of commands that it has heard of, 7... job id, execution id, ...
-- Reply: {ok, exceptions, commands} where exceptions is a flat list of job id, execution id, dup | fenced | gone | canceled | stop, and commands one of
--   shutdown | kill, the command's id and, behind spaces, the executions that it is for; or {unknown}: register again
-- Atomic: a lease that ran out but was not reclaimed is extended; a hash that was deleted is never written again.
-- include: try server_time dates leases owner
local presence, held, worker_hash = KEYS[1], KEYS[2], KEYS[3]
local worker, incarnation, lease, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local now = server_time()
local side = try('HMGET', held, 'incarnation', 'command:shutdown', 'command:kill') or {}
if side[1] ~= incarnation or redis.call('EXISTS', worker_hash) == 0 then return {'unknown'} end
redis.call('EXPIRE', worker_hash, ttl)
local date, time = iso_date(now), seconds_text(now)
try('ZADD', presence, now + lease, worker)
try('HSET', worker_hash, 'last_heartbeat', date, 'current_job_working_time', ARGV[5])
redis.call('HSET', held, 'lease', lease)

local exceptions = {}
local function except(id, execution, code)
  table.insert(exceptions, id)
  table.insert(exceptions, execution)
  table.insert(exceptions, code)
end

local commands = {}
local function hear(kind, kept)
  if not kept then return end
  if string.find(ARGV[6], string.match(kept, '^%S*'), 1, true) then
    redis.call('HDEL', held, 'command:' .. kind)
  else
    table.insert(commands, kind)
    table.insert(commands, kept)
  end
end

hear('shutdown', side[2])
hear('kill', side[3])
for i = 7, #ARGV, 2 do
  local id, execution = ARGV[i], ARGV[i + 1]
  local member = id .. ':' .. execution
  local queue = redis.call('HGET', held, 'held:' .. member)
  local fields = try('HMGET', job_key(id), 'x_execution', 'x_last', 'status', 'x_stop')
  if not queue or not try('ZSCORE', wip_key(queue), member) then
    local ending = fields and ending_of(last_note(id, fields[2], fields[3]), execution)
    except(id, execution, ending == 'C' and 'canceled' or OWN_WORD[ending] and 'dup' or 'fenced')
  elseif not fields or not fields[3] then
    except(id, execution, 'gone')
  else
    write_lease(now, queue, id, execution, lease)
    if redis.call('EXISTS', execution_key(id, execution)) == 1 then try('HSET', execution_key(id, execution), 'last_heartbeat', time) end
    if fields[1] == execution then redis.call('HSET', job_key(id), 'last_heartbeat', date) end
    if fields[4] and string.sub(fields[4] .. ' ', 1, #execution + 1) == execution .. ' ' then except(id, execution, 'stop') end
  end
end
return {'ok', exceptions, commands}
