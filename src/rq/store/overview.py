"""What a monitor shows: all queues, all living workers. Two round trips, whatever their number; nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rq.model.presence import WorkerRecord
from rq.store.calls import Call, pairs, text
from rq.store.connection import Caller
from rq.store.presence import list_worker_keys, read_worker
from rq.store.reads import count_queue, count_registry, is_suspended, list_queue_keys
from rq.store.scripts import ScriptLibrary
from rq.store.suspension import list_pauses

# So many pauses are shown.
MOST_PAUSES = 100

__all__ = ["Overview", "QueueCounts", "WorkerRecord", "read_overview"]


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many jobs of a queue wait, run, have finished and have failed. What is kept past its time, because no worker tidied up, does not count."""

    name: str
    waiting: int
    started: int
    finished: int
    failed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Queues and living workers, both sorted by name; and what is suspended: everything, or what is paused by its name (`queue` or `worker`, and the name)."""

    queues: list[QueueCounts]
    workers: list[WorkerRecord]
    suspended: bool
    paused: tuple[tuple[str, str], ...]

    def unused_queues(self) -> list[str]:
        """Return the names of queues that workers listen on though no job was ever put into them."""
        return sorted({name for worker in self.workers for name in worker.queues} - {queue.name for queue in self.queues})


def read_overview(caller: Caller, scripts: ScriptLibrary, queues: Sequence[str] = ()) -> Overview:
    """Read the state of some queues and of the workers that listen on them.

    Args:
        caller: runs the calls.
        scripts: the keyspace's scripts.
        queues: names, shown in this order; none for all queues that ever held a job, and all workers.
    """
    keys = scripts.keyspace
    now, suspended, queue_keys, worker_keys, leases = caller.run_many(
        [_read_time(), is_suspended(scripts), list_queue_keys(scripts), list_worker_keys(scripts), _read_leases(scripts)]
    )
    names = list(queues) or [key.removeprefix(keys.queue("")) for key in queue_keys]
    candidates = [name for name in (key.removeprefix(keys.worker("")) for key in worker_keys) if leases.get(name, now) >= now]
    queue_calls = [call for name in names for call in _count_calls(scripts, name, now)]
    paused, *answers = caller.run_many([list_pauses(scripts, now, MOST_PAUSES), *queue_calls, *(read_worker(scripts, name) for name in candidates)])
    step = len(_count_calls(scripts, "", now))
    counts = [_read_counts(name, answers[index * step : (index + 1) * step]) for index, name in enumerate(names)]
    records: list[WorkerRecord | None] = answers[len(queue_calls) :]
    living = [record for record in records if record is not None and record.death is None]
    return Overview(counts, [record for record in living if not queues or set(record.queues) & set(queues)], suspended, paused)


def _count_calls(scripts: ScriptLibrary, queue: str, now: float) -> list[Call[int]]:
    return [
        count_queue(scripts, queue),
        *(count_registry(scripts, kind, queue) for kind in ("wip", "finished", "failed")),
        *(_count_expired(scripts, kind, queue, now) for kind in ("finished", "failed")),
    ]


def _read_counts(name: str, counts: Sequence[int]) -> QueueCounts:
    waiting, started, finished, failed, finished_expired, failed_expired = counts
    return QueueCounts(name, waiting, started, max(finished - finished_expired, 0), max(failed - failed_expired, 0))


def _count_expired(scripts: ScriptLibrary, kind: str, queue: str, now: float) -> Call[int]:
    """Count the entries that the next sweep will forget; negative scores stand for ever (see `sweep.lua`)."""
    return Call(int, ("ZCOUNT", scripts.keyspace.registry(kind, queue), 0, now))


def _read_time() -> Call[float]:
    def read(reply: Any) -> float:
        seconds, microseconds = reply
        return int(seconds) + int(microseconds) / 1_000_000

    return Call(read, ("TIME",))


def _read_leases(scripts: ScriptLibrary) -> Call[dict[str, float]]:
    """Read when the lease of each of our workers ends, by name; RQ's workers have none."""

    def read(reply: Any) -> dict[str, float]:
        entries = reply if reply and isinstance(reply[0], (list, tuple)) else pairs(reply)
        return {text(name): float(score) for name, score in entries}

    return Call(read, ("ZRANGE", scripts.keyspace.presence, 0, -1, "WITHSCORES"))
