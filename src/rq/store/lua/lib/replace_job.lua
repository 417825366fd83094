-- An earlier job of this id leaves its place and its parents. Its number of attempts stays, because it is a fencing number. Those who wait for it wait for the
-- new one.
local function replace_job(job, old)
  leave_place(old[2], old[5] or job.queue, job.id)
  redis.call('DEL', job_key(job.id), pending_key(job.id), dependencies_key(job.id))
  redis.call('PERSIST', dependents_key(job.id))
  if old[3] then redis.call('HSET', job_key(job.id), 'x_attempt', old[3]) end
end
