-- Deletes the jobs at the head of a queue, with all that belongs to them; those who wait for them go on (see release_dependents).
-- From: queued
-- To: no such job
-- KEYS: 1 queue list
-- ARGV: 1 queue, 2 most ids to take
-- Reply: {ok, ids taken out of the list, jobs deleted} | {badtype}
-- Atomic: a job leaves the list and is deleted in one step. An id whose job is not queued (a stray) leaves the list and its job stays as it is.
-- include: try places expiry releases keep_job
local queue, limit = ARGV[1], tonumber(ARGV[2])

local taken, deleted = 0, 0
while taken < limit do
  local id = try('LPOP', KEYS[1])
  if id == nil then return {'badtype'} end
  if not id then break end
  taken = taken + 1
  local fields = try('HMGET', job_key(id), 'status', 'x_enqueue')
  if not fields then
    set_aside(queue, id, 'not a hash')
  elseif fields[1] == 'queued' then
    release_later(id, 'gone')
    delete_job(id, '', fields[2])
    deleted = deleted + 1
  end
end
return {'ok', taken, deleted}
