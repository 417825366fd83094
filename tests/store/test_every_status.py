"""Every operation on a job of every status: what it answers, and where the job stands afterwards. The tables are the contract.

A line reads `statuses: answer -> place`. `{status}` stands for the job's status; `=` says that nothing changed at all. An operation that is sent again changes
nothing more, and afterwards a job never stands in two places or in none (the lease of an attempt that was superseded by a new job of the same id excepted).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rq.core.errors import CorruptDataError
from tests.store.situations import FAR, SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.store.settle import AttemptKey
    from tests.store.harness import Store

OPERATIONS: dict[str, Callable[[Store], Any]] = {
    "enqueue": lambda store: store.enqueue("a", nonce="n"),
    "enqueue unique": lambda store: store.enqueue("a", nonce="n", unique=True),
    "enqueue for later": lambda store: store.enqueue("a", nonce="n", due=FAR),
    "enqueue after a job that waits": lambda store: store.enqueue("a", nonce="n", after=["p"]),
    "cancel": lambda store: store.cancel("a"),
    "delete": lambda store: store.delete("a", nonce="n"),
    "requeue from failed": lambda store: store.requeue("a", "failed", nonce="n"),
    "requeue from canceled": lambda store: store.requeue("a", "canceled", nonce="n"),
    "requeue from finished": lambda store: store.requeue("a", "finished", nonce="n"),
    "requeue from scheduled": lambda store: store.requeue("a", "scheduled", nonce="n"),
    "requeue from deferred": lambda store: store.requeue("a", "deferred", nonce="n"),
    "stop": lambda store: store.ask_to_stop("a"),
    "purge": lambda store: store.purge()[1],
    "promote what is due": lambda store: store.promote()[0],
    "sweep the deferred": lambda store: store.sweep_deferred()[0],
}

CONTRACT = """
enqueue
    missing, created, queued, scheduled, deferred, finished, failed, stopped, canceled, without data, unknown: ok queued -> queue:q
    started: ok queued -> queue:q, wip:q
    no hash: corrupt -> =
enqueue unique
    missing: ok queued -> queue:q
    created, queued, started, scheduled, deferred, finished, failed, stopped, canceled, unknown: exists {status} -> =
    without data: exists created -> =
    no hash: corrupt -> =
enqueue for later
    missing, created, queued, scheduled, deferred, finished, failed, stopped, canceled, without data, unknown: ok scheduled -> scheduled:q
    started: ok scheduled -> scheduled:q, wip:q
    no hash: corrupt -> =
enqueue after a job that waits
    missing, created, queued, scheduled, deferred, finished, failed, stopped, canceled, without data, unknown: ok deferred -> deferred:q
    started: ok deferred -> deferred:q, wip:q
    no hash: corrupt -> =
cancel
    created, queued, started, scheduled, deferred, unknown: ok {status} -> canceled:q
    finished, failed, stopped: terminal {status} -> =
    canceled: dup canceled -> =
    missing, without data: gone -> =
    no hash: badtype -> =
delete
    created, queued, started, scheduled, deferred, finished, failed, stopped, canceled, unknown: ok {status} -> nowhere
    without data, no hash: ok -> nowhere
    missing: gone -> =
requeue from failed
    failed, stopped: ok queued -> queue:q
    created, queued, started, scheduled, deferred, finished, canceled, unknown: absent {status} -> =
    missing, without data: gone -> =
    no hash: corrupt -> =
requeue from canceled
    canceled: ok queued -> queue:q
    created, queued, started, scheduled, deferred, finished, failed, stopped, unknown: absent {status} -> =
    missing, without data: gone -> =
    no hash: corrupt -> =
requeue from finished
    finished: ok queued -> queue:q
    created, queued, started, scheduled, deferred, failed, stopped, canceled, unknown: absent {status} -> =
    missing, without data: gone -> =
    no hash: corrupt -> =
requeue from scheduled
    scheduled: ok queued -> queue:q
    created, queued, started, deferred, finished, failed, stopped, canceled, unknown: absent {status} -> =
    missing, without data: gone -> =
    no hash: corrupt -> =
requeue from deferred
    deferred: ok queued -> queue:q
    created, queued, started, scheduled, finished, failed, stopped, canceled, unknown: absent {status} -> =
    missing, without data: gone -> =
    no hash: corrupt -> =
stop
    started: ok worker-of-a -> wip:q
    created, queued, scheduled, deferred, finished, failed, stopped, canceled, unknown: idle {status} -> =
    missing, without data: gone -> =
    no hash: badtype -> =
