-- Takes up to #executions waiting jobs for a worker. `claim` holds: worker, incarnation, sequence, lease, queues (in order), executions (fresh ids), is_woken;
-- and, found out here: has_caught (whether ids may have been caught), note (what goes into the worker's side hash with the first job, see start_job).
-- A call sent again (same sequence) gets the same jobs, a late one (smaller sequence) gets nothing.
-- A claim that found nothing leaves the worker waiting, with the places it had. Then, and only then, one that was left at the server to be carried out when a
-- job wakes the worker (is_woken) may take jobs, and gets the next number: the worker's own next claim, which has the same one, is told of them.
-- Answers {code, jobs, milliseconds until the next scheduled job is due or '', ids given back, paused queues}, of a woken one also 0 and its number; each job
-- is {queue, id, execution, {field, value, ...}}, and of a field that stands there twice the later value holds.
local MOST_POPS = 100
local MOST_PROMOTIONS = 20

-- Starts the job of an id that was taken out of its queue, if it can run. Answers whether it was consumed; where it was not, this user may not touch jobs.
local function start(now, claim, queue, id, jobs)
  local execution = claim.executions[#jobs + 1]
  local done, refusal, origin, fields = pcall(start_job, now, queue, id, claim, execution)
  if not done then return false, refusal end
  if not refusal then
    table.insert(jobs, {origin, id, execution, fields})
  elseif refusal ~= 'drop' then
    -- include: places
    set_aside(queue, id, refusal)
  end
  return true
end

-- Takes jobs from a queue for the places that are left: first what woke waiting workers, which stands before all others. What is not taken of it goes back.
-- Answers how many ids were looked at, and how many had been caught.
local function take_jobs(now, claim, queue, jobs, most)
  local caught, pops = claim.has_caught and take_caught(queue) or {}, 0
  while #jobs < #claim.executions and pops < most do
    local id = caught[pops + 1] or try('LPOP', queue_key(queue))
    if not id then break end
    pops = pops + 1
    local consumed, message = start(now, claim, queue, id, jobs)
    if not consumed then
      -- include: places
      if pops > #caught then push_id(queue, id, true) end
      give_back(queue, caught, pops)
      error(message)
    end
  end
  give_back(queue, caught, pops + 1)
  return pops, #caught
end

-- Queues what is due. Answers when the next one is, nil if none is scheduled.
local function promote_all(now, queues)
  -- include: places promote_due
  local next_due
  for _, queue in ipairs(queues) do
    local _, due = promote_due(now, queue, MOST_PROMOTIONS)
    if due and (not next_due or due < next_due) then next_due = due end
  end
  return next_due
end

-- Says in the worker's hash what it runs. A hash that is not there, because it expired, is not made: it would lack all that makes it one.
local function show_busy(worker, id)
  local key = worker_key(worker)
  local added = try('HSET', key, 'state', 'busy', 'current_job', id, 'current_job_working_time', 0)
  if added == 3 and redis.call('HEXISTS', key, 'birth') == 0 then redis.call('DEL', key) end
end

local function claim_jobs(now, claim)
  local known = try('HMGET', held_key(claim.worker), 'incarnation', 'sequence', 'waiting')
  if not known or known[1] ~= claim.incarnation then
    return {'unknown', {}, '', give_back_caught(claim.queues)}  -- a connection that outlived its worker: others wait for what it caught
  end
  local last = tonumber(known[2] or '0') or 0
  if claim.is_woken then
    -- include: wake
    if not wake(claim, last, known[3]) then return {'busy', {}, '', give_back_caught(claim.queues), {}, 0, last} end
  elseif claim.sequence == last then
    -- include: replay_claim
    return replay_claim(claim)
  elseif claim.sequence < last then
    return {'stale', {}, '', 0}
  end
  local open, paused, next_due, jobs, pops, given_back = claim.queues, {}, nil, {}, 0, 0
  local more = has_more(claim)
  claim.has_caught = more or claim.is_woken or #claim.executions == 0  -- the first write must be one that is never refused for lack of memory
  if more then
    open, paused = open_queues(now, claim.worker, claim.queues)
    if #open == 0 then
      given_back = give_back_caught(claim.queues)  -- as above
      if not claim.is_woken then redis.call('HSET', held_key(claim.worker), 'sequence', claim.sequence) end
      return {'suspended', {}, '', given_back, paused, redis.call('EXISTS', suspended_key()), claim.is_woken and claim.sequence or 0}
    end
    next_due = promote_all(now, claim.queues)
    if #paused > 0 then given_back = give_back_caught(paused) end
  end
  for _, queue in ipairs(open) do
    if #jobs > 0 and #jobs == #claim.executions then break end  -- whoever caught what is left behind gives it back
    local looked_at, caught = take_jobs(now, claim, queue, jobs, MOST_POPS - pops)
    pops, given_back = pops + looked_at, given_back + caught
  end
  if #jobs > 0 then
    show_busy(claim.worker, jobs[#jobs][2])
  elseif not claim.is_woken then
    redis.call('HSET', held_key(claim.worker), 'sequence', claim.sequence, 'waiting', claim.sequence .. ' ' .. #claim.executions)
  end
  local wait = milliseconds_until(now, next_due)
  if pops >= MOST_POPS and #jobs < #claim.executions then wait = 0 end
  if claim.is_woken then return {'ok', jobs, wait, given_back, paused, 0, claim.sequence} end
  return {'ok', jobs, wait, given_back, paused}
end

-- Reads the arguments of a claim from ARGV, from index `at`: worker, incarnation, sequence, lease, number of places, execution ids, queue names to the end.
local function read_claim(at)
  local claim = {worker = ARGV[at], incarnation = ARGV[at + 1], sequence = tonumber(ARGV[at + 2]), lease = tonumber(ARGV[at + 3]), executions = {}, queues = {}}
  local places = tonumber(ARGV[at + 4])
  for i = at + 5, at + 4 + places do table.insert(claim.executions, ARGV[i]) end
  for i = at + 5 + places, #ARGV do table.insert(claim.queues, ARGV[i]) end
  return claim
end
