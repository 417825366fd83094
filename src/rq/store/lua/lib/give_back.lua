-- What woke a waiting worker lies in its lists of caught ids, one for each queue, and belongs to the head of that queue.
local MOST_CAUGHT = 100

-- Takes the ids that were caught from a queue, the one that stood first in it first. Whatever happens then, they must go on from here.
local function take_caught(worker, queue)
  return try('LPOP', caught_key(worker, queue), MOST_CAUGHT) or {}
end

-- Puts such ids back, from the one at index `first` on.
local function give_back(queue, ids, first)
  if first > #ids then return end
  -- include: places
  for i = #ids, first, -1 do push_id(queue, ids[i], true) end
end

-- Puts all ids back that were caught from some queues. Answers how many.
local function give_back_caught(worker, queues)
  local given_back = 0
  for _, queue in ipairs(queues) do
    local ids = take_caught(worker, queue)
    give_back(queue, ids, 1)
    given_back = given_back + #ids
  end
  return given_back
end
