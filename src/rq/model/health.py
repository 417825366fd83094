"""Whether all is well: from what workers say of themselves to yes or no, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """A worker that did not say goodbye. It is overdue when its lease ran out: it should have given a sign of life and did not."""

    worker: str
    queues: tuple[str, ...]
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be there for all to be well. Where nothing is named, any living worker does.

    Args:
        queues: on each of which at least one living worker listens.
        workers: each of which lives.
    """

    queues: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """The answer.

    Args:
        is_healthy: whether all is well.
        sentence: for people.
        queues: each queue that matters, with the names of the workers that live and listen on it.
        overdue: the names of workers that should have given a sign of life.
        is_suspended: whether workers are told to begin no job. That was somebody's wish, so it is no illness.
    """

    is_healthy: bool
    sentence: str
    queues: tuple[tuple[str, tuple[str, ...]], ...] = ()
    overdue: tuple[str, ...] = ()
    is_suspended: bool = False


def judge_health(sightings: Sequence[Sighting], wanted: Wanted, *, is_suspended: bool) -> Health:
    """Say whether all is well.

    Args:
        sightings: all workers that did not say goodbye.
        wanted: what must be there. Workers that have nothing to do with it do not matter.
        is_suspended: whether workers are suspended.
    """
    relevant = [sighting for sighting in sightings if _matters(sighting, wanted)]
    living = [sighting for sighting in relevant if not sighting.is_overdue]
    overdue = tuple(sighting.worker for sighting in relevant if sighting.is_overdue)
    names = wanted.queues or tuple(sorted({queue for sighting in relevant for queue in sighting.queues}))
    queues = tuple((queue, tuple(sighting.worker for sighting in living if queue in sighting.queues)) for queue in names)
    complaints = _complaints(living, overdue, wanted)
    if complaints:
        return Health(is_healthy=False, sentence="; ".join(complaints), queues=queues, overdue=overdue, is_suspended=is_suspended)
    suspended = ", suspended: they begin no job until `rq resume`" if is_suspended else ""
    sentence = f"Healthy: {_counted(len(living), 'worker')} on {', '.join(names)}{suspended}"
    return Health(is_healthy=True, sentence=sentence, queues=queues, is_suspended=is_suspended)


def _matters(sighting: Sighting, wanted: Wanted) -> bool:
    if not wanted.queues and not wanted.workers:
        return True
    return sighting.worker in wanted.workers or not {*sighting.queues}.isdisjoint(wanted.queues)


def _complaints(living: Sequence[Sighting], overdue: tuple[str, ...], wanted: Wanted) -> list[str]:
    complaints = []
    attended = {queue for sighting in living for queue in sighting.queues}
    lonely = [queue for queue in wanted.queues if queue not in attended]
    missing = [name for name in wanted.workers if name not in overdue and name not in {sighting.worker for sighting in living}]
    if lonely:
        complaints.append(f"No worker listens on {', '.join(lonely)}")
    if missing:
        complaints.append(f"There is no worker named {', '.join(missing)}")
    if overdue:
        complaints.append(f"No sign of life from {', '.join(overdue)}")
    if not complaints and not living:
        complaints.append("There is no worker")
    return complaints


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
