-- A job stands in one place. This takes it out of where it was.
local REGISTRY_OF = {
  finished = finished_key, failed = failed_key, stopped = failed_key, deferred = deferred_key, scheduled = scheduled_key, canceled = canceled_key,
}

local function leave_place(status, queue, id)
  local registry = REGISTRY_OF[status]
  if registry then
    try('ZREM', registry(queue), id)
  elseif status == 'queued' and (try('LLEN', queue_key(queue)) or math.huge) <= LONGEST_SEARCH then
    redis.call('LREM', queue_key(queue), 1, id)
  end
end
