-- Takes a worker off the list of all workers and off those of its queues.
-- From: -
-- To: -
-- KEYS: 1 set of workers, 2... sets of workers of its queues
-- ARGV: 1 the key of the worker's hash
-- Reply: {ok}
-- Atomic: the worker is on none of the lists afterwards, and nobody sees it on some of them.
-- include: try
for _, list in ipairs(KEYS) do try('SREM', list, ARGV[1]) end
return {'ok'}
