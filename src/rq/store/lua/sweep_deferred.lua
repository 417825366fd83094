-- Looks at some jobs that wait for others, and lets go on those that wait for nothing any more: an RQ worker ended the parent, or the parent expired, and
-- nobody told them. Forgets those that do not wait.
-- From: deferred
-- To: queued | scheduled | canceled | failed | no such job (failed, with failure_ttl 0), or still deferred
-- KEYS: 1 deferred registry
-- ARGV: 1 rank of the first entry to look at, 2 most entries
-- Reply: {ok, entries that went, rank to go on at ('': that was the end)}
-- Atomic: a job is deferred or somewhere else, never both and never neither.
-- include: try server_time dates expiry places tell schedule results releases keep_job parents release_child
local first, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local children = try('ZRANGE', KEYS[1], first, first + limit - 1) or {}
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local now, gone = server_time(), 0
for _, id in ipairs(children) do
  local fields = read_child(id)
  if not fields then
    redis.call('ZREM', KEYS[1], id)
    if redis.call('EXISTS', job_key(id)) == 0 then forget_parents(id) else redis.call('DEL', pending_key(id)) end
    gone = gone + 1
  else
    find_pending(id)
    local verdict, parent = look_at_parents(id, fields.allows_failure, fields.policies)
    if carry_out(now, id, fields, verdict, parent) ~= 'wait' then gone = gone + 1 end
  end
end
if #children < limit then return {'ok', gone, ''} end
return {'ok', gone, first + limit - gone}
