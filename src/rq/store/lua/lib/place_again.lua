-- A job that ran is to run again: after `delay` seconds, or at once. Answers its new status.
local function place_again(now, queue, id, delay, at_front)
  if delay > 0 then
    schedule_again(now, queue, id, now + delay)
    return 'scheduled'
  end
  redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', iso_date(now))
  push_id(queue, id, at_front)
  return 'queued'
end
