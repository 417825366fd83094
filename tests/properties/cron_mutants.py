"""Faults to seed into what makes jobs of ticks. See `mutants`."""

from __future__ import annotations

NOTHING = ""

CRON_MUTANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "a tick makes a job for each process": (("  if tick <= (tonumber(state[2] or '') or -1) then return {'dup', ''} end\n", NOTHING),),
    "it is not noted that a tick has its job": (("if tick then redis.call('HSET', known, 'last', ARGV[8]) end", NOTHING),),
    "a run now is taken for a tick": (("if tick then redis.call('HSET', known, 'last', ARGV[8]) end", "redis.call('HSET', known, 'last', ARGV[8])"),),
    "a tick of a pause makes a job": (("if switched[1] or tick <=", "if tick <="),),
    "a tick of a pause makes a job afterwards": (("tick <= (tonumber(switched[2] or state[3] or '') or -1) then return {'paused', ''}", "false then return"),),
    "it is forgotten with the switch that there was a pause": (("redis.call('HSET', known, 'resumed', resumed)", NOTHING),),
    "a tick that is still to come makes a job": (("  if tick > now then return {'early', ''} end\n", NOTHING),),
    "a tick of an unknown cron job makes a job": (("  if not state[1] then return {'unknown', ''} end\n", NOTHING),),
    "a cron job that is registered again begins anew": (("redis.call('HSETNX', known, 'since'", "redis.call('HSET', known, 'since'"),),
    "a history lacks a job": (("if try('ZADD', history, seconds_text(now), job.id) then", "if false then"),),
    "since when it is paused moves on": (("if paused[1] then return {'dup'} end", NOTHING),),
    "a beat does not say that a process was forgotten": (("  code = 'unknown'\nend\nexpire_after", "end\nexpire_after"),),
}
