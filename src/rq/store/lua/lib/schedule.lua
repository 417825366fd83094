-- Who waits is told of a job that is due before he would look by himself, which every worker does once a second, and when the first job of a queue's schedule
-- is due: so only the first can be news. The number below allows for a worker that is late.
local LONGEST_UNSEEN_SECONDS = 2

local function tell_of_due(now, queue, id, due)
  if due - now > LONGEST_UNSEEN_SECONDS then return end
  if redis.call('ZRANGE', scheduled_key(queue), 0, 0)[1] == id then tell(wakes_key(queue), 'due') end
end

local function schedule_again(now, queue, id, due)
  redis.call('HSET', job_key(id), 'status', 'scheduled')
  if try('ZADD', scheduled_key(queue), due, id) then
    tell_of_due(now, queue, id, due)
  else
    set_aside(queue, id, 'its registry of scheduled jobs is not a sorted set')
  end
end
