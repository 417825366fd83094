-- Forgets that a job is being run: one execution of it, or all. Whoever runs it is fenced, and its outcome does not count.
-- From: -
-- To: -
-- KEYS: 1 executions of the job
-- ARGV: 1 job id, 2 its queue, 3 execution id, or '' for all
-- Reply: {ok}
-- Atomic: an execution is in every place that names it, or in none.
-- include: try leases end_executions
local id, queue, execution = ARGV[1], ARGV[2], ARGV[3]
if execution ~= '' then
  end_lease(queue, id, execution, try('HGET', execution_key(id, execution), 'worker_name') or nil)
  return {'ok'}
end
end_executions(id, queue)
redis.call('DEL', KEYS[1])
return {'ok'}
