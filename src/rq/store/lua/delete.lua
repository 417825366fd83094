-- There shall be no such job. A running attempt is fenced; those who wait for the job go on, because a job that does not exist keeps nobody waiting.
-- From: any state
-- To: no such job
-- KEYS: 1 job hash, 2 set of groups
-- ARGV: 1 id, 2 queue, 3 nonce of the call, 4 '1': the job's id stays in the list of its queue (whoever takes it drops it)
-- Reply: {ok, former status} | {dup} | {gone}
-- Atomic: the job leaves every place that names it in the step in which its hash goes; sent again, the call says so.
-- include: try server_time dates expiry leases places leave_place tell schedule results releases keep_job end_executions parents release_child dependents
local job = KEYS[1]
local id, queue, nonce, stays_listed = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'

local fields = try('HMGET', job, 'status', 'x_execution', 'origin', 'worker_name', 'group_id', 'x_enqueue') or {}
local note = try('GET', ended_key(id))
if note and string.find(note, ':X ' .. nonce .. ' ', 1, true) then return {'dup', ''} end  -- there may be a new job of this id
if redis.call('EXISTS', job) == 0 then return {'gone', ''} end

local now = server_time()
if fields[3] and fields[3] ~= '' then queue = fields[3] end
redis.call('DEL', pending_key(id))
end_executions(id, queue, fields[2] or nil, fields[4] or nil)
if fields[1] ~= 'queued' or not stays_listed then leave_place(fields[1], queue, id) end
for _, registry in ipairs({finished_key, failed_key, canceled_key, scheduled_key, deferred_key}) do try('ZREM', registry(queue), id) end
forget_parents(id)
release_dependents(now, id, 'gone')
if fields[5] and fields[5] ~= '' then
  try('SREM', group_key(fields[5]), id)
  if redis.call('EXISTS', group_key(fields[5])) == 0 then try('SREM', KEYS[2], fields[5]) end
end
delete_job(id, (fields[2] or '') .. ':X ' .. nonce, fields[6] or nil)
return {'ok', fields[1] or ''}
