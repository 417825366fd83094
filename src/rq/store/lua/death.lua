-- A worker leaves: what it still holds goes back to the head of its queue, no crash counted, and its name is free.
-- From: registered
-- To: dead (the hash stays for a minute)
-- KEYS: 1 presence of workers, 2 the worker's side hash, 3 worker hash
-- ARGV: 1 worker, 2 incarnation
-- Reply: {ok, jobs and caught ids put back} | {unknown}
-- Atomic: nothing is held by a name that nobody bears.
-- include: try server_time dates leases places give_back put_back worker_gone
local held = KEYS[2]
local worker, incarnation = ARGV[1], ARGV[2]
if try('HGET', held, 'incarnation') ~= incarnation then return {'unknown', 0} end
local now = server_time()
local executions, queues = read_held(worker)
local count = give_back_caught(queues)  -- first: what was put back left its queue earlier, and stands before it
for _, item in ipairs(executions) do
  if put_back(item.queue, item.id, item.execution, worker) then count = count + 1 end
end
unregister_worker(now, worker, queues)
return {'ok', count}
