"""What programs do by hand that no step of a job's life needs: they write fields, results and locks, and tidy lists, beside everything else that goes on.

Each sends one message and says what it must change and answer; none of them changes where a job stands.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from rq.core.errors import CorruptDataError
from rq.model.result import ResultRecord, ResultType
from rq.store.fields import write_meta
from rq.store.groups import BEGINNING, leave_group, sweep_groups
from rq.store.locks import acquire_lock, release_lock
from rq.store.queue_list import compact_queue, forget_queue
from rq.store.registries import enlist, forget_expired
from rq.store.results import add_result, delete_results
from rq.store.save import expire_job, save_job
from rq.store.suspension import resume_workers, suspend_workers
from rq.store.worker_lists import forget_workers, list_worker, unlist_worker
from tests.properties.operators import take_out_of_group
from tests.properties.upstream import Noise
from tests.properties.wire import Fate, Message
from tests.properties.world import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.store.calls import Call
    from tests.properties.fleet import Fleet

GROUPS = ("g1", "g2")
LOCK_SECONDS = 60
NOBODY = "nobody"  # an id that no job ever has
RESULT = ResultRecord("", ResultType.SUCCESSFUL, datetime.fromtimestamp(START_SECONDS, UTC), "somebody", execution_id="by hand")


class ByHand:
    """Programs that use the store below the API of jobs and queues."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._model = fleet.model
        self._scripts = fleet.scripts
        self._keys = fleet.scripts.keyspace
        self._noise = Noise(fleet)

    def _send(self, name: str, call: Call[Any], predict: Callable[[], Any], fate: Fate) -> None:
        self._fleet.send(Message(name, call, predict, is_one_thing=False), fate)

    # --- a job ----------------------------------------------------------------------------------------------------------

    def save(self, job_id: str, queue: str, fate: Fate) -> None:
        """Whoever has a job in memory writes a field of it; a job that is gone stays gone."""
        self._send("save", save_job(self._scripts, job_id, ("description", queue)), partial(self._saved, job_id, queue), fate)

    def _saved(self, job_id: str, description: str) -> str | type[CorruptDataError]:
        if self._model.is_broken(job_id):
            return CorruptDataError
        return "ok" if self._wrote(job_id, "description", description) else "gone"

    def write_meta(self, job_id: str, queue: str, fate: Fate) -> None:
        """A job writes down how far it has come."""
        self._send("write meta", write_meta(self._scripts, job_id, queue.encode()), partial(self._wrote_meta, job_id, queue), fate)

    def _wrote_meta(self, job_id: str, meta: str) -> bool | type[CorruptDataError]:
        return CorruptDataError if self._model.is_broken(job_id) else self._wrote(job_id, "meta", meta)

    def _wrote(self, job_id: str, name: str, value: str) -> bool:
        job = self._model.job(job_id)
        if job:
            job.fields[name] = value
        return job is not None

    def expire(self, job_id: str, queue: str, fate: Fate) -> None:
        """A job, and what it has to do with others, is to expire."""
        self._send("expire", expire_job(self._scripts, job_id, 90), partial(self._expired, job_id), fate)

    def _expired(self, job_id: str) -> bool:
        self._fleet.wire.known.expiring.add(job_id)
        for belongings in (self._model.jobs, self._model.dependents, self._model.dependencies):
            if job_id in belongings:
                belongings[job_id].ttl = 90
        return True

    def add_result(self, job_id: str, queue: str, fate: Fate) -> None:
        """A result is written that no attempt of ours came to."""
        call = add_result(self._scripts, job_id, RESULT, 90 if queue == "q1" else None).then(bool)
        self._send("add result", call, partial(self._added, job_id, 90 if queue == "q1" else None), fate)

    def _added(self, job_id: str, ttl: int | None) -> bool:
        self._model._record(job_id, "1", RESULT.worker_name, "by hand", ttl)
        return True

    def delete_results(self, job_id: str, queue: str, fate: Fate) -> None:
        """Nobody needs the results of a job any more."""
        self._send("delete results", delete_results(self._scripts, job_id), lambda: self._model.results.pop(job_id, None) is not None, fate)

    # --- groups and registries --------------------------------------------------------------------------------------------

    def leave_group(self, job_id: str, queue: str, fate: Fate) -> None:
        """A job is taken out of a group."""
        self._send("leave group", leave_group(self._scripts, GROUPS[0], job_id), partial(self._left, GROUPS[0], job_id), fate)

    def _left(self, group: str, job_id: str) -> bool:
        was_in = job_id in self._model.groups.get(group, set())
        if was_in:
            self._model.groups[group].discard(job_id)
        return was_in

    def sweep_groups(self, job_id: str, queue: str, fate: Fate) -> None:
        """Groups forget those jobs that exist no more; one of them has a member of which nobody ever heard."""
        name = GROUPS[1]
        self._model.groups.setdefault(name, set()).add(NOBODY)
        self._fleet.wire.write(("SADD", self._keys.group(name), NOBODY), ("SADD", self._keys.groups, name))
        self._send("sweep groups", sweep_groups(self._scripts), self._swept, fate)

    def _swept(self) -> tuple[int, tuple[str, ...]]:
        gone = [(group, job_id) for group, ids in self._model.groups.items() for job_id in ids - self._model.jobs.keys()]
        for group in list(self._model.groups):
            for job_id in self._model.groups[group] - self._model.jobs.keys():
                self._model.groups[group].discard(job_id)
            take_out_of_group(self._model.groups, group, "")
        return len(gone), BEGINNING

    def forget_expired(self, job_id: str, queue: str, fate: Fate) -> None:
        """Somebody who looks at the finished jobs of a queue forgets those whose time is over."""
        self._send("forget expired", forget_expired(self._scripts, "finished", queue), lambda: self._model.forget_expired("finished", queue), fate)

    def list_longer(self, job_id: str, queue: str, fate: Fate) -> None:
        """A finished job is to be listed longer, if it is listed at all."""
        call = enlist(self._scripts, self._keys.registry("finished", queue), job_id, 90, from_now=True, only_if_there=True)
        self._send("list longer", call, partial(self._listed_longer, job_id, queue), fate)

    def _listed_longer(self, job_id: str, queue: str) -> int:
        registry = self._model.registry("finished", queue)
        if job_id in registry:
            registry[job_id] = math.floor(self._model.now) + 90
        return 0

    # --- queues -----------------------------------------------------------------------------------------------------------

    def compact(self, job_id: str, queue: str, fate: Fate) -> None:
        """Ids without a job are taken out of a queue; of a long one, out of a part of it. One is there."""
        for stray in (NOBODY, job_id):
            self._noise.stray_in_queue(stray, queue)
        self._send("compact", compact_queue(self._scripts, queue, 0, 2), partial(self._compacted, queue, 2), fate)

    def _compacted(self, queue: str, limit: int) -> int | None:
        ids = self._model.queue(queue)
        looked_at = len(ids[:limit])
        kept = [job_id for job_id in ids[:limit] if job_id in self._model.jobs]
        ids[:limit] = kept
        return len(kept) if looked_at == limit else None

    def forget_queue(self, job_id: str, queue: str, fate: Fate) -> None:
        """A queue in which nobody waits is taken off the list of queues; if only strays wait in it, they go with it."""
        jobs = [self._model.job(waiting) for waiting in self._model.queue(queue)]
        drops_ids = not any(job and job.status == "queued" for job in jobs)
        call = forget_queue(self._scripts, queue, drops_ids=drops_ids)
        self._send("forget queue", call, partial(self._forgot, queue, drops_ids=drops_ids), fate)
        self._fleet.history.pop()  # it rests on what was just seen

    def _forgot(self, queue: str, *, drops_ids: bool) -> bool:
        if self._model.queue(queue) and not drops_ids:
            return False
        self._model.queue(queue).clear()
        self._model.known_queues.discard(queue)
        return True

    # --- workers ----------------------------------------------------------------------------------------------------------

    def list_worker(self, job_id: str, queue: str, fate: Fate) -> None:
        """Somebody keeps the lists of workers by hand."""
        self._send("list worker", list_worker(self._scripts, self._keys.worker("w1"), [queue]), partial(self._listed, "w1", queue), fate)

    def _listed(self, worker: str, queue: str) -> str:
        self._model.registered.add(worker)
        self._model.listening.setdefault(queue, set()).add(worker)
        return "ok"

    def unlist_worker(self, job_id: str, queue: str, fate: Fate) -> None:
        """And takes one off them, which lives perhaps."""
        self._send("unlist worker", unlist_worker(self._scripts, self._keys.worker("w1"), [queue]), partial(self._unlisted, "w1", queue), fate)

    def _unlisted(self, worker: str, queue: str) -> str:
        self._model.registered.discard(worker)
        self._model.listening.setdefault(queue, set()).discard(worker)
        return "ok"

    def forget_workers(self, job_id: str, queue: str, fate: Fate) -> None:
        """Those workers go off the lists whose hash is gone."""
        names = ["w1", "w2"]
        call = forget_workers(self._scripts, queue, [self._keys.worker(name) for name in names])
        self._send("forget workers", call, partial(self._forgot_workers, names, queue), fate)

    def _forgot_workers(self, names: list[str], queue: str) -> int:
        gone = [name for name in names if name not in self._model.worker_hashes]
        for name in gone:
            self._unlisted(name, queue)
        return len(gone)

    # --- locks and suspension ---------------------------------------------------------------------------------------------

    def acquire_lock(self, job_id: str, queue: str, fate: Fate) -> None:
        """Somebody wants to be the only one who schedules for a queue; the job's id serves as his name."""
        lock = self._lock_of(queue)
        self._send("acquire lock", acquire_lock(self._scripts, lock, job_id, LOCK_SECONDS), partial(self._acquired, lock, job_id), fate)

    def _acquired(self, lock: str, owner: str) -> str:
        holder = self._model.locks.setdefault(lock, "")
        self._model.locks[lock] = holder or owner
        return "acquired" if not holder else "refreshed" if holder == owner else "taken"

    def release_lock(self, job_id: str, queue: str, fate: Fate) -> None:
        """And wants it no longer."""
        lock = self._lock_of(queue)
        self._send("release lock", release_lock(self._scripts, lock, job_id), partial(self._released, lock, job_id), fate)

    def _released(self, lock: str, owner: str) -> bool:
        is_owner = self._model.locks.get(lock) == owner
        if is_owner:
            del self._model.locks[lock]
        return is_owner

    def _lock_of(self, queue: str) -> str:
        return self._keys.name("scheduler_lock", queue)

    def suspend(self, job_id: str, queue: str, fate: Fate) -> None:
        """Workers are suspended."""
        self._send("suspend", suspend_workers(self._scripts), partial(self._suspended, now=True, answer=True), fate)

    def resume(self, job_id: str, queue: str, fate: Fate) -> None:
        """And resumed."""
        self._send("resume all", resume_workers(self._scripts), lambda: self._suspended(now=False, answer=self._model.suspended), fate)

    def _suspended(self, *, now: bool, answer: bool) -> bool:
        self._model.suspended = now
        return answer


BY_HAND = (
    *(ByHand.save, ByHand.write_meta, ByHand.expire, ByHand.add_result, ByHand.delete_results),
    *(ByHand.leave_group, ByHand.sweep_groups, ByHand.forget_expired, ByHand.list_longer, ByHand.compact, ByHand.forget_queue),
    *(ByHand.list_worker, ByHand.unlist_worker, ByHand.forget_workers),
    *(ByHand.acquire_lock, ByHand.release_lock, ByHand.suspend, ByHand.resume),
)
