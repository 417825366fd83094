"""What `rq doctor` looks at. Bounded: so many queues, so many entries of each, so many keys of the server; nothing here writes.

A server may refuse some questions, and a key may hold something of another type: then that part is left out, or said to be broken, and the rest is read.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from rq.model.dependency import ENDED_BADLY, is_met_by, policy_for
from rq.model.inspection import Inspection, QueueFacts, ServerFacts
from rq.model.presence import WorkerRecord
from rq.model.record import JobRecord
from rq.store.asking import ask, ask_many
from rq.store.calls import Call, pairs, text, wire
from rq.store.connection import Caller
from rq.store.garbled import find_garbled, find_wrong_keys
from rq.store.presence import list_worker_keys, read_worker
from rq.store.reads import count_queue, count_registry, is_suspended, list_queue_keys, list_registry, read_job, read_status
from rq.store.registries import read_server_time
from rq.store.scripts import ScriptLibrary
from rq.store.strays import Search, find_strays
from rq.store.suspension import list_pauses

MOST_QUEUES = 500
MOST_WORKERS = 2000
MOST_DEFERRED = 50
MOST_PAUSES = 100
# How long something may be overdue before that is worth a word.
PATIENCE_SECONDS = 60
# How often the clock is read.
CLOCK_READINGS = 3
_KINDS = ("wip", "finished", "failed", "deferred", "scheduled", "canceled")


def inspect_server(caller: Caller, scripts: ScriptLibrary, most_keys: int) -> Inspection:
    """Look at a server, and at what it holds.

    Args:
        caller: runs the calls.
        scripts: the keyspace's scripts.
        most_keys: how many keys are searched for jobs that were lost, about.
    """
    now = caller.run(read_server_time()).timestamp()
    names = [key.removeprefix(scripts.keyspace.queue("")) for key in ask(caller, list_queue_keys(scripts), [])]
    workers, stale = _inspect_workers(caller, scripts, now)
    try:
        search = find_strays(caller, scripts, most_keys)
    except ResponseError:  # this user may not search
        search = Search()
    return Inspection(
        server=inspect_itself(caller),
        queues=tuple(_inspect_queue(caller, scripts, name, now) for name in names[:MOST_QUEUES]),
        workers=workers,
        stale_workers=stale,
        suspended=caller.run(is_suspended(scripts)),
        paused=ask(caller, list_pauses(scripts, now, MOST_PAUSES), ()),
        lost_jobs=search.lost_jobs,
        strays=search.strays,
        jobs_searched=search.jobs_searched,
        late_deliveries=ask(caller, _count_scores(scripts.keyspace.outbox, now - PATIENCE_SECONDS), 0),
    )


# --- the server -------------------------------------------------------------------------------------------------------


def inspect_itself(caller: Caller) -> ServerFacts:
    """Ask a server about itself."""
    info = ask(caller, _read_info(), {})
    version = info.get("valkey_version") or info.get("redis_version")
    saves = ask(caller, _read_setting("save"), None)
    return ServerFacts(
        product="Valkey" if "valkey_version" in info else "Redis",
        version=tuple(int(part) for part in version.split(".") if part.isdecimal()) if version else None,
        clock_ahead_seconds=_measure_clock(caller),
        runs_scripts=_runs_scripts(caller),
        eviction=info.get("maxmemory_policy"),
        evicted_keys=_number(info, "evicted_keys"),
        used_bytes=_number(info, "used_memory"),
        most_bytes=_number(info, "maxmemory"),
        appends=_flag(info, "aof_enabled"),
        snapshots=None if saves is None else bool(saves),
        write_failed=_failed_write(info),
        is_replica=None if "role" not in info else info["role"] != "master",
        clients=_number(info, "connected_clients"),
        most_clients=_number(info, "maxclients"),
    )


def _read_info() -> Call[dict[str, str]]:
    def read(reply: Any) -> dict[str, str]:
        if isinstance(reply, dict):  # the client made one of it
            return {text(name): str(value) for name, value in reply.items()}
        lines = (line.partition(":") for line in text(reply).splitlines() if ":" in line)
        return {name: value for name, _, value in lines}

    return Call(read, ("INFO",))


def _read_setting(name: str) -> Call[str | None]:
    def read(reply: Any) -> str | None:
        return next((text(value) for key, value in pairs(reply) if text(key) == name), None)

    return Call(read, ("CONFIG", "GET", name))


def _number(info: dict[str, str], name: str) -> int | None:
    return int(info[name]) if info.get(name, "").isdecimal() else None


def _flag(info: dict[str, str], name: str) -> bool | None:
    return None if name not in info else info[name] not in {"0", "False"}


def _failed_write(info: dict[str, str]) -> str | None:
    kinds = {"aof_last_write_status": "its append-only file", "aof_last_bgrewrite_status": "its append-only file anew", "rdb_last_bgsave_status": "a snapshot"}
    return next((what for name, what in kinds.items() if info.get(name, "ok") != "ok"), None)


def _measure_clock(caller: Caller) -> float:
    """Return how many seconds the server's clock is ahead of ours.

    An answer was given at some moment of its round trip: the middle of it is taken, and of several round trips the quickest.
    """
    measured = []
    for _ in range(CLOCK_READINGS):
        before = time.time()
        told = caller.run(read_server_time()).timestamp()
        after = time.time()
        measured.append((after - before, told - (before + after) / 2))
    return min(measured)[1]


def _runs_scripts(caller: Caller) -> bool:
    return ask(caller, Call(bool, ("EVAL", "return 1", 0)), otherwise=False)


# --- workers and queues -----------------------------------------------------------------------------------------------


def _inspect_workers(caller: Caller, scripts: ScriptLibrary, now: float) -> tuple[tuple[WorkerRecord, ...], tuple[str, ...]]:
    """Return the living workers, and the names of those that are registered and do not live."""
    prefix = scripts.keyspace.worker("")
    names = [key.removeprefix(prefix) for key in ask(caller, list_worker_keys(scripts), [])][:MOST_WORKERS]
    records = ask_many(caller, [read_worker(scripts, name) for name in names])
    leases = ask_many(caller, [_read_lease(scripts, name) for name in names])
    living, stale = [], []
    for name, record, lease in zip(names, records, leases, strict=True):
        if record is None or record.death is not None or (lease is not None and lease < now):
            stale.append(name)
        else:
            living.append(record)
    return tuple(living), tuple(stale)


def _read_lease(scripts: ScriptLibrary, worker: str) -> Call[float | None]:
    return Call(lambda reply: None if reply is None else float(reply), ("ZSCORE", scripts.keyspace.presence, wire(worker)))


def _inspect_queue(caller: Caller, scripts: ScriptLibrary, name: str, now: float) -> QueueFacts:
    keys = scripts.keyspace
    try:
        waiting, leases, due, for_ever, between, aside, notes, *counts = caller.run_many(
            [
                count_queue(scripts, name),
                _count_scores(keys.registry("wip", name), now),
                _count_scores(keys.registry("scheduled", name), now - PATIENCE_SECONDS),
                Call(int, ("ZCOUNT", wire(keys.registry("finished", name)), "+inf", "+inf")),
                Call(int, ("LLEN", wire(keys.intermediate(name)))),
                Call(int, ("LLEN", wire(keys.bad(name)))),
                Call(lambda reply: [text(entry) for entry in reply], ("LRANGE", wire(keys.bad(name)), 0, 0)),
                *(count_registry(scripts, kind, name) for kind in _KINDS),
            ]
        )
        blocked = _find_blocked(caller, scripts, name)
    except ResponseError as error:
        return QueueFacts(name, broken=" and ".join(find_wrong_keys(caller, scripts, name)) or str(error))
    garbled = find_garbled(caller, scripts, name)
    return QueueFacts(
        name,
        waiting,
        tuple(zip(_KINDS, counts, strict=True)),
        kept_for_ever=for_ever,
        overdue_leases=leases,
        overdue_jobs=due,
        set_aside=aside,
        example_set_aside=next(iter(notes), ""),
        between=between,
        blocked=len(blocked),
        example_blocked=next(iter(blocked), ""),
        missing=garbled.missing,
        unreadable=garbled.unreadable,
    )


def _count_scores(key: str, until: float) -> Call[int]:
    return Call(int, ("ZCOUNT", wire(key), "-inf", until))


def _find_blocked(caller: Caller, scripts: ScriptLibrary, queue: str) -> list[str]:
    """Return those of the first deferred jobs of a queue that wait for a job that ended badly, until it succeeds after all."""
    ids = caller.run(list_registry(scripts, "deferred", queue, 0, MOST_DEFERRED - 1))
    records: list[JobRecord | None] = ask_many(caller, [read_job(scripts, job_id) for job_id in ids])
    jobs = [record for record in records if record is not None]
    parents = sorted({parent for job in jobs for parent in job.dependency_ids[:MOST_DEFERRED]})
    statuses = ask_many(caller, [read_status(scripts, parent) for parent in parents])
    known = dict(zip(parents, statuses, strict=True))
    return [job.id for job in jobs if _is_blocked(job, known, job.dependency_ids[:MOST_DEFERRED])]


def _is_blocked(job: JobRecord, known: dict[str, str | None], parents: Sequence[str]) -> bool:
    return any(
        known[parent] in ENDED_BADLY
        and policy_for(job.dependency_policies, parent) == "wait"
        and not is_met_by(known[parent], "wait", allows_failure=bool(job.allow_dependency_failures))
        for parent in parents
    )
