-- Says what is paused, to those who look: a worker that waits, a person.
-- From: any state
-- To: the same
-- KEYS: 1 the set of what is paused
-- ARGV: 1 worker or '', 2... queue names
-- Reply: {ok | suspended (everything is, or that worker), those of the queues that are paused by themselves}
-- Atomic: nothing is written.
-- include: try server_time pauses
local now = server_time()
local _, paused = part_queues(now, {unpack(ARGV, 2)})
return {is_suspended(now, ARGV[1]) and 'suspended' or 'ok', paused}
