-- A tick of a cron job becomes a job in its queue, once over all processes that have the cron job. Without a tick: somebody wants a run of it now.
-- From: no such job, or any state (a job of this id starts over)
-- To: queued
-- KEYS: 1 job hash, 2 queue list, 3 set of queues, 4 what is known of the cron job, 5 switch of its name, 6 history of its name, 7 names by their last run
-- ARGV: 1 id, 2 queue, 3 nonce of the call, 4 back | front, 5 ttl in seconds or '', 6 '', 7 name of the cron job, 8 its tick in seconds or '' for a run now,
--   9 most entries of the history, 10 seconds the history is kept, 11... field, value, ...
-- Reply: {ok, status, enqueued_at} | {replay, status} (this very call was carried out) | {dup, ''} (that tick, or a later one, has its job) | {paused, ''}
--   | {early, ''} | {unknown, ''} (nobody registered the cron job, or it was forgotten) | {badtype, the key that holds something else}
-- Atomic: the job and the note that this tick has one; of any number of processes, and of calls sent again, exactly one makes a job of a tick.
-- include: try server_time dates expiry enter_job
local known, switch, history, names = KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local job = {id = ARGV[1], queue = ARGV[2], nonce = ARGV[3], where = ARGV[4], ttl = ARGV[5], unique = ARGV[6], first = 11, last = #ARGV}
local name, tick = ARGV[7], tonumber(ARGV[8])

local now = server_time()

-- Answers why a tick has no job to come; nothing if it has.
local function check_tick()
  local state = try('HMGET', known, 'since', 'last', 'resumed')
  local switched = try('HMGET', switch, 'paused', 'resumed')
  if not state then return {'badtype', known} end
  if not switched then return {'badtype', switch} end
  if not state[1] then return {'unknown', ''} end
  if tick <= (tonumber(state[2] or '') or -1) then return {'dup', ''} end
  if switched[1] or tick <= (tonumber(switched[2] or state[3] or '') or -1) then return {'paused', ''} end
  if tick > now then return {'early', ''} end
end

job.note = try('GET', ended_key(job.id))
local refusal, old = check_entry(job)
if refusal then return refusal[1] == 'dup' and {'replay', refusal[2]} or refusal end
refusal = tick and check_tick()
if refusal then return refusal end

local answer = enter_job(now, iso_date(now), job, old, redis.call)
if tick then redis.call('HSET', known, 'last', ARGV[8]) end
if try('ZADD', history, seconds_text(now), job.id) then
  redis.call('ZREMRANGEBYRANK', history, 0, -1 - tonumber(ARGV[9]))
  expire_after(history, tonumber(ARGV[10]))
end
try('ZADD', names, seconds_text(now), name)
return answer
