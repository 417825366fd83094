-- Puts back a job that was claimed and not begun, or taken away by a shutdown. No crash is counted.
-- From: started, owned by this execution
-- To: queued, at the head
-- KEYS: 1 job hash, 2 the worker's side hash, 3 queue list
-- ARGV: 1 id, 2 execution, 3 queue, 4 worker, 5 another job that the worker runs meanwhile or ''
-- Reply: {ok} | {dup | superseded | gone | fenced | badtype, detail}
-- Atomic: the job is started or waiting, never both and never neither.
-- include: try server_time dates leases owner places put_back show_rest
local id, execution, queue, worker = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local code, detail = check_owner(queue, id, execution)
if code == 'owner' then
  try('HDEL', KEYS[2], 'waiting')  -- whatever kept the job from running, it must not come back the moment it waits
  put_back(queue, id, execution, worker)
  code, detail = 'ok', 'queued'
elseif code == 'superseded' or code == 'gone' then
  end_lease(queue, id, execution, worker)
else
  return {code, detail}
end
if redis.call('EXISTS', worker_key(worker)) == 1 and try('HDEL', worker_key(worker), 'current_job') then
  show_rest(worker_key(worker), ARGV[5])
end
return {code, detail}
