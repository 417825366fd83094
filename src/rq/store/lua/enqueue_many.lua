-- Writes many jobs and puts each where it belongs: into its queue, among the scheduled ones, or among those that wait for others. A job may depend on one that
-- stands before it in the same call.
-- From: no such job, or any state (the job starts over; a running attempt of it goes on, but its status no longer counts)
-- To: queued | scheduled | deferred | canceled | failed (a job it depends on ended badly, and it is to share its fate)
-- KEYS: 1 set of queues, then the job hashes
-- ARGV: for each job: 1 id, 2 queue, 3 nonce of the call, 4 back | front | due time in seconds | +seconds from now, 5 ttl in seconds or '', 6 unique ('1' or ''),
--   7 group or '', 8 number of jobs it depends on, then their ids, then the number of items that follow: field, value, ...
-- Reply: for each job {ok, status, enqueued_at} | {dup, status} | {exists, status} | {cycle, ''} | {deep, ''} | {badtype, the key that holds something else}
-- Atomic: nobody sees a job in two places or in none, or a dependent whose parent has ended already; sent again, the call changes nothing.
-- include: try server_time dates expiry places results releases keep_job parents release_child come_and_gone enter_job cycles defer_job
local function read_items(at)
  local items, count = {}, tonumber(ARGV[at])
  for i = 1, count do items[i] = ARGV[at + i] end
  return items, at + count + 1
end

local function read_job(at)
  local job = {id = ARGV[at], queue = ARGV[at + 1], nonce = ARGV[at + 2], where = ARGV[at + 3], ttl = ARGV[at + 4], unique = ARGV[at + 5], group = ARGV[at + 6]}
  job.parents, at = read_items(at + 7)
  job.fields, at = read_items(at)
  return job, at
end

local function enter(now, job)
  local refusal, old = check_entry(job)
  if refusal then return refusal end
  local reply = #job.parents > 0 and enter_dependent(now, job, old) or enter_job(now, job, old)
  if reply[1] == 'ok' and job.group ~= '' then
    try('SADD', group_key(job.group), job.id)
    try('SADD', groups_key(), job.group)
  end
  return reply
end

local replies, at, now, job = {}, 1, server_time(), nil
while ARGV[at] do
  job, at = read_job(at)
  replies[#replies + 1] = enter(now, job)
end
return replies
