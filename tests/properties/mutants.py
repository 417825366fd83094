"""Faults to seed into the scripts: the model test must catch every one of them.

A mutant is a list of edits of a script's assembled text; keys, which are written out there, are named by their functions, as the files name them. A new
transition brings its mutants; an edit whose text is found in no script any more fails its test.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from rq.core.keys import inline_keys
from rq.store.scripts import Script, ScriptLibrary
from tests.properties.cron_mutants import CRON_MUTANTS
from tests.properties.family_mutants import FAMILY_MUTANTS
from tests.properties.hand_mutants import HAND_MUTANTS
from tests.properties.pause_mutants import PAUSE_MUTANTS

Edit = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MutatedLibrary(ScriptLibrary):
    """A library whose scripts bear the edits, each script those whose text it has."""

    edits: tuple[Edit, ...] = ()

    def script(self, name: str) -> Script:
        return _mutated(ScriptLibrary.script(self, name), self.edits)


def edits_of(mutant: str, prefix: str) -> tuple[Edit, ...]:
    """Return the edits of a mutant as scripts with keys of this prefix bear them."""
    return tuple((inline_keys(old, prefix), inline_keys(new, prefix)) for old, new in MUTANTS[mutant])


@lru_cache(maxsize=1024)
def _mutated(script: Script, edits: tuple[Edit, ...]) -> Script:
    text = script.text
    for old, new in edits:
        text = text.replace(old, new)
    return Script(script.name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


NOTHING = ""
FALSE = "if false then"

MUTANTS: dict[str, tuple[Edit, ...]] = {
    # --- owners and outcomes ---
    "an outcome counts whoever sends it": (("if held and fields[1] == execution and fields[3] == 'started' then", "if fields[3] == 'started' then"),),
    "an outcome counts whatever the job's status": (
        ("if held and fields[1] == execution and fields[3] == 'started' then", "if held and fields[1] == execution then"),
    ),
    "an outcome sent again is not recognized": (("if OWN_WORD[ending] then return 'dup', ending end", NOTHING),),
    "a deleted job leaves no note": (("redis.call('SET', ended_key(id), last .. ' ' .. (enqueue_nonce or ''), 'EX', NOTE_SECONDS)", NOTHING),),
    "the outcome of a superseded attempt is not kept": (("if code ~= 'gone' and ttl ~= 0 then", "if code == 'owner' and ttl ~= 0 then"),),
    "an ended attempt leaves its execution": (("redis.call('DEL', execution_key(id, execution))", NOTHING),),
    "an ended attempt stays with its worker": (("if worker then try('HDEL', held_key(worker), 'held:' .. id .. ':' .. execution) end", NOTHING),),
    "a failure that nobody keeps is listed": (("kind ~= 'unrecorded' and failed", "failed"),),
    "retries are not counted": (("local STEP = {retried = -1, asked = 1}", "local STEP = {retried = 0, asked = 0}"),),
    "a retry does not wait": (("if delay > 0 then", FALSE),),
    "a finished job never expires": (("expire_after(job_key(id), ttl)", NOTHING),),
    "a job kept for ever expires": (("redis.call('PERSIST', job_key(id))", NOTHING),),
    "a finished job keeps the wish to stop it": (("'x_execution', 'x_stop', 'x_crashes', 'x_reason')", "'x_execution', 'x_crashes', 'x_reason')"),),
    "eleven results are kept": (("'MAXLEN', 10,", "'MAXLEN', 11,"),),
    "a late put-back touches the worker": (("else\n  return {code, detail}\nend", "end"),),
    # --- enqueue and promote ---
    "an enqueue call sent again is another one": (("if old[1] == job.nonce then return {'dup', old[2]} end", NOTHING),),
    "an enqueue call of a deleted job is another one": (("local note = try('GET', ended_key(id))", "local note = nil"),),
    "a job enqueued anew stays where it was": (("leave_place(old[2], old[5] or job.queue, job.id)", NOTHING),),
    "attempts are counted from one again": (("if old[3] then redis.call('HSET', job_key(job.id), 'x_attempt', old[3]) end", NOTHING),),
    "a promoted job stays among the scheduled": (("redis.call('ZREM', scheduled_key(queue), unpack(due))", NOTHING),),
    "a canceled job is promoted": (("elseif job[1] == 'scheduled' then", "elseif job[1] then"),),
    "a worker heeds nobody's turn": (("if heeds_turns and is_anothers_turn(now, turn, worker) then", FALSE),),
    "somebody heeds the turn of workers who is none": (("heeds_turns = server_time(), worker ~= ''", "heeds_turns = server_time(), true"),),
    "nobody keeps his turn": (("if heeds_turns and next_due and next_due <= now then keep_turn(now, turn, worker) end", NOTHING),),
    "a turn is kept for nothing": (("if heeds_turns and next_due and next_due <= now then", "if heeds_turns then"),),
    "a worker waits for its own turn to end": (("holder ~= worker and ends > now", "ends > now"),),
    "a turn never ends": (("ends > now and ends <= now + TURN_SECONDS", "ends > 0"),),
    "a turn lasts as long as a clock was set back": ((" and ends <= now + TURN_SECONDS", NOTHING),),
    "more is promoted than was asked for": (("scheduled_key(queue), '-inf', now, 'LIMIT', 0, limit)", "scheduled_key(queue), '-inf', now)"),),
    # --- claims ---
    "a claim sent again claims more": (("elseif claim.sequence == last then", "elseif false then"),),
    "a late claim claims": (("elseif claim.sequence < last then", "elseif false then"),),
    "a former incarnation claims": (("if not known or known[1] ~= claim.incarnation then", "if not known then"),),
    "a claim sees one id at most": (("while #jobs < #claim.executions and pops < most do", "while #jobs < #claim.executions and pops < 1 do"),),
    "a claim takes what is not waiting": (
        ("if is_elsewhere(status) or not (status or has_data) then", "if not (status or has_data) then"),
        ("if status and status ~= 'created' and status ~= '' and has_data then", FALSE),
    ),
    "every job is taken for a new one": (("job.is_new = redis.call('EXISTS', KEYS[1], ended_key(job.id), releases_key()) == 0", "job.is_new = true"),),
    "a claimed job still expires": (("redis.call('PERSIST', job)\n", NOTHING),),
    "a woken worker looks only where ids are caught": (
        ("redis.call('EXISTS', unpack(KEYS, 2)) == 0", "redis.call('EXISTS', unpack(KEYS, (#KEYS - 1) / 2 + 2)) == 0"),
    ),
    "what woke a worker is forgotten": (("local caught, pops = claim.has_caught and take_caught(queue) or {}, 0", "local caught, pops = {}, 0"),),
    "what woke a worker stands behind all others": (
        ("local id = caught[pops + 1] or try('LPOP', queue_key(queue))", "local id = try('LPOP', queue_key(queue)) or caught[pops + 1]"),
    ),
    "what woke a worker and was not taken is forgotten": (("  give_back(queue, caught, pops + 1)", NOTHING),),
    "a worker that waits no more is woken": (("if not since or tonumber(since) ~= last then return false end", "if not since then return false end"),),
    "a woken worker gets more than it has places for": (
        ("for place = #claim.executions, tonumber(places) + 1, -1 do claim.executions[place] = nil end", NOTHING),
    ),
    "nobody notes what a woken worker got": (("claim.note = {'woken', claim.sequence .. ' ' .. table.concat(claim.executions, ' ')}", NOTHING),),
    "a woken worker is told of by no later claim": (("if tonumber(number) == claim.sequence then", FALSE),),
    "a claim of now tells of what woke a worker long ago": (("if tonumber(number) == claim.sequence then", "if number then"),),
    "a busy worker keeps what it caught": (("{'busy', {}, '', give_back_caught(claim.queues), {}, 0, last}", "{'busy', {}, '', 0, {}, 0, last}"),),
    "what was caught and not claimed stays where it is": (("if redis.call('EXISTS', KEYS[4]) == 1 then", FALSE),),
    "what was caught goes back in reverse": (
        ("for i = #ids, first, -1 do table.insert(reversed, ids[i]) end", "for i = first, #ids do table.insert(reversed, ids[i]) end"),
    ),
    "a claim that woke nobody counts": (("elseif not claim.is_woken then", "else"),),
    # --- heartbeats ---
    "a heartbeat extends what was taken back": (("if not queue or not try('ZSCORE', wip_key(queue), member) then", "queue = queue or 'q1'\n  if false then"),),
    "a heartbeat extends no attempt": (("    write_lease(now, queue, id, execution, lease)\n    if", "    if"),),
    "a heartbeat does not extend the worker's lease": (("try('ZADD', presence, now + lease, worker)", NOTHING),),
    "a heartbeat of a former incarnation counts": (("if side[1] ~= incarnation or", "if not side[1] or"),),
    "a worker is not told to stop": (
        ("if fields[4] and string.sub(fields[4] .. ' ', 1, #execution + 1) == execution .. ' ' then except(id, execution, 'stop') end", NOTHING),
    ),
    # --- crashes and janitors ---
    "crashes are not counted": (("local crashes = try('HINCRBY', job, 'x_crashes', 1) or policy.most + 1", "local crashes = 1"),),
    "a job may crash once less": (("if crashes <= policy.most then", "if crashes < policy.most then"),),
    "crashes are never forgotten": (("redis.call('HDEL', job, 'x_execution', 'x_stop', 'x_crashes')", "redis.call('HDEL', job, 'x_execution', 'x_stop')"),),
    "a reclaim ignores newer attempts": (
        ("if owner and owner ~= execution and try('ZSCORE', wip_key(queue), id .. ':' .. owner) then return false end", NOTHING),
    ),
    "a reclaim ignores living runs of RQ": (("if score and tonumber(score) > now and not is_superseded(id, other) then return false end", NOTHING),),
    "a reclaim takes a superseded attempt for a living run of RQ": ((" and not is_superseded(id, other)", NOTHING),),
    "a reclaim ignores jobs that RQ runs": (
        ("if status ~= 'started' or owner == execution then return status == 'started' end", "if true then return owner == execution end"),
    ),
    "a reclaim ignores jobs that RQ prepared": (("if status == 'queued' then", "if status == 'queued' then return false end\n  if false then"),),
    "a reclaim ignores the job's queue": (("if origin and origin ~= '' and origin ~= queue then return false end", NOTHING),),
    "one observation is enough": ((" and seen_seconds >= lease / 2", NOTHING),),
    "a lease written anew is taken back": (("if score and math.abs(score - seen_score) < 0.0005 then", "if score then"),),
    "a clock that was set back hides the dead": ((" or ends_at > now + lease", NOTHING),),
    "a living worker is reclaimed": (("if evidence ~= 'dead' and alive_until and alive_until > now and", "if false and"),),
    "another incarnation is reclaimed": (("if incarnation ~= '' and owner and owner ~= incarnation then return {'gone'} end", NOTHING),),
    "a sweep repairs at once": (("elseif seen + STUCK_SECONDS < now then", "elseif seen then"),),
    "a sweep waits until a clock that was set back has caught up": (("if not seen or seen > now then", "if not seen then"),),
    "a sweep repairs what runs": (("elseif status == 'queued' and not is_running(id) then", "elseif status == 'queued' then"),),
    # --- workers and operators ---
    "a living worker's name is free": (("if (is_known or is_alive) and not replace then", FALSE),),
    "what the last bearer of a name had is forgotten": (
        ("\n  reclaimed, given_back, queues = reclaim_all_held(now, worker, policy)", "\n  reclaimed, given_back, queues = {}, 0, {}"),
    ),
    "a registration sent again wipes the counters": (("owner ~= incarnation and worker_hash or nothing_key()", "worker_hash"),),
    "what a leaving worker had caught is forgotten": (("local count = give_back_caught(queues)", "local count = 0"),),
    "a leaving worker puts back what is not its own": (("if not owner or owner[1] ~= execution or owner[2] ~= 'started' then", "if not owner then"),),
    "a cancel leaves the attempt its lease": (
        ("  end_lease(held_queue or queue, id, execution, holder)\n", NOTHING),
        ("if owner then end_lease(queue, id, owner, worker) end", NOTHING),
    ),
    "a cancel leaves a superseded attempt of another queue its lease": (("end_lease(held_queue or queue,", "end_lease(queue,"),),
    "a canceled job stands in the wrong registry": (("try('ZADD', canceled_key(queue),", "try('ZADD', canceled_key(ARGV[2]),"),),
    "a worker is not told of a cancel": (("if fields[2] then redis.call('HSET', job, 'x_last', fields[2] .. ':C') end", NOTHING),),
    # --- operators, dependencies, deliveries ---
    **FAMILY_MUTANTS,
    # --- pauses and commands ---
    **PAUSE_MUTANTS,
    # --- by hand ---
    **HAND_MUTANTS,
    # --- cron ---
    **CRON_MUTANTS,
}
