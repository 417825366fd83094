-- Where a job goes that is to wait in a queue, and where its id goes if it cannot be put anywhere.

-- Past this length a search through the list costs more than it is worth: the entry stays and whoever pops it drops it.
local LONGEST_SEARCH = 100000

-- What to do with a job whose key cannot be read, or whose place cannot hold it: keep its id for a human, with the reason, bounded.
local function set_aside(queue, id, reason)
  if try('LPUSH', bad_key(queue), id .. ' ' .. reason) then redis.call('LTRIM', bad_key(queue), 0, 9999) end
end

local function push_id(queue, id, at_front)
  if not try(at_front and 'LPUSH' or 'RPUSH', queue_key(queue), id) then set_aside(queue, id, 'its queue is not a list') end
end
