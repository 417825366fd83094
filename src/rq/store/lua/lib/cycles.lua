-- Says whether a job would wait for itself. Past that, only a job that others wait for already can: a new one costs one question. Answers 'cycle', 'deep' (the
-- chain is too long to follow), or nothing.
local MOST_VISITED = 10000

local function waited_for_by(id)
  local pending = try('SMEMBERS', pending_key(id)) or {}
  if #pending == 0 and try('HGET', job_key(id), 'status') == 'deferred' then pending = try('SMEMBERS', dependencies_key(id)) or {} end
  return pending
end

local function find_cycle(job)
  local seen, todo = {}, {}
  for i = job.first_parent, job.last_parent do
    if ARGV[i] == job.id then return 'cycle' end
    todo[#todo + 1] = ARGV[i]
  end
  if redis.call('EXISTS', dependents_key(job.id)) == 0 then return nil end
  local at = 1
  while todo[at] do
    local visited = todo[at]
    if visited == job.id then return 'cycle' end
    if at > MOST_VISITED then return 'deep' end
    if not seen[visited] then
      seen[visited] = true
      for _, parent in ipairs(waited_for_by(visited)) do todo[#todo + 1] = parent end
    end
    at = at + 1
  end
end
