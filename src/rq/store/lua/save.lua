-- Writes fields of a job as whoever has it in memory wants them, its status among them. Nothing else follows: the job stays in the places it stands in.
-- From: no such job | any state
-- To: created | queued | finished | failed | started | deferred | scheduled | stopped | canceled, as the caller says
-- KEYS: 1 job hash
-- ARGV: 1 create | update (a job that is gone stays gone) | new (only if there is no such job), 2... field, value, ...
-- Reply: {ok} | {gone} | {exists} | {badtype}
-- Atomic: the fields are written together, and never into a hash that was deleted meanwhile.
-- include: try
local job, how = KEYS[1], ARGV[1]

if try('HLEN', job) == nil then return {'badtype'} end
local exists = redis.call('EXISTS', job) == 1
if how == 'update' and not exists then return {'gone'} end
if how == 'new' and exists then return {'exists'} end
redis.call('HSET', job, unpack(ARGV, 2))
return {'ok'}
