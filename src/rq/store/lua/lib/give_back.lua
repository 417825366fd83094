-- Puts ids that woke a waiting worker, and were not claimed, back to the head of their queue. Answers how many.
local function give_back_caught(worker, queues)
  local given_back = 0
  for _, queue in ipairs(queues) do
    for _ = 1, 100 do
      local id = try('RPOP', caught_key(worker, queue))
      if not id then break end
      push_id(queue, id, true)
      given_back = given_back + 1
    end
  end
  return given_back
end
