"""QueueWaiter: what anybody pushes wakes a worker at once, and no id is ever lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis._parsers import _RESP2Parser
from redis.backoff import NoBackoff
from redis.retry import Retry

from rq.store.claim import claim_jobs
from rq.store.connection import Caller
from rq.store.waiting import RETRY_SECONDS, QueueWaiter, wait_readable
from tests.store.harness import Store
from tests.support.monitor import watched_commands
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rq.store.replies import Claimed
    from tests.support.processes import Processes
    from tests.support.server import ValkeyServer

QUEUES = ("high", "middle", "low")
BLOCK_SECONDS = 20.0


class Waiting:
    """A worker that waits: the waiter, and the claim that rides with its freeing."""

    def __init__(self, store: Store, client: redis.Redis, queues: tuple[str, ...] = QUEUES) -> None:
        self.store = store
        self.queues = queues
        self.caller = Caller(client)
        self.waiter = QueueWaiter(client, store.keys, "w", queues)
        store.birth("w", queues)

    def arm(self) -> None:
        """Wait on every queue, and see that the server does."""
        self.waiter.arm(BLOCK_SECONDS)
        self.wait_until_blocked()

    def wait_until_blocked(self) -> None:
        wait_until(lambda: self.store.client.info("clients")["blocked_clients"] == len(self.queues))

    def is_woken(self, timeout: float = 5.0) -> bool:
        return bool(wait_readable(self.waiter.filenos(), timeout))

    def claim(self) -> tuple[Claimed, int]:
        """Free the connections, claim, and read what they had to say, as a worker does."""
        request = self.store.claim_request("w", self.queues)
        calls = [*self.waiter.free_calls(), claim_jobs(self.store.scripts, request)]
        *_, claimed = self.caller.run_many(calls)
        return claimed, self.waiter.drain(self.caller.run_many)

    def caught(self) -> list[str]:
        """All ids that lie in the lists of caught ones."""
        keys = [self.store.keys.caught("w", queue) for queue in self.queues]
        lists: list[Any] = [self.store.client.lrange(self.store.wire(key), 0, -1) for key in keys]
        return [job_id.decode() for ids in lists for job_id in ids]


class OwnWayOfReading(redis.Connection):
    """A connection that has its say before a reply is given out, as Sentinel's has."""

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        return super().read_response(*args, **kwargs)


PARSERS: dict[str, dict[str, Any]] = {
    "default": {},
    "pure python": {"parser_class": _RESP2Parser, "protocol": 2},
    "RESP3": {"protocol": 3},
    "own way": {"connection_class": OwnWayOfReading},
}


@pytest.fixture(params=PARSERS)
def waiting(request: pytest.FixtureRequest, plain_store: Store, valkey: ValkeyServer) -> Iterator[Waiting]:
    settings: dict[str, Any] = {"host": valkey.host, "port": valkey.port, "retry": Retry(NoBackoff(), 0)}
    pool = redis.ConnectionPool(**settings, **PARSERS[request.param])
    with redis.Redis(connection_pool=pool) as client:
        waiting = Waiting(plain_store, client)
        yield waiting
        waiting.waiter.close()
    pool.disconnect()


def kill_blocked(store: Store) -> None:
    """Let the server close every connection that waits."""
    for client in store.client.client_list():
        if "b" in client["flags"]:
            store.client.execute_command("CLIENT", "KILL", "ID", client["id"])


@pytest.mark.parametrize("queue", QUEUES)
def test_a_push_by_anybody_on_any_queue_wakes_the_worker(waiting: Waiting, queue: str):
    waiting.arm()
    assert not waiting.waiter.has_news()
    waiting.store.client.rpush(waiting.store.keys.queue(queue), "a")
    assert waiting.is_woken()
    assert waiting.waiter.has_news()


def test_only_what_concerns_a_waiting_connection_is_news(waiting: Waiting):
    waiting.arm()
    watched = waiting.waiter.filenos()
    assert not waiting.waiter.note_readable([max(watched) + 1])
    assert not waiting.waiter.has_news()
    watched = waiting.waiter.filenos()
    assert waiting.waiter.note_readable(watched[:1])
    assert waiting.waiter.has_news()
    assert not waiting.waiter.note_readable(watched)  # what was watched is taken over once: by the next wait, a descriptor may be somebody else's


