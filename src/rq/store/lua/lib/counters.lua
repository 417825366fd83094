-- The worker's own statistics, in the same write as the outcome. A worker whose hash is gone is not counted: it registers anew at its next heartbeat.
local function count_attempt(now, worker, counter, started_at, beside)
  local hash = worker_key(worker)
  if redis.call('EXISTS', hash) == 0 then return end
  if not try('HDEL', hash, 'current_job') then return end
  try('HINCRBY', hash, counter, 1)
  try('HINCRBYFLOAT', hash, 'total_working_time', seconds_text(math.max(now - (tonumber(started_at or '') or now), 0)))
  show_rest(hash, beside)
end
