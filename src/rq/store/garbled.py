"""What of a queue cannot be read: keys of the wrong type, and waiting jobs that are missing or make no sense. A bounded look that writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rq.store.asking import ask_many
from rq.store.calls import Call, text, wire
from rq.store.connection import Caller
from rq.store.reads import read_job
from rq.store.scripts import ScriptLibrary

# So many jobs of a queue are looked at: those that are next.
MOST_WAITING = 20

_REGISTRIES = ("wip", "finished", "failed", "deferred", "scheduled", "canceled")


@dataclass(frozen=True, slots=True)
class Garbled:
    """Ids that stand at the head of a queue, of jobs that cannot run.

    Args:
        missing: there is no such job.
        unreadable: its key holds something that is no job, or a job of which a part makes no sense.
    """

    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def find_garbled(caller: Caller, scripts: ScriptLibrary, queue: str) -> Garbled:
    """Look at the jobs that are next in a queue. Two round trips, a few more where something is wrong."""
    [ids] = ask_many(caller, [Call(lambda reply: [text(entry) for entry in reply], ("LRANGE", wire(scripts.keyspace.queue(queue)), 0, MOST_WAITING - 1))])
    records = ask_many(caller, [read_job(scripts, job_id) for job_id in ids or ()])
    doubtful = [job_id for job_id, record in zip(ids or (), records, strict=True) if record is None]
    types = ask_many(caller, [read_type(scripts.keyspace.job(job_id)) for job_id in doubtful])
    return Garbled(
        tuple(job_id for job_id, kind in zip(doubtful, types, strict=True) if kind == "none"),
        tuple(job_id for job_id, kind in zip(doubtful, types, strict=True) if kind != "none"),
    )


def find_wrong_keys(caller: Caller, scripts: ScriptLibrary, queue: str) -> list[str]:
    """Return what is wrong with the keys of a queue that hold something of another type than they should, a phrase for each key."""
    keys = scripts.keyspace
    lists = [keys.queue(queue), keys.intermediate(queue), keys.bad(queue)]
    expected = {**dict.fromkeys(lists, "list"), **dict.fromkeys((keys.registry(kind, queue) for kind in _REGISTRIES), "zset")}
    return _wrong_keys(caller, expected)


def find_wrong_queues(caller: Caller, scripts: ScriptLibrary, queues: Sequence[str]) -> list[str]:
    """Return what is wrong with the keys of queues themselves, a phrase for each that is no list. One round trip."""
    return _wrong_keys(caller, dict.fromkeys((scripts.keyspace.queue(queue) for queue in queues), "list"))


def read_type(key: str) -> Call[str]:
    """Read what kind of value a key holds; `none` if there is none."""
    return Call(text, ("TYPE", wire(key)))


def _wrong_keys(caller: Caller, expected: dict[str, str]) -> list[str]:
    kinds = ask_many(caller, [read_type(key) for key in expected])
    found = zip(expected.items(), kinds, strict=True)
    return [f"the key {key} holds a {kind}, not a {wanted}" for (key, wanted), kind in found if kind not in {None, "none", wanted}]
