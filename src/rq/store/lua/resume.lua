-- Lets jobs of queues, or at workers, begin again.
-- From: any state
-- To: the same
-- KEYS: 1 the set of what is paused
-- ARGV: 1... queue:NAME | worker:NAME
-- Reply: {ok, how many of them were paused}
-- Atomic: a claim sees all of them paused or none.
-- include: try server_time tell
local paused = KEYS[1]
local now, ended = server_time(), 0
for _, member in ipairs(ARGV) do
  local ends = tonumber(try('ZSCORE', paused, member) or '')
  if ends and ends > now then ended = ended + 1 end
  try('ZREM', paused, member)
  local queue = string.match(member, '^queue:(.*)$')
  if queue then tell(wakes_key(queue), 'resumed') end
end
return {'ok', ended}
