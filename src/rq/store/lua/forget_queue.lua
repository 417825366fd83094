-- Takes a queue out of the set of queues.
-- From: -
-- To: -
-- KEYS: 1 queue list, 2 set of queues
-- ARGV: 1 '1': the ids that wait in it are dropped; otherwise a queue in which some wait stays
-- Reply: {ok} | {waiting}
-- Atomic: a job that was enqueued meanwhile is not lost.
-- include: try
if ARGV[1] ~= '1' and redis.call('EXISTS', KEYS[1]) == 1 then return {'waiting'} end
redis.call('UNLINK', KEYS[1])  -- it may be long: the server throws it away beside its other work
try('SREM', KEYS[2], KEYS[1])
return {'ok'}