purge
    queued: 1 -> nowhere
    missing, created, started, scheduled, deferred, finished, failed, stopped, canceled, without data, no hash, unknown: 0 -> =
promote what is due
    scheduled: 1 -> queue:q
    missing, created, queued, started, deferred, finished, failed, stopped, canceled, without data, no hash, unknown: 0 -> =
sweep the deferred
    missing, created, queued, started, scheduled, deferred, finished, failed, stopped, canceled, without data, no hash, unknown: 0 -> =
"""

EXITS = ("finish", "fail", "stop", "retry", "ask", "repeat", "crash", "release")

# What an attempt is told that lost its lease, and one that holds it still though its job was enqueued anew, by what became of the job since.
STALE = """
fenced
    queued, started, scheduled, deferred, finished, failed, stopped, canceled, created, unknown: fenced {status} -> =
    missing, without data: fenced -> =
    no hash: badtype -> =
superseded
    queued, started, scheduled, deferred, finished, failed, stopped: superseded {status} -> without its lease
    canceled, created, unknown: fenced {status} -> =
    missing, without data: fenced -> =
    no hash: badtype -> =
"""


def read(table: str) -> list[tuple[str, str, str, str]]:
    """Read a table: its title, a status, the answer, the place."""
    title, rows = "", []
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            title = line
            continue
        statuses, expected = line.strip().split(": ", 1)
        answer, place = expected.split(" -> ")
        rows += [(title, status, answer.replace("{status}", "bogus" if status == "unknown" else status), place) for status in statuses.split(", ")]
    return rows


def answer_of(reply: Any) -> str:
    if hasattr(reply, "status"):
        return f"{reply.code} {reply.status}".strip()
    return " ".join(map(str, reply)).strip() if isinstance(reply, tuple) else str(reply)


def places(store: Store) -> str:
    return ", ".join(sorted(store.places("a"))) or "nowhere"


def test_the_tables_are_complete():
    assert [(title, status) for title, status, _, _ in sorted(read(CONTRACT))] == sorted((name, state) for name in OPERATIONS for state in SITUATIONS)
    assert {(title, status) for title, status, _, _ in read(STALE)} == {(kind, state) for kind in ("fenced", "superseded") for state in SITUATIONS}


@pytest.mark.parametrize(("operation", "status", "answer", "place"), read(CONTRACT))
def test_an_operation_on_a_job(store: Store, operation: str, status: str, answer: str, place: str):
    store.enqueue("p", due=FAR + 1)
    SITUATIONS[status](store, "a")
    if operation == "promote what is due":
        store.enqueue("parent-of-a", due=FAR + 1)
        store.turn_clock(FAR - store.now)
    before = store.dump()

    if answer == "corrupt":
        with pytest.raises(CorruptDataError):
            OPERATIONS[operation](store)
    else:
        assert answer_of(OPERATIONS[operation](store)) == answer

    after = store.dump()
    assert places(store) == place if place != "=" else after == before
    if answer != "corrupt":
        OPERATIONS[operation](store)
    assert store.dump() == after


@pytest.mark.parametrize("way_out", EXITS)
@pytest.mark.parametrize(("kind", "status", "answer", "place"), read(STALE))
def test_an_attempt_that_does_not_own_its_job_any_more(plain_store: Store, kind: str, status: str, answer: str, place: str, way_out: str):
    store = plain_store
    attempt = store.start("a", retries_left=3, repeats_left=3)
    if kind == "fenced":
        store.turn_clock(3600)
        store.reclaim_all()
    store.enqueue("a")
    SITUATIONS[status](store, "a")
    before, stood = what_counts(store), store.places("a")

    settled = leave_by(store, way_out, attempt)

    assert f"{settled.code} {settled.detail}".strip() == answer
    if place == "=":
        assert what_counts(store) == before
    stood_without_lease = [name for name in stood if name != "wip:q"] + ["wip:q"] * (status == "started")
    assert sorted(store.places("a")) == sorted(stood_without_lease)


def leave_by(store: Store, way_out: str, attempt: AttemptKey) -> Any:
    return store.retry(attempt, 3) if way_out == "retry" else getattr(store, way_out)(attempt)


def what_counts(store: Store) -> dict[str, Any]:
    """All but what the worker says of itself."""
    return {key: entry for key, entry in store.dump().items() if key != store.keys.worker("w")}
