-- Takes ids whose job does not exist out of a queue, some entries at a time. The others stay in their order, and so does what is enqueued meanwhile.
-- From: -
-- To: -
-- KEYS: 1 queue list
-- ARGV: 1 rank of the first entry to look at, 2 most entries
-- Reply: {more, rank to go on at} | {done} | {badtype}
-- Atomic: an id leaves the list only while there is no job of it.
-- include: try
local queue, first, limit = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local NOBODY = ''  -- no id

local entries = try('LRANGE', queue, first, first + limit - 1)
if not entries then return {'badtype'} end
if #entries == 0 then return {'done'} end
redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local gone = 0
for i, id in ipairs(entries) do
  if redis.call('EXISTS', job_key(id)) == 0 then
    redis.call('LSET', queue, first + i - 1, NOBODY)
    gone = gone + 1
  end
end
-- From the head, so that it costs no more than the entries that were looked at.
if gone > 0 then redis.call('LREM', queue, gone, NOBODY) end
if #entries < limit then return {'done'} end
return {'more', first + #entries - gone}
