"""Faults to seed into what operators may do, and into what jobs mean for one another. See `mutants`."""

from __future__ import annotations

NOTHING = ""

FAMILY_MUTANTS: dict[str, tuple[tuple[str, str], ...]] = {
    # --- those who wait are told ---
    "those who wait are not told of a success": (("later = release_dependents(now, id, 'finished')", NOTHING),),
    "those who wait are not told of a failure": (("later = release_dependents(now, id, status)", NOTHING),),
    "those who wait are not told of the last crash": (("release_dependents(now, id, 'failed')", NOTHING),),
    "those who may go on after a cancel are told of a cancel": (("lets_go_on and 'finished' or 'canceled'", "'canceled'"),),
    "those who wait are not told of a deletion": (("release_dependents(now, id, 'gone')", NOTHING),),
    "those who wait are not told of a purge": (("release_later(id, 'gone')", NOTHING),),
    "those who wait for a child that ended with its parent are not told": (("release_later(id, status)", NOTHING),),
    "many are told at once": (("if count > MOST_AT_ONCE then", "if false then"),),
    "whoever left a note does not say so": (("    return 'later'\n", "    return ''\n"),),
    "a note stays when it was carried out": (("redis.call('HDEL', notes, parent)", NOTHING),),
    "a deleted job forgets those who are told later": (
        ("if not is_being_released(id) then redis.call('DEL', dependents_key(id)) end", "redis.call('DEL', dependents_key(id))"),
    ),
    "those who wait for a failed job are remembered for ever": (("if not is_being_released(id) then expire_after(dependents_key(id), ttl) end", NOTHING),),
    "those who wait for a job that starts over are forgotten": (("redis.call('PERSIST', dependents_key(job.id))", NOTHING),),
    # --- what that means for them ---
    "the first parent's end is enough": (("    verdict, parent = look_at_parents(id, fields.allows_failure, fields.policies)", NOTHING),),
    "a child that went on stays deferred": (("try('ZREM', deferred_key(queue), id)", NOTHING),),
    "a child goes on again": (("if not fields or fields[1] ~= 'deferred' then return nil end", "if not fields then return nil end"),),
    "a child that is due later goes on at once": (("if due and due > now then", "if false then"),),
    "a child shares no fate": (("if policy == 'cancel' or policy == 'fail' then return policy end", NOTHING),),
    "no failure is allowed": (("(allows_failure and ended == 'failed')", "false"),),
    "every failure is allowed": (("(allows_failure and ended == 'failed')", "ended == 'failed'"),),
    "a job may wait for its child": (("if cycle then return {cycle, ''} end", NOTHING),),
    "a job may wait for itself": (("if ARGV[i] == job.id then return 'cycle' end", NOTHING),),
    "a job enqueued anew waits for its old parents": (
        ("redis.call('DEL', job_key(job.id), pending_key(job.id), dependencies_key(job.id))", "redis.call('DEL', job_key(job.id))"),
    ),
    "a sweep lets go on whom RQ deferred": (("    find_pending(id)\n    local verdict", "    local verdict"),),
    "those who wait hear of the end before a new beginning": (("if has_releases then try('HDEL', releases_key(), id) end", NOTHING),),
    "those who wait hear of the end before a requeue": (("try('HDEL', releases_key(), id)  -- whoever", "-- whoever"),),
    "a success of a repeated job is forgotten": (("ended = first_ending(parent, ended)", NOTHING),),
    "a sweep goes on one entry too far": (("return {'ok', gone, first + limit - gone}", "return {'ok', gone, first + limit}"),),
    # --- operators ---
    "a late delete deletes a new job": (("if note and string.find(note, ':X ' .. nonce .. ' ', 1, true) then return {'dup', ''} end", NOTHING),),
    "a deleted job stays in its group": (("try('SREM', group_key(fields[5]), id)", NOTHING),),
    "an empty group stays": (("if redis.call('EXISTS', group_key(fields[5])) == 0 then try('SREM', KEYS[2], fields[5]) end", NOTHING),),
    "a deleted job's attempt keeps its lease": (("end_executions(id, queue, fields[2] or nil, fields[4] or nil)", NOTHING),),
    "a deleted job's parents still name it": (("forget_parents(id)\nrelease_dependents", "release_dependents"),),
    "a stop names no attempt": (("if fields[2] then redis.call('HSET', KEYS[1], 'x_stop', fields[2] .. ' ' .. ARGV[3]) end", NOTHING),),
    "a unique job enters twice": (("if job.unique == '1' and", "if false and"),),
    "a requeue sent again is another one": (("if fields[3] == nonce then return {'dup', status} end", NOTHING),),
    "a requeue asks no registry": (("if not try('ZSCORE', registry, id) then return {'absent', status} end", NOTHING),),
    "a requeued child still waits": (("redis.call('DEL', pending_key(id))\ntry('HDEL', releases_key(), id)", "try('HDEL', releases_key(), id)"),),
    # --- repetitions, asked retries, deliveries ---
    "repetitions are not counted": (("> 0 and try('HINCRBY', job, 'repeats_left', -1)", "> 0"),),
    "asked retries are not counted": (("asked = 1}", "asked = 0}"),),
    "a job that asked too often has merely failed": (("exhausted = 5}", "exhausted = 2}"),),
    "a success is not told to others": (("deliver_later(now, execution, ARGV[8])", NOTHING),),
    "a failure is not told to others": (("deliver_later(now, execution, ARGV[13])", NOTHING),),
    "a delivery is taken twice": (("redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), name)", NOTHING),),
    "a delivery that is done with comes back": (("if try('HEXISTS', KEYS[2], ARGV[1]) == 1 then", "if true then"),),
}
