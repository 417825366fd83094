-- Takes those of the given workers that have no hash any more off the list of all workers and off that of one queue.
-- From: -
-- To: -
-- KEYS: 1 set of workers of the queue, 2 set of workers
-- ARGV: 1... the keys of the workers' hashes, at most a thousand
-- Reply: {ok, workers forgotten}
-- Atomic: a worker that registers again meanwhile is not forgotten.
-- include: try
local forgotten = 0
for _, worker in ipairs(ARGV) do
  if redis.call('EXISTS', worker) == 0 then
    try('SREM', KEYS[1], worker)
    try('SREM', KEYS[2], worker)
    forgotten = forgotten + 1
  end
end
return {'ok', forgotten}
