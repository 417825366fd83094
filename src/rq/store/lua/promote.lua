-- Moves scheduled jobs that are due to their queue, in due order. While more are due than one call may move, one worker comes again and again; the others would
-- only keep the server busy, and are told to come later. It need not live: its turn ends by itself.
-- Gives back, too, what woke a waiting worker and still lies where it was caught: the claim behind the wait was not carried out (the server had forgotten the
-- script, say), and the worker, busy, does not look.
-- From: scheduled
-- To: queued (an id whose job is gone, or is scheduled no longer, is dropped)
-- KEYS: 1 scheduled registry, 2 queue list, 3 whose turn it is, 4 the list of ids that were caught from the queue
-- ARGV: 1 queue, 2 most jobs in one call, 3 worker, or '' for one who does not heed turns
-- Reply: {ok, ids moved or dropped, milliseconds until the next one is due, or until the caller should come again, or ''}
-- Atomic: a job is in the registry or in the queue, never in both; any number of workers may call at once.
-- include: try server_time dates places promote_due turn
local turn = KEYS[3]
local queue, limit, worker = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local now, heeds_turns = server_time(), worker ~= ''
if redis.call('EXISTS', KEYS[4]) == 1 then
  -- include: give_back
  give_back_caught({queue})
end
if heeds_turns and is_anothers_turn(now, turn, worker) then return {'ok', 0, TURN_SECONDS * 1000} end
local moved, next_due = promote_due(now, queue, limit)
if heeds_turns and next_due and next_due <= now then keep_turn(now, turn, worker) end
return {'ok', moved, milliseconds_until(now, next_due)}
