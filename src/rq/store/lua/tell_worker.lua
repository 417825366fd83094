-- Tells a worker to leave, or to kill what it runs, over its channel; and keeps that for a worker of ours, whose heartbeat brings it if the channel did not.
-- From: any state
-- To: the same
-- KEYS: 1 the worker's side hash
-- ARGV: 1 worker, 2 shutdown | kill, 3 the id of this command, 4 the command as RQ's workers read it
-- Reply: {ok, 1 if it is kept or 0}
-- Atomic: what is kept names the attempts that run at this moment, and ends no later one. Of commands of one kind the last is kept.
-- include: tell
local held, worker, kind, id = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local function keep()
  local fields, executions, is_ours = redis.call('HGETALL', held), {}, false
  for i = 1, #fields, 2 do
    local execution = string.match(fields[i], '^held:.*:([^:]*)$')
    if execution then table.insert(executions, execution) end
    is_ours = is_ours or fields[i] == 'incarnation'
  end
  table.sort(executions)
  if is_ours then redis.call('HSET', held, 'command:' .. kind, table.concat({id, unpack(executions)}, ' ')) end
  return is_ours
end

redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local done, is_kept = pcall(keep)  -- who may not touch the hash, or finds something else there, can still say it
if done and is_kept then
  tell(commands_key(worker), ARGV[4])
  return {'ok', 1}
end
redis.call('PUBLISH', commands_key(worker), ARGV[4])
return {'ok', 0}
