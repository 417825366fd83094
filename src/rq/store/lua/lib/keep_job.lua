-- How long an ended job stays: 0 deletes it at once, a negative number keeps it for ever. `forever` is the score of a registry entry without end (RQ: +inf
-- among the finished, -1 among the failed). A deleted job leaves a note for a minute, so that a message sent again after a lost reply (the enqueue call's
-- nonce, the attempt's outcome) is still recognized. Without a registry the job is listed nowhere. A registry that is no sorted set lacks the entry: the job's own hash says how it ended.
local NOTE_SECONDS = 60

local function delete_job(id, last, enqueue_nonce)
  redis.call('DEL', job_key(id), dependencies_key(id), pending_key(id), results_key(id), executions_key(id))
  if not is_being_released(id) then redis.call('DEL', dependents_key(id)) end
  redis.call('SET', ended_key(id), last .. ' ' .. (enqueue_nonce or ''), 'EX', NOTE_SECONDS)
end

-- Those who wait for an ended job may still hope (it can be requeued), as long as it stays.
local function keep_dependents_as_long_as(id)
  if is_being_released(id) then return end
  local ttl = redis.call('TTL', job_key(id))
  if ttl == -2 then redis.call('DEL', dependents_key(id)) elseif ttl >= 0 then expire_after(dependents_key(id), ttl) end
end

local function keep_job(now, id, registry, ttl, forever)
  redis.call('DEL', pending_key(id))  -- still there if an RQ worker let the job go on: it knows nothing of this key
  if ttl < 0 then
    if registry then try('ZADD', registry, forever, id) end
    redis.call('PERSIST', job_key(id))
  else
    if registry then try('ZADD', registry, math.floor(now) + ttl, id) end
    expire_after(job_key(id), ttl)
    if not is_being_released(id) then expire_after(dependents_key(id), ttl) end
    expire_after(dependencies_key(id), ttl)
  end
end
