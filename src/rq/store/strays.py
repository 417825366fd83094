"""Jobs that stand nowhere, and keys without a job: what is left where somebody deleted keys by hand, or the server threw them away.

A job moves between two looks at it. So whatever seems lost is looked at a second time, and counts only if it is still the same then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rq.core.keys import TEMPLATES
from rq.store.asking import ask_many
from rq.store.calls import Call, text, wire
from rq.store.connection import Caller
from rq.store.scripts import ScriptLibrary
from rq.store.search import escape_pattern, scan_keys

# Of a longer queue nobody can say cheaply whether an id is in it.
LONGEST_QUEUE = 10_000
MOST_JOBS = 1000
MOST_KEYS = 1000

# The keys of a job, besides its hash, that expire with it, or are deleted.
_BESIDE_A_JOB = ("dependents", "dependencies", "results", "executions")
_REGISTRIES = {"scheduled": "scheduled", "deferred": "deferred"}

JobFacts = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """What was found: ids of jobs that stand nowhere, keys without a job, and how many jobs were looked at."""

    lost_jobs: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    jobs_searched: int = 0


def find_strays(caller: Caller, scripts: ScriptLibrary, most_keys: int) -> Search:
    """Search about `most_keys` keys of a server."""
    job_ids: dict[str, None] = {}
    beside: dict[str, str] = {}
    for key in scan_keys(caller, f"{escape_pattern(scripts.keyspace.prefix)}*", most_keys):
        template, job_id = _recognize(scripts, key)
        if template == "job" and len(job_ids) < MOST_JOBS:
            job_ids[job_id] = None
        elif template in _BESIDE_A_JOB and len(beside) < MOST_KEYS:
            beside[key] = job_id
    lost = _lost_among(caller, scripts, job_ids)
    return Search(tuple(sorted(_lost_among(caller, scripts, lost))), tuple(sorted(_strays_among(caller, scripts, beside))), len(job_ids))


def _recognize(scripts: ScriptLibrary, key: str) -> tuple[str | None, str]:
    """Return which key of a job this is, and the job's id."""
    rest = key.removeprefix(scripts.keyspace.prefix)
    for template in (*_BESIDE_A_JOB, "job"):
        before, _, after = TEMPLATES[template].partition("{}")
        job_id = rest[len(before) : len(rest) - len(after)]
        if job_id and ":" not in job_id and rest == f"{before}{job_id}{after}":
            return template, job_id
    return None, ""


# --- jobs that stand nowhere ------------------------------------------------------------------------------------------


def _lost_among(caller: Caller, scripts: ScriptLibrary, job_ids: Iterable[str]) -> list[str]:
    """Return those of some jobs that are to run, and that no list and no registry names."""
    ids = list(job_ids)
    answers = ask_many(caller, [_read_state(scripts, job_id) for job_id in ids])
    states = [(job_id, *state) for job_id, state in zip(ids, answers, strict=True) if state is not None]
    queued = _not_queued(caller, scripts, [state for state in states if state[1] == "queued"])
    return [*queued, *_not_registered(caller, scripts, [state for state in states if state[1] in {"started", *_REGISTRIES}])]


def _read_state(scripts: ScriptLibrary, job_id: str) -> Call[tuple[str, str, str]]:
    """Read status, queue and execution of a job."""

    def read(reply: Any) -> tuple[str, str, str]:
        status, origin, execution = map(text, reply)
        return status, origin, execution

    return Call(read, ("HMGET", wire(scripts.keyspace.job(job_id)), "status", "origin", "x_execution"))


def _not_queued(caller: Caller, scripts: ScriptLibrary, jobs: list[JobFacts]) -> Iterator[str]:
    keys = scripts.keyspace
    for queue in sorted({origin for _, _, origin, _ in jobs}):
        lists = (keys.queue(queue), keys.intermediate(queue))
        lengths = ask_many(caller, [Call(int, ("LLEN", wire(key))) for key in lists])
        if any(length is None or length > LONGEST_QUEUE for length in lengths):
            continue
        found = ask_many(caller, [Call(lambda reply: {text(item) for item in reply}, ("LRANGE", wire(key), 0, LONGEST_QUEUE)) for key in lists])
        named = {job_id for ids in found for job_id in ids or ()}
        yield from (job_id for job_id, _, origin, _ in jobs if origin == queue and job_id not in named)


def _not_registered(caller: Caller, scripts: ScriptLibrary, jobs: list[JobFacts]) -> list[str]:
    answers = ask_many(caller, [_is_registered(scripts, job) for job in jobs])
    return [job[0] for job, is_there in zip(jobs, answers, strict=True) if is_there is False]


def _is_registered(scripts: ScriptLibrary, job: JobFacts) -> Call[bool]:
    """Ask whether a registry names a job; for an attempt of RQ, which the job does not name, whether it has any."""
    job_id, status, origin, execution = job
    keys = scripts.keyspace
    if status == "started" and not execution:
        return Call(bool, ("EXISTS", wire(keys.executions(job_id))))
    kind, member = ("wip", f"{job_id}:{execution}") if status == "started" else (_REGISTRIES[status], job_id)
    return Call(lambda reply: reply is not None, ("ZSCORE", wire(keys.registry(kind, origin)), wire(member)))


# --- keys without a job -----------------------------------------------------------------------------------------------


def _strays_among(caller: Caller, scripts: ScriptLibrary, keys: dict[str, str]) -> list[str]:
    """Return those of some keys whose job does not exist, and that will not expire. Who waits for a deleted job may still be told of its end."""
    job_ids = sorted({*keys.values()})
    exist = dict(zip(job_ids, ask_many(caller, [Call(bool, ("EXISTS", wire(scripts.keyspace.job(job_id)))) for job_id in job_ids]), strict=True))
    told = Call(bool, ("EXISTS", scripts.keyspace.releases))
    if any(ask_many(caller, [told])):
        keys = {key: job_id for key, job_id in keys.items() if not key.endswith(TEMPLATES["dependents"].rpartition("{}")[2])}
    homeless = [key for key, job_id in keys.items() if exist[job_id] is False]
    seconds = ask_many(caller, [Call(int, ("TTL", wire(key))) for key in homeless])
    return [key for key, left in zip(homeless, seconds, strict=True) if left == -1]
