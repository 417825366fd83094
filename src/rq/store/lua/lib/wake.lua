-- Makes a claim that was left at the server the worker's next one. Answers false if the worker waits no more.
local function wake(claim, last, waiting)
  local since, places = string.match(waiting or '', '^(%d+) ([1-9]%d*)$')
  if not since or tonumber(since) ~= last then return false end
  claim.sequence = last + 1
  for place = #claim.executions, tonumber(places) + 1, -1 do claim.executions[place] = nil end
  claim.note = {'woken', claim.sequence .. ' ' .. table.concat(claim.executions, ' ')}
  return true
end
