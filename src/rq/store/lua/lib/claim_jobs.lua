-- Takes up to #executions waiting jobs for a worker. `claim` holds: worker, incarnation, sequence, lease, queues (in order), executions (fresh ids).
-- A call sent again (same sequence) gets the same jobs, a late one (smaller sequence) gets nothing.
-- Answers {code, jobs, milliseconds until the next scheduled job is due or '', ids given back, paused queues}; each job is {queue, id, execution, {field,
-- value, ...}}.
local MOST_POPS = 100
local MOST_PROMOTIONS = 20

local function describe_job(queue, id, execution)
  return {queue, id, execution, redis.call('HGETALL', job_key(id))}
end

local function replay_claim(claim)
  local place_of, found, jobs = {}, {}, {}
  for place, execution in ipairs(claim.executions) do place_of[execution] = place end
  local held = redis.call('HGETALL', held_key(claim.worker))
  for i = 1, #held, 2 do
    if string.sub(held[i], 1, 5) == 'held:' then
      local id, execution = split_member(string.sub(held[i], 6))
      if place_of[execution] and try('HGET', job_key(id), 'x_execution') == execution then
        found[place_of[execution]] = describe_job(held[i + 1], id, execution)
      end
    end
  end
  for place = 1, #claim.executions do
    if found[place] then table.insert(jobs, found[place]) end
  end
  return {'replay', jobs, '', 0}
end

local function pop_and_start(now, claim, queue, jobs, pops)
  while #jobs < #claim.executions and pops < MOST_POPS do
    local id = try('LPOP', queue_key(queue))
    if not id then break end
    pops = pops + 1
    local execution = claim.executions[#jobs + 1]
    local done, refusal, origin = pcall(start_job, now, queue, id, claim.worker, execution, claim.lease)
    if not done then
      push_id(queue, id, true)  -- this user may not touch jobs: nothing is consumed
      error(refusal)
    elseif not refusal then
      table.insert(jobs, describe_job(origin, id, execution))
    elseif refusal ~= 'drop' then
      set_aside(queue, id, refusal)
    end
  end
  return pops
end

local function claim_jobs(now, claim)
  local known = try('HMGET', held_key(claim.worker), 'incarnation', 'sequence')
  if not known or known[1] ~= claim.incarnation then
    return {'unknown', {}, '', give_back_caught(claim.worker, claim.queues)}  -- nobody would look for them under a name that nobody bears
  end
  local last = tonumber(known[2] or '0')
  if claim.sequence == last then return replay_claim(claim) end
  if claim.sequence < last then return {'stale', {}, '', 0} end
  local given_back = give_back_caught(claim.worker, claim.queues)
  redis.call('HSET', held_key(claim.worker), 'sequence', claim.sequence)
  local open, paused = open_queues(now, claim.worker, claim.queues)
  if #open == 0 then return {'suspended', {}, '', given_back, paused} end
  local jobs, next_due, pops = {}, nil, 0
  for _, queue in ipairs(claim.queues) do
    local _, due = promote_due(now, queue, MOST_PROMOTIONS)
    if due and (not next_due or due < next_due) then next_due = due end
  end
  for _, queue in ipairs(open) do pops = pop_and_start(now, claim, queue, jobs, pops) end
  local worker = worker_key(claim.worker)
  if #jobs > 0 and redis.call('EXISTS', worker) == 1 then
    try('HSET', worker, 'state', 'busy', 'current_job', jobs[#jobs][2], 'current_job_working_time', 0)
  end
  local wait = milliseconds_until(now, next_due)
  if pops >= MOST_POPS and #jobs < #claim.executions then wait = 0 end
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
