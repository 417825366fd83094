-- A job ended: those who wait for it go on in the same step, if they are few; many are left to the workers (see releases). Children go on in the order in
-- which they began to wait.
local MOST_AT_ONCE = 100

local function in_order_of_waiting(children)
  local since = {}
  for _, id in ipairs(children) do
    local origin = try('HGET', job_key(id), 'origin') or ''
    since[id] = tonumber(try('ZSCORE', deferred_key(origin), id) or '') or 0
  end
  table.sort(children, function(a, b) return since[a] < since[b] or (since[a] == since[b] and a < b) end)
  return children
end

-- Answers 'later' if they are left to the workers.
local function release_dependents(now, parent, ended)
  local count = try('SCARD', dependents_key(parent)) or 0
  if count == 0 then return '' end
  -- include: places tell schedule parents release_child
  ended = first_ending(parent, ended)
  if count > MOST_AT_ONCE then
    release_later(parent, ended)
    return 'later'
  end
  for _, id in ipairs(in_order_of_waiting(redis.call('SMEMBERS', dependents_key(parent)))) do release_child(now, parent, ended, id) end
  return ''
end
