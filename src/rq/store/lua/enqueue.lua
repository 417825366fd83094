-- Writes a job and puts it where it belongs: into its queue, or among the scheduled ones.
-- From: no such job, or any state (the job starts over; a running attempt of it goes on, but its status no longer counts)
-- To: queued | scheduled
-- KEYS: 1 job hash, 2 queue list, 3 scheduled registry, 4 set of queues
-- ARGV: 1 id, 2 queue, 3 nonce of the call, 4 back | front | due time in seconds | +seconds from now, 5 ttl in seconds or '', 6... field, value, ...
-- Reply: {ok, status, enqueued_at} | {dup, status} | {badtype, the key that holds something else}
-- Atomic: nobody sees the job in two places or in none; sent again, the call changes nothing.
-- include: try server_time dates expiry places
local job, queue_list, scheduled = KEYS[1], KEYS[2], KEYS[3]
local id, queue, nonce, where, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local at_once = where == 'back' or where == 'front'
local old = try('HMGET', job, 'x_enqueue', 'status', 'x_attempt', 'x_generation', 'origin')
if not old then return {'badtype', job} end
if old[1] == nonce then return {'dup', old[2]} end
if not old[2] then
  local note = try('GET', ended_key(id))
  if note and string.sub(note, -#nonce - 1) == ' ' .. nonce then return {'dup', 'finished'} end
end
if at_once and not try('LLEN', queue_list) then return {'badtype', queue_list} end
if not at_once and not try('ZCARD', scheduled) then return {'badtype', scheduled} end

local now = server_time()
redis.call('SADD', KEYS[4], queue_list)
if old[2] then
  leave_place(old[2], old[5] or queue, id)
  redis.call('DEL', job)
end
local date = iso_date(now)
local fields = {'x_enqueue', nonce, 'x_generation', (tonumber(old[4] or '0') or 0) + 1}
if old[3] then
  table.insert(fields, 'x_attempt')
  table.insert(fields, old[3])
end
for i = 6, #ARGV do fields[#fields + 1] = ARGV[i] end
fields[#fields + 1] = 'status'
fields[#fields + 1] = at_once and 'queued' or 'scheduled'
if at_once then
  fields[#fields + 1] = 'enqueued_at'
  fields[#fields + 1] = date
end
redis.call('HSET', job, unpack(fields))
if ttl ~= '' then expire_after(job, tonumber(ttl)) end
if at_once then
  redis.call(where == 'front' and 'LPUSH' or 'RPUSH', queue_list, id)
  return {'ok', 'queued', date}
end
local due = string.sub(where, 1, 1) == '+' and now + tonumber(where) or where
redis.call('ZADD', scheduled, due, id)
return {'ok', 'scheduled', date}
