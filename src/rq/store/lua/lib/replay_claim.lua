-- What a claim gave that was sent again: the jobs that the worker runs under the executions which the call names; or those that a claim which was left at the
-- server took in its stead, when a job woke the worker.
local function replay_claim(claim)
  local place_of, places, found, jobs = {}, 0, {}, {}
  local function name(execution)
    places = places + 1
    place_of[execution] = places
  end
  for _, execution in ipairs(claim.executions) do name(execution) end
  local held = redis.call('HGETALL', held_key(claim.worker))
  for i = 1, #held, 2 do
    local number, executions = string.match(held[i] == 'woken' and held[i + 1] or '', '^(%d+) (.*)$')
    if tonumber(number) == claim.sequence then
      for execution in string.gmatch(executions, '%S+') do name(execution) end
    end
  end
  for i = 1, #held, 2 do
    if string.sub(held[i], 1, 5) == 'held:' then
      local id, execution = split_member(string.sub(held[i], 6))
      if place_of[execution] and try('HGET', job_key(id), 'x_execution') == execution then
        found[place_of[execution]] = {held[i + 1], id, execution, redis.call('HGETALL', job_key(id))}
      end
    end
  end
  for place = 1, places do
    if found[place] then table.insert(jobs, found[place]) end
  end
  return {'replay', jobs, '', 0}
end
