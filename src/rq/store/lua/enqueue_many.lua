-- Writes many jobs and puts each where it belongs: into its queue, among the scheduled ones, or among those that wait for others. A job may depend on one that
-- stands before it in the same call.
-- From: no such job, or any state (the job starts over; a running attempt of it goes on, but its status no longer counts)
-- To: queued | scheduled | deferred | canceled | failed | no such job (a job it depends on ended badly, and it is to share its fate; failure_ttl 0)
-- KEYS: 1 set of queues, then the job hashes
-- ARGV: for each job: 1 id, 2 queue, 3 nonce of the call, 4 back | front | due time in seconds | +seconds from now, 5 ttl in seconds or '', 6 unique ('1' or ''),
--   7 group or '', 8 number of jobs it depends on, then their ids, then the number of items that follow: field, value, ...; then the number of jobs that are
--   like it, and for each of these: id, and values of its own of the first three fields
-- Reply: for each job {ok, status, enqueued_at} | {dup, status} | {exists, status} | {cycle, ''} | {deep, ''} | {badtype, the key that holds something else}
-- Atomic: nobody sees a job in two places or in none, or a dependent whose parent has ended already; sent again, the call changes nothing.
-- include: try server_time dates expiry places tell schedule results releases keep_job parents release_child come_and_gone enter_job cycles defer_job
local is_known = {}  -- ids that stood before, in this call

-- Answers where in ARGV the id of each job stands, and the description that is its own or that of the one it is like; the notes of their ids; and whether all
-- of them are new: none was there before, and no note. Most often they are. One command tells, and nothing more is asked about each of them.
local function find_jobs()
  local places, models, notes, at = {}, {}, {}, 1
  local function note(place, model)
    places[#places + 1], models[#models + 1], notes[#notes + 1] = place, model, ended_key(ARGV[place])
  end
  while ARGV[at] do
    note(at, at)
    local fields = at + 8 + ARGV[at + 7]
    local alike = fields + 1 + ARGV[fields]
    for i = 1, ARGV[alike] do note(alike + 4 * i - 3, at) end
    at = alike + 1 + 4 * ARGV[alike]
  end
  if #places == 0 then return places, models, {}, true end
  local are_new = redis.call('EXISTS', unpack(KEYS, 2)) + redis.call('EXISTS', unpack(notes)) == 0
  return places, models, are_new and {} or redis.call('MGET', unpack(notes)), are_new
end

local function read_job(place, at, note, is_new)
  local job = {id = ARGV[place], queue = ARGV[at + 1], nonce = ARGV[at + 2], where = ARGV[at + 3], ttl = ARGV[at + 4], unique = ARGV[at + 5], group = ARGV[at + 6]}
  job.first_parent, job.last_parent = at + 8, at + 7 + ARGV[at + 7]
  job.first = job.last_parent + 2
  job.last = job.last_parent + 1 + ARGV[job.last_parent + 1]
  job.own = place ~= at and place + 1
  job.note, job.is_new = note, is_new
  return job
end

-- What goes to the tail of a queue goes there at the end, in one command for each queue; or before another job of an id that may be among it.
local tails, tail_of = {}, {}

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

-- Nearly every job goes to the tail of its queue, waits for no other and belongs to no group.
local function is_plain(at)
  return ARGV[at + 3] == 'back' and ARGV[at + 7] == '0' and ARGV[at + 6] == ''
end

-- What `enter` does with a new job that is plain, at half the cost: no table of it is made, and all share one reply.
local function enter_new(place, at, key, date, reply)
  local id, queue, ttl = ARGV[place], ARGV[at + 1], ARGV[at + 4]
  if not fits('LLEN', queue_key(queue)) then return {'badtype', queue_key(queue)} end
  register_queue(queue)
  forget_release(id)
  write_hash(key, 'x_enqueue', ARGV[at + 2], 'x_generation', 1, 'status', 'queued', 'enqueued_at', date,
    fields_of(at + 9, at + 8 + ARGV[at + 8], place ~= at and place + 1))
  if ttl ~= '' then expire_after(key, tonumber(ttl)) end
  push('RPUSH', queue_key(queue), id)
  return reply
end

local replies, now = {}, server_time()
local date = iso_date(now)
local places, models, notes, are_new = find_jobs()
local queued = {'ok', 'queued', date}
for i, place in ipairs(places) do
  local id = ARGV[place]
  local is_new = are_new and not is_known[id]
  if is_new and is_plain(models[i]) then
    replies[i] = enter_new(place, models[i], KEYS[i + 1], date, queued)
  else
    replies[i] = enter(now, date, read_job(place, models[i], notes[i], is_new))
  end
  is_known[id] = true
end
push_tails()
return replies
