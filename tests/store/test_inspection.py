"""What `rq doctor` reads: bounded, of whatever is there, and nothing is changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.model.inspection import Inspection, QueueFacts
from rq.store.connection import Caller
from rq.store.inspection import inspect_server
from rq.store.strays import LONGEST_QUEUE

if TYPE_CHECKING:
    from tests.store.harness import Store

MOST_KEYS = 20_000


def inspect(store: Store) -> Inspection:
    """Look at the server; looking must change nothing."""
    before = store.dump()
    found = inspect_server(Caller(store.client), store.scripts, MOST_KEYS)
    assert store.dump() == before
    return found


def queue_of(store: Store) -> QueueFacts:
    """What is found of the only queue."""
    [queue] = inspect(store).queues
    return queue


def real_seconds(store: Store) -> float:
    """The server's own time, which questions go by."""
    seconds, _ = store.client.time()
    return float(seconds)


def test_the_server_is_asked_about_itself(store: Store):
    server = inspect(store).server
    assert server.version
    assert server.version >= (6,)
    assert (server.runs_scripts, server.is_replica) == (True, False)
    assert server.eviction == "noeviction"
    assert abs(server.clock_ahead_seconds) < 5
    assert server.clients
    assert server.appends is not None


def test_jobs_are_counted_where_they_stand(store: Store):
    store.fail(store.start("failed"))
    store.enqueue("waits")
    store.enqueue("later", due=4_000_000_000)
    queue = queue_of(store)
    assert (queue.waiting, queue.count("scheduled"), queue.count("failed")) == (1, 1, 1)


def test_workers_are_alive_or_stale(store: Store):
    store.birth("alive", ("q", "r"))
    store.birth("dead")
    store.client.zadd(store.keys.presence, {"dead": 1})
    store.client.sadd(store.keys.workers, store.keys.worker("ghost"))
    found = inspect(store)
    assert [(worker.name, worker.queues) for worker in found.workers] == [("alive", ("q", "r"))]
    assert found.stale_workers == ("dead", "ghost")


def test_what_is_overdue_is_counted(store: Store):
    attempt = store.start("abandoned")
    store.client.zadd(store.keys.registry("wip", "q"), {f"abandoned:{attempt.execution_id}": real_seconds(store) - 1})
    store.enqueue("due", due=real_seconds(store) - 70)
    store.enqueue("just-due", due=real_seconds(store) - 1)
    queue = queue_of(store)
    assert (queue.overdue_leases, queue.overdue_jobs) == (1, 1)


def test_what_was_set_aside_is_shown_with_the_reason(store: Store):
    store.birth()
    store.enqueue("a", timeout=None)
    store.client.hset(store.keys.job("a"), "x_attempt", "many")
    store.claim()
    queue = queue_of(store)
    assert (queue.set_aside, queue.example_set_aside) == (1, "a x_attempt is not a number")


def test_jobs_that_wait_in_vain_are_counted(store: Store):
    store.fail(store.start("parent"))
    store.enqueue("in-vain", after=["parent"])
    store.enqueue("allowed", after=["parent"], allow_dependency_failures=True)
    store.start("running")
    store.enqueue("in-hope", after=["running"])
    queue = queue_of(store)
    assert (queue.blocked, queue.example_blocked) == (1, "in-vain")


def test_a_queue_that_cannot_be_read_does_not_hide_the_others(store: Store):
    store.enqueue("a", "broken")
    store.enqueue("b", "sound")
    store.client.delete(store.keys.queue("broken"))
    store.client.set(store.keys.queue("broken"), "no list")
    broken, sound = inspect(store).queues
    assert broken.broken
    assert (sound.broken, sound.waiting) == (None, 1)


def test_nonsense_in_a_hash_hides_nothing_else(store: Store):
    store.birth("sound")
    store.client.sadd(store.keys.workers, store.keys.worker("broken"))
    store.client.hset(store.keys.worker("broken"), mapping={"pid": "many", "queues": "q"})
    store.fail(store.start("parent"))
    store.enqueue("in-vain", after=["parent"])
    store.enqueue("broken", after=["parent"])
    store.client.hset(store.keys.job("broken"), "timeout", "long")
    found = inspect(store)
    assert ({worker.name for worker in found.workers}, found.stale_workers) == ({"sound", "w", "broken"}, ())  # as far as it can be read
    assert found.queues[0].example_blocked == "in-vain"


def test_late_webhooks_are_counted(store: Store):
    store.client.zadd(store.keys.outbox, {"late": 1, "later": 4_000_000_000})
    assert inspect(store).late_deliveries == 1


def test_pauses_are_named_while_they_last(store: Store):
    store.client.zadd(store.keys.paused, {"queue:q": "inf", "worker:a:b": 4_000_000_000, "queue:over": 1})
    assert inspect(store).paused == (("queue", "q"), ("worker", "a:b"))


# --- what stands nowhere ------------------------------------------------------------------------------------------------------


def test_jobs_that_stand_where_they_should_are_not_lost(store: Store):
    for number in range(5):
        store.enqueue(f"waits-{number}")
    store.birth()
    store.take()
    store.enqueue("later", due=4_000_000_000)
    store.enqueue("after", after=["waits-1"])
    store.cancel("waits-2")
    found = inspect(store)
    assert (found.lost_jobs, found.strays, found.jobs_searched) == ((), (), 7)


@pytest.mark.parametrize("where", ["queue", "wip", "scheduled", "deferred"])
def test_a_job_whose_place_was_deleted_is_lost(store: Store, where: str):
    store.enqueue("parent", "other")
    if where == "wip":
        store.start("lost")
    else:
        store.enqueue("lost", due=4_000_000_000 if where == "scheduled" else None, after=["parent"] if where == "deferred" else [])
    assert inspect(store).lost_jobs == ()
    store.client.delete(store.keys.name(where, "q"))
    assert inspect(store).lost_jobs == ("lost",)


def test_a_started_job_of_rq_is_not_lost(store: Store):
    store.enqueue("a")
    store.client.hset(store.keys.job("a"), "status", "started")
    store.client.zadd(store.keys.executions("a"), {"execution": 4_000_000_000})
    assert inspect(store).lost_jobs == ()


def test_nothing_is_said_of_a_queue_that_is_too_long_to_search(store: Store):
    store.enqueue("a")
    store.client.delete(store.keys.queue("q"))
    store.client.rpush(store.keys.queue("q"), *["other"] * (LONGEST_QUEUE + 1))
    assert inspect(store).lost_jobs == ()


def test_keys_without_a_job_are_strays_unless_they_expire(store: Store):
    strays = [store.keys.results("gone"), store.keys.dependents("gone"), store.keys.dependencies("gone")]
    store.client.xadd(strays[0], {"type": "1"})
    store.client.sadd(strays[1], "child")
    store.client.sadd(strays[2], "parent")
    store.client.zadd(store.keys.executions("gone"), {"execution": 1})
    store.client.expire(store.keys.executions("gone"), 100)
    assert inspect(store).strays == tuple(sorted(strays))


def test_what_jobs_have_beside_them_is_no_stray(store: Store):
    store.enqueue("parent")
    store.enqueue("child", after=["parent"])
    store.finish(store.start("done", queue="other", worker="v"))
    assert inspect(store).strays == ()


def test_a_search_is_as_long_as_one_allows(store: Store):
    store.enqueue("a")
    assert inspect_server(Caller(store.client), store.scripts, 0).jobs_searched == 0
