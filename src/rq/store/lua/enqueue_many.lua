-- Writes many jobs and puts each where it belongs: into its queue, among the scheduled ones, or among those that wait for others. A job may depend on one that
-- stands before it in the same call.
-- From: no such job, or any state (the job starts over; a running attempt of it goes on, but its status no longer counts)
-- To: queued | scheduled | deferred | canceled | failed | no such job (a job it depends on ended badly, and it is to share its fate; failure_ttl 0)
-- KEYS: 1 set of queues, then the job hashes
-- ARGV: for each job: 1 id, 2 queue, 3 nonce of the call, 4 back | front | due time in seconds | +seconds from now, 5 ttl in seconds or '', 6 unique ('1' or ''),
--   7 group or '', 8 number of jobs it depends on, then their ids, then the number of items that follow: field, value, ...
-- Reply: for each job {ok, status, enqueued_at} | {dup, status} | {exists, status} | {cycle, ''} | {deep, ''} | {badtype, the key that holds something else}
-- Atomic: nobody sees a job in two places or in none, or a dependent whose parent has ended already; sent again, the call changes nothing.
-- include: try server_time dates expiry places tell schedule results releases keep_job parents release_child come_and_gone enter_job cycles defer_job
-- Answers the job whose description begins at ARGV[at], and where the next one begins.
local function read_job(at)
  local job = {id = ARGV[at], queue = ARGV[at + 1], nonce = ARGV[at + 2], where = ARGV[at + 3], ttl = ARGV[at + 4], unique = ARGV[at + 5], group = ARGV[at + 6]}
  job.first_parent, job.last_parent = at + 8, at + 7 + ARGV[at + 7]
  job.first = job.last_parent + 2
  job.last = job.last_parent + 1 + ARGV[job.last_parent + 1]
  return job, job.last + 1
end

local function read_jobs()
  local jobs, notes, at = {}, {}, 1
  while ARGV[at] do
    local job
    job, at = read_job(at)
    jobs[#jobs + 1], notes[#notes + 1] = job, ended_key(job.id)
  end
  for i, note in ipairs(#jobs > 0 and redis.call('MGET', unpack(notes)) or {}) do jobs[i].note = note end
  return jobs
end

-- What goes to the tail of a queue goes there at the end, in one command for each queue; or before another job of an id that may be among it.
local tails, tail_of, is_known = {}, {}, {}

local function push(command, key, id)
  if command == 'LPUSH' then return redis.call(command, key, id) end
  if not tail_of[key] then
    tail_of[key] = {}
    tails[#tails + 1] = key
  end
  table.insert(tail_of[key], id)
end

local function push_tails()
  for _, key in ipairs(tails) do redis.call('RPUSH', key, unpack(tail_of[key])) end
  tails, tail_of = {}, {}
end

local function enter(now, date, job)
  if is_known[job.id] then push_tails() end
  is_known[job.id] = true
  local refusal, old = check_entry(job)
  if refusal then return refusal end
  local depends = job.last_parent >= job.first_parent
  local reply = depends and enter_dependent(now, date, job, old, push) or enter_job(now, date, job, old, push)
  if reply[1] == 'ok' and job.group ~= '' then
    try('SADD', group_key(job.group), job.id)
    try('SADD', groups_key(), job.group)
  end
  return reply
end

local replies, now = {}, server_time()
local date = iso_date(now)
for i, job in ipairs(read_jobs()) do replies[i] = enter(now, date, job) end
push_tails()
return replies
