-- Notes about jobs that ended while many wait for them. Workers carry a note out, a hundred at a time (`release_dependents`); until then neither the note nor
-- the set of dependents may be lost, even if the job itself is gone. A key that is no hash costs the note: the sweep of deferred jobs finds who waits for nothing.
local function release_later(parent, ended)
  if redis.call('EXISTS', dependents_key(parent)) == 1 then try('HSET', releases_key(), parent, ended .. ' 0') end
end

local function is_being_released(id)
  return try('HEXISTS', releases_key(), id) == 1
end

-- A job that is repeated may end badly before all have heard of its success: for them it has succeeded.
local function first_ending(parent, ended)
  local note = try('HGET', releases_key(), parent)
  return note and string.sub(note, 1, 9) == 'finished ' and 'finished' or ended
end
