-- What woke waiting workers lies, until the claims behind their waits are carried out, in one list for each queue, in the order in which it stood there. It
-- belongs to the head of that queue, whichever worker caught it: whoever claims first takes from it first, and gives back what is left, in its order.
local MOST_CAUGHT = 1000  -- one for each connection that waits, so hardly ever more; what is left goes back with the next call

-- Takes the ids that were caught from a queue, the one that stood first in it first. Whatever happens then, they must go on from here.
local function take_caught(queue)
  return try('LPOP', caught_key(queue), MOST_CAUGHT) or {}
end

-- Puts such ids back, from the one at index `first` on.
local function give_back(queue, ids, first)
  if first > #ids then return end
  local reversed = {}
  for i = #ids, first, -1 do table.insert(reversed, ids[i]) end
  if not try('LPUSH', queue_key(queue), unpack(reversed)) then
    -- include: places
    for _, id in ipairs(reversed) do set_aside(queue, id, 'its queue is not a list') end
  end
end

-- Puts all ids back that were caught from some queues. Answers how many.
local function give_back_caught(queues)
  local given_back = 0
  for _, queue in ipairs(queues) do
    local ids = take_caught(queue)
    give_back(queue, ids, 1)
    given_back = given_back + #ids
  end
  return given_back
end
