-- Tells those who wait for a job that it ended, by hand: whoever ends a job by a script has told them in the same step.
-- From: deferred
-- To: queued | scheduled | canceled | failed, or still deferred
-- KEYS: 1 set of dependents
-- ARGV: 1 the job, 2 how it ended, or '' for what its hash says
-- Reply: {ok, 'later' if workers are to tell them because they are many, or ''}
-- Atomic: a child goes on once, however often the call is sent.
-- include: try server_time dates expiry places results releases keep_job parents release_child dependents
local id, ended = ARGV[1], ARGV[2]
if ended == '' then ended = status_of(id) end
-- A job that has not ended is about to, and well: that is why somebody calls.
if ended ~= 'gone' and not BADLY_ENDED[ended] then ended = 'finished' end
return {'ok', release_dependents(server_time(), id, ended)}