def test_a_woken_worker_claims_what_woke_it_in_one_round_trip(waiting: Waiting):
    waiting.claim()  # the server knows the script from here on
    waiting.arm()
    waiting.store.enqueue("a", "low")
    assert waiting.is_woken()
    with watched_commands(waiting.store.client) as watched:
        claimed, caught = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert (claimed.given_back, caught) == (1, 1)
    assert watched.sent == ["EVALSHA"]  # besides CLIENT UNBLOCK, in the same pipeline: the server shows nobody admin commands
    assert waiting.caught() == []
    assert not waiting.waiter.is_armed()


def test_a_worker_that_catches_on_two_queues_runs_the_more_important_job_and_loses_neither(waiting: Waiting):
    waiting.arm()
    waiting.store.enqueue("second", "low")
    waiting.store.enqueue("third", "low")
    waiting.store.enqueue("first", "high")
    assert waiting.is_woken()
    claimed, caught = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["first"]
    assert (claimed.given_back, caught) == (2, 2)
    assert waiting.store.waiting("low") == ["second", "third"]
    assert waiting.caught() == []


def test_a_worker_that_is_freed_without_a_job_can_wait_again(waiting: Waiting):
    waiting.arm()
    claimed, caught = waiting.claim()
    assert (claimed.jobs, caught) == ([], 0)
    waiting.arm()
    waiting.store.enqueue("a", "high")
    assert waiting.is_woken()


def test_waiting_connections_are_kept_from_one_wait_to_the_next(waiting: Waiting):
    waiting.arm()
    before = {client["id"] for client in waiting.store.client.client_list() if "b" in client["flags"]}
    waiting.claim()
    waiting.arm()
    assert {client["id"] for client in waiting.store.client.client_list() if "b" in client["flags"]} == before


def test_arming_twice_waits_once(waiting: Waiting):
    waiting.arm()
    with watched_commands(waiting.store.client) as watched:
        waiting.waiter.arm(BLOCK_SECONDS)
    assert watched.sent == []


def test_the_server_ends_a_wait_by_itself(waiting: Waiting):
    waiting.waiter.arm(0.05)
    assert waiting.is_woken()
    wait_until(lambda: waiting.store.client.info("clients")["blocked_clients"] == 0)
    claimed, caught = waiting.claim()
    assert (claimed.jobs, caught) == ([], 0)


def test_an_id_that_is_caught_after_the_claim_is_told_and_comes_with_the_next_claim(waiting: Waiting):
    waiting.arm()
    request = waiting.store.claim_request("w", QUEUES)
    waiting.caller.run_many([claim_jobs(waiting.store.scripts, request)])  # nobody freed the connections
    waiting.store.enqueue("a", "middle")
    assert waiting.is_woken()
    assert waiting.waiter.drain(waiting.caller.run_many) == 1
    assert waiting.caught() == ["a"]
    claimed, _ = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert waiting.caught() == []


def test_no_id_is_ever_lost_to_a_wait_that_begins_late(waiting: Waiting, processes: Processes):
    # The interleaving: BLMOVE is on its way while CLIENT UNBLOCK and the claim go over another connection, and a
    # producer pushes at the same time. The wait may begin after it was freed, and catch an id after the claim.
    store, pushed = waiting.store, [f"job-{number}" for number in range(400)]
    for job_id in pushed:
        store.client.hset(store.keys.job(job_id), mapping={"status": "queued", "data": "payload"})
    pusher = processes.python(
        """
        import sys, redis
        url, ids, *keys = sys.argv[1:]
        client = redis.Redis.from_url(url)
        client.rpush("ready", "to push")
        for number, job_id in enumerate(ids.split()):
            client.rpush(keys[number % len(keys)], job_id)
        """,
        *(store.client_url(), " ".join(pushed), *(store.keys.queue(queue) for queue in QUEUES)),
    )
    store.client.blpop(["ready"], 20)
    claimed_ids: list[str] = []
    rounds = 0
    while rounds < 500 or len(claimed_ids) < len(pushed):
        waiting.waiter.arm(BLOCK_SECONDS)
        claimed, caught = waiting.claim()
        claimed_ids += [job.job_id for job in claimed.jobs]
        assert caught or not waiting.caught()
        rounds += 1
        assert rounds < 5000
    pusher.succeed()
    waiting.claim()
    assert sorted(claimed_ids) == sorted(pushed)
    assert waiting.caught() == []


