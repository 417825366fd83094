-- Takes out of groups the ids of jobs that exist no more, and forgets the names of groups that have no jobs left.
-- From: no such job
-- To: no such job
-- KEYS: 1 set of groups
-- ARGV: 1 most ids to look at, 2 cursor among the names of groups, 3 cursor among the ids of the first of these groups, 4 and on: names of groups to look at
--   before others
-- Reply: {ok, ids taken out, then where to go on, as in ARGV from 2 on (nothing: that was the end)}
-- Atomic: an id leaves in the step in which its job is seen to be gone; a job that is enqueued at the same moment stays.
-- include: try
local limit, next_names, cursor = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local NAMES_AT_ONCE = 10
local IDS_AT_ONCE = 100

redis.call('DEL', nothing_key())  -- a first write that is never refused for lack of memory
local names, looked, gone = {}, 0, 0
for i = 4, #ARGV do names[#names + 1] = ARGV[i] end
if #names == 0 then
  local page = try('SSCAN', KEYS[1], next_names, 'COUNT', NAMES_AT_ONCE) or {'0', {}}
  next_names, names = page[1], page[2]
end

-- Looks at some ids of a group. Answers where to go on in it.
local function sweep_some(name, from)
  local found = try('SSCAN', group_key(name), from, 'COUNT', IDS_AT_ONCE) or {'0', {}}
  for _, id in ipairs(found[2]) do
    if redis.call('EXISTS', job_key(id)) == 0 then gone = gone + redis.call('SREM', group_key(name), id) end
  end
  looked = looked + #found[2] + 1
  return found[1]
end

while #names > 0 and looked < limit do
  cursor = sweep_some(names[1], cursor)
  if cursor == '0' then
    if redis.call('EXISTS', group_key(names[1])) == 0 then try('SREM', KEYS[1], names[1]) end
    table.remove(names, 1)
  end
end
local reply = {'ok', gone}
if #names == 0 and next_names == '0' then return reply end
reply[3], reply[4] = next_names, cursor
for _, name in ipairs(names) do reply[#reply + 1] = name end
return reply
