-- Everything a worker had: executions it held, queues it listened on. Reads the worker's side hash once.
local function read_held(worker)
  local executions, queues = {}, {}
  local fields = try('HGETALL', held_key(worker)) or {}
  for i = 1, #fields, 2 do
    local kind, rest = string.match(fields[i], '^(%a+):(.*)$')
    if kind == 'held' then
      local id, execution = split_member(rest)
      table.insert(executions, {queue = fields[i + 1], id = id, execution = execution})
    elseif kind == 'queue' then
      table.insert(queues, fields[i + 1])
    end
  end
  table.sort(executions, function(a, b) return a.id .. a.execution > b.id .. b.execution end)
  table.sort(queues)
  return executions, queues
end

local function unregister_worker(now, worker, queues)
  try('ZREM', presence_key(), worker)
  redis.call('DEL', held_key(worker))
  try('SREM', workers_key(), worker_key(worker))
  for _, queue in ipairs(queues) do try('SREM', queue_workers_key(queue), worker_key(worker)) end
  if redis.call('EXISTS', worker_key(worker)) == 1 and try('HSET', worker_key(worker), 'death', iso_date(now)) then
    redis.call('HDEL', worker_key(worker), 'current_job')
    redis.call('EXPIRE', worker_key(worker), 60)
  end
end
