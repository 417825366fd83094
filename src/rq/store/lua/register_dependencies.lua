-- Lists a job among those that wait, and with each job that it waits for. By hand: whoever enqueues a job by a script has listed it in the same step.
-- From: -
-- To: -
-- KEYS: 1 deferred registry, 2 the jobs it waits for
-- ARGV: 1 id, 2... the jobs it waits for
-- Reply: {ok} | {badtype}
-- Atomic: it is listed on both sides.
-- include: try server_time
local id = ARGV[1]
if not try('ZCARD', KEYS[1]) or not try('SCARD', KEYS[2]) then return {'badtype'} end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
redis.call('ZADD', KEYS[1], math.floor(server_time()), id)
for i = 2, #ARGV do
  redis.call('SADD', KEYS[2], ARGV[i])
  try('SADD', dependents_key(ARGV[i]), id)  -- where that is no set, the sweep of deferred jobs tells the job of the end
end
return {'ok'}
