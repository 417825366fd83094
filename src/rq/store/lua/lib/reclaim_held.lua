-- Takes back all that a dead worker held, and what was caught from its queues, by whomever. Answers the reclaimed jobs (flat: queue, id, requeued | failed), the
-- ids given back, and the worker's queues.
local function reclaim_all_held(now, worker, policy)
  local executions, queues = read_held(worker)
  local reclaimed, given_back = {}, give_back_caught(queues)  -- first: what goes back below left its queue earlier, and stands before it
  for _, held in ipairs(executions) do
    local started_at = try('HGET', execution_key(held.id, held.execution), 'created_at')
    end_lease(held.queue, held.id, held.execution, worker)
    local code = crash_job(now, held.queue, held.id, held.execution, started_at, policy)
    if code ~= 'dropped' then
      table.insert(reclaimed, held.queue)
      table.insert(reclaimed, held.id)
      table.insert(reclaimed, code)
    end
  end
  return reclaimed, given_back, queues
end
