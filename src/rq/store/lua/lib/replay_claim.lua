-- What a claim gave that was sent again: the jobs that the worker runs under the executions which the call names.
local function replay_claim(claim)
  local place_of, found, jobs = {}, {}, {}
  for place, execution in ipairs(claim.executions) do place_of[execution] = place end
  local held = redis.call('HGETALL', held_key(claim.worker))
  for i = 1, #held, 2 do
    if string.sub(held[i], 1, 5) == 'held:' then
      local id, execution = split_member(string.sub(held[i], 6))
      if place_of[execution] and try('HGET', job_key(id), 'x_execution') == execution then
        found[place_of[execution]] = describe_job(held[i + 1], id, execution)
      end
    end
  end
  for place = 1, #claim.executions do
    if found[place] then table.insert(jobs, found[place]) end
  end
  return {'replay', jobs, '', 0}
end
