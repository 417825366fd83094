-- An attempt that never counted: the job goes back to the head of its queue, no crash counted. Answers whether it did.
local function put_back(queue, id, execution, worker)
  local owner = try('HMGET', job_key(id), 'x_execution', 'status')
  end_lease(queue, id, execution, worker)
  if not owner or owner[1] ~= execution or owner[2] ~= 'started' then return false end
  redis.call('HDEL', job_key(id), 'x_execution', 'x_stop')
  redis.call('HSET', job_key(id), 'status', 'queued', 'x_last', execution .. ':P')
  push_id(queue, id, true)
  return true
end