def test_a_killed_connection_wakes_the_worker_which_looks_and_waits_again_a_little_later(waiting: Waiting):
    waiting.arm()
    kill_blocked(waiting.store)
    assert waiting.is_woken()
    assert waiting.waiter.has_news()
    waiting.store.enqueue("a", "high")
    claimed, caught = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert caught == len(QUEUES)
    waiting.waiter.arm(BLOCK_SECONDS)
    assert waiting.waiter.filenos() == []
    time_to_rest_is_over(waiting)
    waiting.arm()
    waiting.store.enqueue("b", "low")
    assert waiting.is_woken()


def time_to_rest_is_over(waiting: Waiting) -> None:
    """Let the second pass in which a broken line rests."""
    for line in waiting.waiter._lines:
        assert line.resting_until <= time.monotonic() + RETRY_SECONDS
        line.resting_until = 0.0


def test_an_id_caught_by_a_connection_that_was_killed_comes_with_the_next_claim(waiting: Waiting):
    waiting.arm()
    waiting.store.enqueue("a", "low")
    wait_until(lambda: waiting.caught() == ["a"])
    for client in waiting.store.client.client_list():
        if client["cmd"] == "blmove":
            waiting.store.client.execute_command("CLIENT", "KILL", "ID", client["id"])
    claimed, _ = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert waiting.caught() == []


def test_a_queue_that_is_no_list_does_not_keep_the_worker_busy(waiting: Waiting):
    store = waiting.store
    store.client.set(store.keys.queue("middle"), "text")
    waiting.waiter.arm(BLOCK_SECONDS)
    assert waiting.is_woken()
    claimed, caught = waiting.claim()
    assert (claimed.code, claimed.jobs, caught) == ("ok", [], 0)
    waiting.waiter.arm(BLOCK_SECONDS)
    assert len(waiting.waiter.filenos()) == 2
    assert not waiting.is_woken(0.05)
    store.enqueue("a", "low")
    assert waiting.is_woken()
    claimed, _ = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]


def test_a_full_server_does_not_keep_the_worker_busy(waiting: Waiting, valkey: ValkeyServer):
    waiting.store.enqueue("a", "low")
    valkey.config_set("maxmemory", "100kb")
    waiting.waiter.arm(BLOCK_SECONDS)  # refused: BLMOVE might need memory
    assert waiting.is_woken()
    claimed, caught = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert caught == 0
    waiting.waiter.arm(BLOCK_SECONDS)
    assert waiting.waiter.filenos() == []


def test_a_server_that_is_away_is_no_error_and_waiting_goes_on_when_it_is_back(waiting: Waiting, valkey: ValkeyServer):
    waiting.arm()
    valkey.stop()
    assert waiting.is_woken()
    assert waiting.waiter.has_news()
    assert waiting.waiter.drain(lambda _calls: None) == len(QUEUES)
    time_to_rest_is_over(waiting)
    waiting.waiter.arm(BLOCK_SECONDS)
    assert not waiting.waiter.is_armed()
    valkey.start()
    waiting.store.turn_clock(0)
    waiting.store.birth("w", QUEUES)
    time_to_rest_is_over(waiting)
    waiting.arm()
    waiting.store.enqueue("a", "low")
    assert waiting.is_woken()
    claimed, _ = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]


def test_a_connection_without_an_answer_long_after_its_time_is_replaced(waiting: Waiting):
    waiting.arm()
    for line in waiting.waiter._lines:
        line.armed_until = time.monotonic() - 1
    waiting.waiter.arm(BLOCK_SECONDS)
    assert not waiting.waiter.is_armed()
    wait_until(lambda: waiting.store.client.info("clients")["blocked_clients"] == 0)


def test_a_closed_waiter_catches_nothing_more(waiting: Waiting):
    waiting.arm()
    waiting.waiter.close()
    waiting.store.enqueue("a", "high")
    wait_until(lambda: waiting.store.client.info("clients")["blocked_clients"] == 0)
    assert waiting.store.waiting("high") == ["a"]
    assert waiting.caught() == []


def test_a_queue_whose_name_is_no_utf8_can_be_waited_on(plain_store: Store):
    queue = "\udcff\udcfe"
    waiting = Waiting(plain_store, plain_store.client, (queue,))
    waiting.arm()
    plain_store.enqueue("a", queue)
    assert waiting.is_woken()
    claimed, _ = waiting.claim()
    assert [job.job_id for job in claimed.jobs] == ["a"]
    waiting.waiter.close()
