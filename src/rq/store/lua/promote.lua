-- Moves scheduled jobs that are due to their queue, in due order.
-- From: scheduled
-- To: queued (an id whose job is gone, or is scheduled no longer, is dropped)
-- KEYS: 1 scheduled registry, 2 queue list
-- ARGV: 1 queue, 2 most jobs in one call
-- Reply: {ok, ids moved or dropped, milliseconds until the next one is due or ''}
-- Atomic: a job is in the registry or in the queue, never in both; any number of workers may call at once.
-- include: try server_time dates places promote_due
local queue, limit = ARGV[1], tonumber(ARGV[2])
local now = server_time()
local moved, next_due = promote_due(now, queue, limit)
return {'ok', moved, milliseconds_until(now, next_due)}
