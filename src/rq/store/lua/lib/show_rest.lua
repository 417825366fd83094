-- What a worker shows when one of its attempts has ended: another job that it runs meanwhile, if there is one; else that it is idle.
local function show_rest(hash, beside)
  if beside == '' then
    redis.call('HSET', hash, 'state', 'idle', 'current_job_working_time', 0)
  else
    redis.call('HSET', hash, 'state', 'busy', 'current_job', beside, 'current_job_working_time', 0)
  end
end
