-- Lets no job of a queue begin, or none at a worker, for some time or until `resume`. Jobs that run go on, and jobs can be enqueued.
-- From: any state
-- To: the same
-- KEYS: 1 the set of what is paused
-- ARGV: 1 seconds, or '' for no end, 2... queue:NAME | worker:NAME
-- Reply: {ok, how many of them were paused already}
-- Atomic: no claim after the reply takes such a job, that of a worker which waits already included.
-- include: try server_time
local paused, seconds = KEYS[1], tonumber(ARGV[1])
local now, known = server_time(), 0
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
if try('ZREMRANGEBYSCORE', paused, '-inf', now) == nil then redis.call('DEL', paused) end
for i = 2, #ARGV do
  if redis.call('ZADD', paused, seconds and now + seconds or '+inf', ARGV[i]) == 0 then known = known + 1 end
end
-- When the last pause has ended there is no set any more, and no claim looks into it.
local last = tonumber(redis.call('ZREVRANGE', paused, 0, 0, 'WITHSCORES')[2] or 0)
if last < math.huge then redis.call('EXPIRE', paused, math.ceil(last - now) + 1) else redis.call('PERSIST', paused) end
return {'ok', known}
