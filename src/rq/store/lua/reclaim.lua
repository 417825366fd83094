-- Takes back jobs of one queue whose lease ran out, as far as the caller has watched them unchanged for long enough; and says what to watch next.
-- From: started, lease expired
-- To: queued (at the head), or failed after too many crashes, or no such job (failure_ttl 0)
-- KEYS: 1 registry of started jobs, 2 queue list, 3 failed registry
-- ARGV: 1 queue, 2 most suspects to name, 3 most crashes, 4 reason for people, 5 exception as RQ stores it, 6 failure_ttl in seconds, 7 the caller's lease,
--   8... member, score, seconds the caller has seen this score unchanged, ...
-- Reply: {ok, reclaimed (flat: id, requeued | failed), suspects (flat: member, score), how many entries have run out}
-- Atomic: an entry whose score changed since the caller saw it is left alone, so that a jump of the server's clock takes nothing from the living.
-- include: try number server_time dates expiry leases places tell schedule results releases keep_job parents release_child dependents crash_job
local wip = KEYS[1]
local queue, limit, own_lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[7])
local policy = {letter = 'A', most = tonumber(ARGV[3]), reason = ARGV[4], exc = ARGV[5], failure_ttl = tonumber(ARGV[6])}
local RQ_BEAT = 35  -- an RQ worker writes its lease every 30 seconds

local now = server_time()

-- Half a lease is more than a heartbeat interval (a third of it): whoever lives has written a new score by then. So a lease that ends later than any
-- that could be written now is a dead worker's too: the server's clock was set back since.
local function is_expired(id, execution, score, seen_seconds)
  local fields = try('HMGET', job_key(id), 'x_execution', 'worker_name')
  if not fields or fields[1] ~= execution then return score <= now and seen_seconds >= RQ_BEAT end
  local lease = fields[2] and number_of(try('HGET', held_key(fields[2]), 'lease')) or own_lease
  local ends_at = score - SCORE_MARGIN
  return (ends_at <= now or ends_at > now + lease) and seen_seconds >= lease / 2
end

local reclaimed = {}
for i = 8, #ARGV, 3 do
  local member, seen_score, seen_seconds = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local score = tonumber(try('ZSCORE', wip, member) or '')
  if score and math.abs(score - seen_score) < 0.0005 then
    local id, execution = split_member(member)
    if is_expired(id, execution, score, seen_seconds) then
      local entry = try('HMGET', execution_key(id, execution), 'created_at', 'worker_name') or {}
      redis.call('ZREM', wip, member)  -- as it stands: a member without a colon is an id alone, as old versions of RQ wrote it
      end_lease(queue, id, execution, entry[2])
      local code = crash_job(now, queue, id, execution, entry[1], policy)
      if code ~= 'dropped' then
        table.insert(reclaimed, id)
        table.insert(reclaimed, code)
      end
    end
  end
end
local overdue = try('ZCOUNT', wip, '-inf', now + SCORE_MARGIN) or 0
return {'ok', reclaimed, try('ZRANGE', wip, 0, limit - 1, 'WITHSCORES') or {}, overdue}
