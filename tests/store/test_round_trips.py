"""What the hot path costs: round trips, and work inside the server that does not grow with what waits there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.store.claim import claim_jobs
from rq.store.presence import list_worker_keys
from rq.store.reads import count_queue, list_queue
from tests.support.monitor import watched_commands

if TYPE_CHECKING:
    from tests.store.harness import Store


FILL = """
for number = tonumber(ARGV[1]) + 1, tonumber(ARGV[2]) do
  redis.call('RPUSH', KEYS[1], 'filler-' .. number)
  for registry = 2, 3 do redis.call('ZADD', KEYS[registry], 1e10 + number, 'filler-' .. number) end
end
"""


@pytest.fixture
def warm(plain_store: Store) -> Store:
    """A store whose server knows the scripts of the hot path."""
    plain_store.finish(plain_store.start("warm-up"), ttl=0, claim=plain_store.claim_request())
    plain_store.beat()
    return plain_store


@pytest.mark.parametrize("queues", [("q",), ("q", "r", "s")], ids=len)
def test_a_claim_is_one_round_trip_for_any_number_of_queues(warm: Store, queues: tuple[str, ...]):
    warm.enqueue("a", queues[-1])
    request = warm.claim_request(queues=queues)
    with watched_commands(warm.client) as watched:
        claimed = warm.run(claim_jobs(warm.scripts, request))
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert watched.sent == ["EVALSHA"]


def test_an_enqueue_is_one_round_trip(warm: Store):
    with watched_commands(warm.client) as watched:
        warm.enqueue("a")
    assert watched.sent == ["EVALSHA"]


def test_a_finish_and_the_next_claim_are_one_round_trip(warm: Store):
    attempt = warm.start("a")
    warm.enqueue("b")
    with watched_commands(warm.client) as watched:
        settled = warm.finish(attempt, claim=warm.claim_request())
    assert settled.claimed is not None
    assert [job.job_id for job in settled.claimed.jobs] == ["b"]
    assert watched.sent == ["EVALSHA"]


def test_many_calls_are_sent_together(warm: Store):
    with watched_commands(warm.client) as watched:
        warm.caller.run_many([count_queue(warm.scripts, "q"), list_queue(warm.scripts, "q"), list_worker_keys(warm.scripts)])
    assert watched.sent == ["LLEN", "LRANGE", "SMEMBERS"]


def test_a_heartbeat_for_many_attempts_is_one_round_trip(warm: Store):
    attempts = [warm.start(f"job-{number}") for number in range(20)]
    with watched_commands(warm.client) as watched:
        assert warm.beat(*attempts).exceptions == []
    assert watched.sent == ["EVALSHA"]


def test_the_hot_path_does_the_same_work_however_many_jobs_wait(warm: Store):
    store = warm
    work = []
    fillers = 0
    for waiting in (10, 10_000, 200_000):
        registries = [store.keys.registry(kind, "q") for kind in ("wip", "scheduled")]
        store.client.eval(FILL, 3, store.keys.queue("q"), *registries, fillers, waiting)
        fillers = waiting
        store.enqueue("a", front=True)
        store.enqueue("b", front=True)
        with watched_commands(store.client) as watched:
            attempt = store.take()
            store.beat(attempt)
            settled = store.finish(attempt, claim=store.claim_request())
            assert settled.claimed is not None
            store.fail(store.attempt_of(settled.claimed.jobs[0]), ttl=500)
            store.enqueue(f"new-{waiting}")
        work.append(watched.inside)
        store.client.lrem(store.keys.queue("q"), -1, f"new-{waiting}")
    assert work[0] == work[1] == work[2]
    assert len(work[0]) < 150
