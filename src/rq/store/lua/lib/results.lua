-- One entry of the result stream. RQ trims its streams to about ten entries; here it is ten. A key of another type costs the entry, never the job.
local function record_result(now, id, result_type, worker, execution, started_at, ttl, ...)
  local entry = try('XADD', results_key(id), 'MAXLEN', 10, '*', 'type', result_type, 'worker_name', worker or '', 'execution_id', execution,
    'execution_started_at', started_at or seconds_text(now), 'execution_ended_at', seconds_text(now), ...)
  if not entry then return end
  if ttl and ttl < 0 then redis.call('PERSIST', results_key(id)) elseif ttl then expire_after(results_key(id), ttl) end
end
