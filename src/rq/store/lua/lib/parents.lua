-- The jobs that a deferred job waits for. `pending` holds those whose end it still needs; a job that an RQ producer deferred has no such set, and waits for
-- all of RQ's own set of dependencies that have not ended. So may one of ours that waits very long: the key expires, because a job that an RQ worker lets go on
-- and runs would leave it for ever.
local LONGEST_LOOK = 100
local PENDING_SECONDS = 60 * 86400

local function find_pending(id)
  if (try('SCARD', pending_key(id)) or 0) > 0 then return end
  if try('SUNIONSTORE', pending_key(id), dependencies_key(id)) then expire_after(pending_key(id), PENDING_SECONDS) end
end

-- Takes a job out of what it waits for, on both sides. Bounded: what stays behind in the set of a parent is dropped when that parent ends.
local function forget_parents(id)
  redis.call('DEL', pending_key(id))
  for _, parent in ipairs(try('SRANDMEMBER', dependencies_key(id), 10 * LONGEST_LOOK) or {}) do try('SREM', dependents_key(parent), id) end
  redis.call('DEL', dependencies_key(id))
end

-- What the end of a parent does to the child: 'met', 'wait', 'cancel' or 'fail'. `ended` is the parent's status; 'gone' if there is no such job (RQ: a
-- missing parent counts as met). `policies` is the child's field x_on_parent_failure: 'id=policy id=policy ...', or
-- '*=policy' for all parents.
local BADLY_ENDED = {failed = true, stopped = true, canceled = true}

local function policy_for(policies, parent)
  if string.sub(policies, 1, 2) == '*=' then return string.sub(policies, 3) end
  local text = ' ' .. policies .. ' '
  local _, last = string.find(text, ' ' .. parent .. '=', 1, true)
  return last and string.match(text, '^(%a+) ', last + 1)
end

local function verdict_on(parent, ended, allows_failure, policies)
  if ended == 'finished' or ended == 'gone' then return 'met' end
  if not BADLY_ENDED[ended] then return 'wait' end
  local policy = policies and policies ~= '' and policy_for(policies, parent)
  if policy == 'cancel' or policy == 'fail' then return policy end
  if policy == 'run' or (allows_failure and ended == 'failed') then return 'met' end
  return 'wait'
end

-- The status of a job as one that waits for it sees it. A hash without data is no job.
local function status_of(id)
  local fields = try('HMGET', job_key(id), 'status', 'data')
  if not fields or not fields[2] then return 'gone' end
  return fields[1] or 'created'
end

-- Looks at what a child still waits for, and takes out what is met by now: an RQ worker that ended a parent told nobody. Answers 'met' if nothing is left,
-- 'cancel' or 'fail' and the parent that decided it, or 'wait'.
local function look_at_parents(child, allows_failure, policies)
  local parents = try('SRANDMEMBER', pending_key(child), LONGEST_LOOK) or {}
  table.sort(parents)
  local answer, because = 'met', nil
  for _, parent in ipairs(parents) do
    local verdict = verdict_on(parent, status_of(parent), allows_failure, policies)
    if verdict == 'met' then
      redis.call('SREM', pending_key(child), parent)
      try('SREM', dependents_key(parent), child)
    elseif answer ~= 'cancel' and answer ~= 'fail' then
      answer, because = verdict, parent
    end
  end
  if answer == 'met' and redis.call('EXISTS', pending_key(child)) == 1 then return 'wait' end
  return answer, because
end
