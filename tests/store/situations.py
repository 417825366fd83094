"""Every state in which a job can be found, and how it gets there. Each brings the job there whatever was before; a job that runs has a worker of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.store.harness import START

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rq.store.settle import AttemptKey
    from tests.store.harness import Store

FAR = START + 1_000_000


def started(store: Store, job_id: str) -> AttemptKey:
    return store.start(job_id, f"worker-of-{job_id}", front=True)


def created(store: Store, job_id: str) -> None:
    """A producer saved the job and did not enqueue it."""
    store.delete(job_id)
    fields: dict[Any, Any] = {"status": "created", "data": "payload", "origin": "q"}
    store.client.hset(store.keys.job(job_id), mapping=fields)


def deferred(store: Store, job_id: str) -> None:
    store.enqueue(f"parent-of-{job_id}", due=FAR)
    store.enqueue(job_id, after=[f"parent-of-{job_id}"])


def canceled(store: Store, job_id: str) -> None:
    store.enqueue(job_id)
    store.cancel(job_id)


def without_data(store: Store, job_id: str) -> None:
    """All that is left is what a heartbeat of RQ wrote after the job was gone."""
    store.delete(job_id)
    store.client.hset(store.keys.job(job_id), "last_heartbeat", "2027-01-15T08:00:00.250000Z")


def no_hash(store: Store, job_id: str) -> None:
    store.delete(job_id)
    store.client.set(store.keys.job(job_id), "text")


def unknown(store: Store, job_id: str) -> None:
    """A later version of RQ knows a status that we do not."""
    created(store, job_id)
    store.client.hset(store.keys.job(job_id), "status", "bogus")


SITUATIONS: dict[str, Callable[[Store, str], object]] = {
    "missing": lambda store, job_id: store.delete(job_id),
    "created": created,
    "queued": lambda store, job_id: store.enqueue(job_id),
    "started": started,
    "scheduled": lambda store, job_id: store.enqueue(job_id, due=FAR),
    "deferred": deferred,
    "finished": lambda store, job_id: store.finish(started(store, job_id)),
    "failed": lambda store, job_id: store.fail(started(store, job_id)),
    "stopped": lambda store, job_id: store.stop(started(store, job_id)),
    "canceled": canceled,
    "without data": without_data,
    "no hash": no_hash,
    "unknown": unknown,
}

HOME = {
    "queued": "queue:q",
    "started": "wip:q",
    "scheduled": "scheduled:q",
    "deferred": "deferred:q",
    "finished": "finished:q",
    "failed": "failed:q",
    "stopped": "failed:q",
    "canceled": "canceled:q",
}

# What is to become of a child when a parent ends badly, as fields of the child.
POLICIES: dict[str, dict[str, Any]] = {
    "wait": {},
    "allow_failure": {"allow_dependency_failures": True},
    "run": {"dependency_policies": {"p": "run"}},
    "cancel": {"dependency_policies": {"p": "cancel"}},
    "fail": {"dependency_policies": {"p": "fail"}},
}


def stands_where_its_status_says(store: Store, job_id: str) -> bool:
    """Whether the one place that names the job is the one that belongs to its status; a job of no such status is named nowhere."""
    is_hash = store.client.type(store.keys.job(job_id)) == b"hash"
    status = store.status(job_id) if is_hash else None
    return store.places(job_id) == [HOME[status]] if status in HOME else store.places(job_id) == []


def deferred_by_rq(store: Store, job_id: str, parents: Sequence[str], queue: str = "q", **fields: Any) -> None:
    """A producer of RQ 2.12 enqueues a job that depends on others: its hash, and the sets on both sides. It knows nothing of ours."""
    mapping: dict[Any, Any] = {"status": "deferred", "data": "payload", "origin": queue, "timeout": 180, **fields}
    store.client.zadd(store.keys.registry("deferred", queue), {job_id: int(store.now)})
    for parent in parents:
        store.client.sadd(store.keys.dependents(parent), job_id)
        store.client.sadd(store.keys.dependencies(job_id), parent)
    store.client.hset(store.keys.job(job_id), mapping=mapping)
    store.client.sadd(store.keys.queues, store.keys.queue(queue))


def ended_by_rq(store: Store, job_id: str, status: str = "finished") -> None:
    """A worker of RQ 2.12 ended a job that waited, and died before it told anybody."""
    store.client.lrem(store.keys.queue("q"), 1, job_id)
    store.client.hset(store.keys.job(job_id), "status", status)
    store.client.zadd(store.keys.registry("finished" if status == "finished" else "failed", "q"), {job_id: FAR})
