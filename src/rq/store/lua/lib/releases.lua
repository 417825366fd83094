-- Notes about jobs that ended while many wait for them. Workers carry a note out, a hundred at a time (`release_dependents`); until then neither the note nor
-- the set of dependents may be lost, even if the job itself is gone.
local function release_later(parent, ended)
  if redis.call('EXISTS', dependents_key(parent)) == 1 then redis.call('HSET', releases_key(), parent, ended .. ' 0') end
end

local function is_being_released(id)
  return try('HEXISTS', releases_key(), id) == 1
end
