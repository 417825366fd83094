-- Where a worker that is gone was, and when it was last heard of, as the end of a sentence for people. Its hash may have expired before its lease did.
local function last_seen(worker)
  local seen = try('HMGET', worker_key(worker), 'hostname', 'pid', 'last_heartbeat') or {}
  local words = worker
  if seen[1] then words = words .. ' on ' .. seen[1] end
  if seen[2] then words = words .. ', pid ' .. seen[2] end
  if seen[3] then words = words .. ', last heard of at ' .. seen[3] end
  return ' (' .. words .. ')'
end
