"""Faults to seed into what programs do by hand. See `mutants`."""

from __future__ import annotations

NOTHING = ""
TRUE = "if true then"

HAND_MUTANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "a field brings a deleted job back": (("if how == 'update' and not exists then return {'gone'} end", NOTHING),),
    "meta brings a deleted job back": (("if exists == 0 then return {'gone'} end", NOTHING),),
    "a job expires and its sets do not": (
        ("for _, key in ipairs(KEYS) do expire_after(key, tonumber(ARGV[1])) end", "expire_after(KEYS[1], tonumber(ARGV[1]))"),
    ),
    "results written by hand are not counted": (("try('XADD', stream, 'MAXLEN', 10, '*'", "try('XADD', stream, '*'"),),
    "a group forgets jobs that exist": (("if redis.call('EXISTS', job_key(id)) == 0 then gone = gone +", "if true then gone = gone +"),),
    "the name of an empty group stays": (("if redis.call('EXISTS', group_key(names[1])) == 0 then try('SREM', KEYS[1], names[1]) end", NOTHING),),
    "what still has time is forgotten": (("'ZRANGEBYSCORE', KEYS[1], 0, moment,", "'ZRANGEBYSCORE', KEYS[1], 0, '+inf',"),),
    "what is not listed is listed longer": (("try('ZADD', KEYS[1], 'XX', score, ARGV[1])", "try('ZADD', KEYS[1], score, ARGV[1])"),),
    "a compacted queue loses jobs": (("if redis.call('EXISTS', job_key(id)) == 0 then\n    redis.call('LSET'", "if true then\n    redis.call('LSET'"),),
    "a compaction goes on too far on": (("return {'more', first + #entries - gone}", "return {'more', first + #entries}"),),
    "a queue in which jobs wait is forgotten": (("if ARGV[1] ~= '1' and redis.call('EXISTS', KEYS[1]) == 1 then return {'waiting'} end", NOTHING),),
    "a worker is listed in one place": (("for _, list in ipairs(KEYS) do redis.call('SADD', list, ARGV[1]) end", "redis.call('SADD', KEYS[1], ARGV[1])"),),
    "a worker is taken off one list": (("for _, list in ipairs(KEYS) do try('SREM', list, ARGV[1]) end", "redis.call('SREM', KEYS[1], ARGV[1])"),),
    "workers are forgotten that have a hash": (("if redis.call('EXISTS', worker) == 0 then", TRUE),),
    "a lock is taken from its owner": (("elseif holder then\n  return {'taken'}\nend", "end"),),
    "a lock is not its owner's": (("if holder == owner then", "if false then"),),
    "anybody frees a lock": (("if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'taken'} end", NOTHING),),
}
