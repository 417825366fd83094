-- A job stands in one place. These take it out of where it was and put it where it goes.
local REGISTRY_OF = {
  finished = finished_key, failed = failed_key, stopped = failed_key, deferred = deferred_key, scheduled = scheduled_key, canceled = canceled_key,
}

-- What to do with a job whose key cannot be read, or whose place cannot hold it: keep its id for a human, with the reason, bounded.
local function set_aside(queue, id, reason)
  if try('LPUSH', bad_key(queue), id .. ' ' .. reason) then redis.call('LTRIM', bad_key(queue), 0, 9999) end
end

local function push_id(queue, id, at_front)
  if not try(at_front and 'LPUSH' or 'RPUSH', queue_key(queue), id) then set_aside(queue, id, 'its queue is not a list') end
end

-- Past this length a search through the list costs more than it is worth: the entry stays and whoever pops it drops it.
local LONGEST_SEARCH = 100000

local function leave_place(status, queue, id)
  local registry = REGISTRY_OF[status]
  if registry then
    try('ZREM', registry(queue), id)
  elseif status == 'queued' and (try('LLEN', queue_key(queue)) or math.huge) <= LONGEST_SEARCH then
    redis.call('LREM', queue_key(queue), 1, id)
  end
end
