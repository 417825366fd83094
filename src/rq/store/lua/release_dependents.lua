-- Tells some more of those who wait for an ended job that it ended: what an exit, a cancellation or a deletion left for later because there are many.
-- From: deferred
-- To: queued | scheduled | canceled | failed | no such job (failed, with failure_ttl 0), or still deferred
-- KEYS: 1 set of dependents of the ended job, 2 notes about ended jobs
-- ARGV: 1 the ended job
-- Reply: {more | done, children that went on}
-- Atomic: a child goes on once, whoever calls and however often; the note goes when everybody has been told, so a crash in between costs a repetition.
-- include: try server_time dates expiry places tell schedule results releases keep_job parents release_child dependents
local dependents, notes = KEYS[1], KEYS[2]
local parent = ARGV[1]

local note = try('HGET', notes, parent)
if not note then return {'done', 0} end
local ended, cursor = string.match(note, '^(%a+) (%d+)$')
local found = ended and #cursor < 20 and try('SSCAN', dependents, cursor, 'COUNT', MOST_AT_ONCE) or {'0', {}}
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local now, count = server_time(), 0
for _, id in ipairs(in_order_of_waiting(found[2])) do
  if release_child(now, parent, ended, id) then count = count + 1 end
end
if found[1] ~= '0' then
  redis.call('HSET', notes, parent, ended .. ' ' .. found[1])
  return {'more', count}
end
redis.call('HDEL', notes, parent)
keep_dependents_as_long_as(parent)
return {'done', count}
