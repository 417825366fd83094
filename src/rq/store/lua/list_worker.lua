-- Puts a worker on the list of all workers and on those of its queues.
-- From: -
-- To: -
-- KEYS: 1 set of workers, 2... sets of workers of its queues
-- ARGV: 1 the key of the worker's hash
-- Reply: {ok} | {badtype}
-- Atomic: the worker is on all lists or on none.
-- include: try
for _, list in ipairs(KEYS) do
  if not try('SCARD', list) then return {'badtype'} end
end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
for _, list in ipairs(KEYS) do redis.call('SADD', list, ARGV[1]) end
return {'ok'}
