-- Lists a job among those that wait, and with each job that it waits for. By hand: whoever enqueues a job by a script has listed it in the same step.
-- From: -
-- To: -
-- KEYS: 1 deferred registry, 2 the jobs it waits for
-- ARGV: 1 id, 2... the jobs it waits for
-- Reply: {ok}
-- Atomic: it is listed on both sides.
-- include: server_time
local id = ARGV[1]
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
redis.call('ZADD', KEYS[1], math.floor(server_time()), id)
for i = 2, #ARGV do
  redis.call('SADD', KEYS[2], ARGV[i])
  redis.call('SADD', dependents_key(ARGV[i]), id)
end
return {'ok'}
