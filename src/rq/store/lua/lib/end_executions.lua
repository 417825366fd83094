-- Ends every execution of a job, an RQ worker's too: whoever runs it is fenced. `owner` is the execution that the job names, `worker` who runs that one.
local function end_executions(id, queue, owner, worker)
  for _, execution in ipairs(try('ZRANGE', executions_key(id), 0, 99) or {}) do
    local holder = try('HGET', execution_key(id, execution), 'worker_name')
    -- A superseded attempt may have come from another queue than the job's: its worker knows.
    local held_queue = holder and try('HGET', held_key(holder), 'held:' .. id .. ':' .. execution)
    end_lease(held_queue or queue, id, execution, holder)
  end
  if owner then end_lease(queue, id, owner, worker) end
end
