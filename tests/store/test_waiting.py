"""QueueWaiter: what anybody pushes wakes a worker at once, and no id is ever lost."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis._parsers import _RESP2Parser
from redis.backoff import NoBackoff
from redis.retry import Retry

from rq.store.claim import claim_jobs, claim_when_woken
from rq.store.connection import Caller
from rq.store.waiting import RETRY_SECONDS, News, QueueWaiter, wait_readable
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
PATIENCE_SECONDS = 30.0


class Waiting:
    """A worker that waits: the waiter, and the claims that it leaves at the server."""

    def __init__(self, store: Store, client: redis.Redis, queues: tuple[str, ...] = QUEUES) -> None:
        self.store = store
        self.queues = queues
        self.caller = Caller(client)
        self.waiter = QueueWaiter(client, store.keys, queues)
        store.birth("w", queues)

    def arm(self, seconds: float = BLOCK_SECONDS) -> None:
        """Wait on every queue that is not waited on."""
        self.waiter.arm(seconds, lambda: claim_when_woken(self.store.scripts, self.store.woken_request("w", self.queues)))

    def wait(self) -> None:
        """Find nothing, wait on every queue, and see that the server does."""
        assert not self.claim().jobs
        self.arm()
        self.wait_until_blocked()

    def wait_until_blocked(self) -> None:
        wait_until(lambda: self.store.client.info("clients")["blocked_clients"] == len(self.queues))

    def wait_until_nobody_waits(self) -> None:
        wait_until(lambda: self.store.client.info("clients")["blocked_clients"] == 0)

    def news(self, timeout: float = 5.0) -> list[News]:
        """What one wait brings."""
        return self.waiter.read(wait_readable(self.waiter.filenos(), timeout))

    def all_news(self) -> list[News]:
        """What every connection has to say."""
        heard: list[News] = []
        while len(heard) < len(self.queues):
            heard += self.news()
        return heard

    def next_news(self) -> News:
        """What the first connection has to say that has something to say; nothing else has."""
        [news] = self.news()
        return news

    def claim(self) -> Claimed:
        """A call of the worker's own."""
        return self.caller.run(claim_jobs(self.store.scripts, self.store.claim_request("w", self.queues)))

    def caught(self) -> list[str]:
        """All ids that lie in the lists of caught ones."""
        keys = [self.store.keys.caught(queue) for queue in self.queues]
        lists: list[Any] = [self.store.client.lrange(self.store.wire(key), 0, -1) for key in keys]
        return [job_id.decode() for ids in lists for job_id in ids]


def ids(claimed: Claimed) -> list[str]:
    return [job.job_id for job in claimed.jobs]


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
def test_a_push_by_anybody_on_any_queue_brings_the_job_along(waiting: Waiting, queue: str):
    waiting.wait()
    waiting.store.client.hset(waiting.store.keys.job("a"), mapping={"status": "queued", "data": "payload", "origin": queue})
    waiting.store.client.rpush(waiting.store.keys.queue(queue), "a")
    news = waiting.next_news()
    assert (news.caught, news.answer.code, ids(news.answer)) == (True, "ok", ["a"])
    assert waiting.caught() == []


def test_a_worker_that_is_woken_sends_nothing(waiting: Waiting):
    waiting.wait()
    waiting.store.enqueue("a", "low")
    with watched_commands(waiting.store.client) as watched:
        assert ids(waiting.next_news().answer) == ["a"]
    assert watched.sent == []


def test_the_other_connections_go_on_waiting_and_give_back_what_they_catch(waiting: Waiting):
    waiting.wait()
    waiting.store.enqueue("a", "middle")
    waiting.store.enqueue("b", "high")
    waiting.store.enqueue("c", "high")
    heard: dict[str, Claimed] = {}
    while len(heard) < 2:
        heard |= {news.answer.code: news.answer for news in waiting.news()}
    assert ids(heard["ok"]) == ["a"]
    assert (heard["busy"].given_back, heard["busy"].sequence) == (1, heard["ok"].sequence)
    assert waiting.store.waiting("high") == ["b", "c"]
    assert waiting.store.client.info("clients")["blocked_clients"] == 1  # what waits for "low"


def test_what_many_busy_workers_catch_of_a_burst_goes_back_in_its_order(plain_store: Store, valkey: ValkeyServer):
    # More connections than jobs: what the first ones give back, those behind them catch once more.
    workers = [f"w{number}" for number in range(12)]
    for worker in workers:
        plain_store.start(f"long-{worker}", worker)
    with ExitStack() as stack:
        for worker in workers:
            waiter = QueueWaiter(valkey.client(), plain_store.keys, ("q",))
            stack.callback(waiter.close)
            waiter.arm(BLOCK_SECONDS, partial(claim_when_woken, plain_store.scripts, plain_store.woken_request(worker)))
        wait_until(lambda: plain_store.client.info("clients")["blocked_clients"] == 12)
        plain_store.enqueue_many(*(plain_store.new_job(job_id) for job_id in "abcdefgh"))
        wait_until(lambda: plain_store.client.info("clients")["blocked_clients"] == 0)
        wait_until(lambda: not plain_store.client.exists(plain_store.keys.caught("q")))
        assert plain_store.waiting() == list("abcdefgh")


def test_a_connection_that_waited_all_the_time_brings_a_job_when_the_worker_waits_again(waiting: Waiting):
    waiting.wait()
    waiting.store.enqueue("a", "low")
    first = waiting.next_news().answer
    waiting.store.sequence_is("w", first.sequence)
    waiting.wait()
    waiting.store.enqueue("b", "high")
    second = waiting.next_news().answer
    assert (ids(first), ids(second)) == (["a"], ["b"])
    assert second.sequence == first.sequence + 2  # a claim between the two found nothing


def test_ids_that_are_caught_at_one_moment_are_taken_in_order_of_priority(waiting: Waiting):
    store = waiting.store
    waiting.wait()
    for job_id, queue in (("second", "low"), ("first", "high")):
        store.client.hset(store.keys.job(job_id), mapping={"status": "queued", "data": "payload", "origin": queue})
    with store.client.pipeline(transaction=True) as pipeline:
        pipeline.rpush(store.keys.queue("low"), "second")
        pipeline.rpush(store.keys.queue("high"), "first")
        pipeline.execute()
    jobs = [job_id for news in waiting.news() for job_id in ids(news.answer)]
    while not jobs:
        jobs = [job_id for news in waiting.news() for job_id in ids(news.answer)]
    assert jobs == ["first"]
    assert store.waiting("low") == ["second"]
    assert waiting.caught() == []


def test_waiting_connections_are_kept_from_one_wait_to_the_next(waiting: Waiting):
    waiting.wait()
    before = {client["id"] for client in waiting.store.client.client_list() if "b" in client["flags"]}
    waiting.store.enqueue("a", "low")
    waiting.store.sequence_is("w", waiting.next_news().answer.sequence)
    waiting.wait()
    assert {client["id"] for client in waiting.store.client.client_list() if "b" in client["flags"]} == before


def test_arming_twice_waits_once(waiting: Waiting):
    waiting.wait()
    with watched_commands(waiting.store.client) as watched:
        waiting.arm()
    assert watched.sent == []


def test_only_what_waits_again_is_sent_again(waiting: Waiting):
    waiting.wait()
    waiting.store.enqueue("a", "low")
    waiting.store.sequence_is("w", waiting.next_news().answer.sequence)
    waiting.claim()
    with watched_commands(waiting.store.client) as watched:
        waiting.arm()
        waiting.wait_until_blocked()
    assert watched.sent.count("BLMOVE") == 1


def test_the_server_ends_a_wait_by_itself(waiting: Waiting):
    waiting.claim()
    waiting.arm(0.05)
    waiting.wait_until_nobody_waits()
    assert {(news.caught, news.answer.code) for news in waiting.all_news()} == {(False, "idle")}
    assert not waiting.waiter.is_armed()


def test_descriptors_are_taken_over_once(waiting: Waiting):
    waiting.wait()
    watched = waiting.waiter.filenos()
    waiting.store.enqueue("a", "low")
    assert wait_readable(watched, 5.0)
    assert waiting.waiter.read([max(watched) + 1]) == []
    assert waiting.waiter.read(watched) == []  # by the next wait, a descriptor may be somebody else's
    assert ids(waiting.next_news().answer) == ["a"]


def test_a_claim_of_its_own_tells_the_worker_of_a_job_that_a_lost_connection_was_to_bring(waiting: Waiting):
    waiting.wait()
    waiting.store.enqueue("a", "low")
    wait_until(lambda: waiting.store.status("a") == "started")
    waiting.waiter.close()
    claimed = waiting.claim()
    assert (claimed.code, ids(claimed)) == ("replay", ["a"])


def test_no_id_is_ever_lost_to_waits_that_end_while_the_worker_claims(waiting: Waiting, processes: Processes):
    # The interleaving: a BLMOVE is on its way, or ends, while a call of the worker's own claims over another connection.
    store, pushed = waiting.store, [f"job-{number}" for number in range(400)]
    for job_id in pushed:
        store.client.hset(store.keys.job(job_id), mapping={"status": "queued", "data": "payload"})
    assert not waiting.claim().jobs  # the server knows the script from here on
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
    rounds, deadline = 0, time.monotonic() + PATIENCE_SECONDS
    while rounds < 500 or len(claimed_ids) < len(pushed):
        assert time.monotonic() < deadline
        waiting.arm()
        claimed_ids += ids(waiting.claim())
        for news in waiting.news(0):
            if news.answer.jobs and store.sequence_is("w", news.answer.sequence):
                claimed_ids += ids(news.answer)
        rounds += 1
    pusher.succeed()
    assert sorted(claimed_ids) == sorted(pushed)
    assert waiting.caught() == []


def test_a_killed_connection_wakes_the_worker_which_looks_and_waits_again_a_little_later(waiting: Waiting):
    waiting.wait()
    kill_blocked(waiting.store)
    assert waiting.all_news() == [News(caught=True, answer=None)] * len(QUEUES)
    waiting.store.enqueue("a", "high")
    assert ids(waiting.claim()) == ["a"]
    waiting.arm()
    assert waiting.waiter.filenos() == []
    time_to_rest_is_over(waiting)
    waiting.wait()
    waiting.store.enqueue("b", "low")
    assert ids(waiting.next_news().answer) == ["b"]


def time_to_rest_is_over(waiting: Waiting) -> None:
    """Let the second pass in which a broken line rests."""
    for line in waiting.waiter._lines:
        assert line.resting_until <= time.monotonic() + RETRY_SECONDS
        line.resting_until = 0.0


def test_a_server_that_does_not_know_the_script_leaves_the_id_where_the_next_claim_finds_it(waiting: Waiting):
    waiting.wait()
    waiting.store.client.script_flush()
    waiting.store.client.hset(waiting.store.keys.job("a"), mapping={"status": "queued", "data": "payload", "origin": "low"})
    waiting.store.client.rpush(waiting.store.keys.queue("low"), "a")
    assert waiting.next_news() == News(caught=True, answer=None)
    assert waiting.caught() == ["a"]
    assert ids(waiting.claim()) == ["a"]
    assert waiting.caught() == []


def test_a_queue_that_is_no_list_does_not_keep_the_worker_busy(waiting: Waiting):
    store = waiting.store
    store.client.set(store.keys.queue("middle"), "text")
    waiting.claim()
    waiting.arm()
    news = waiting.next_news()
    assert (news.caught, news.answer.code, news.answer.jobs) == (False, "ok", [])
    waiting.arm()
    assert len(waiting.waiter.filenos()) == 2
    assert waiting.news(0.05) == []
    store.enqueue("a", "low")
    assert ids(waiting.next_news().answer) == ["a"]


def test_a_full_server_does_not_keep_the_worker_busy(waiting: Waiting, valkey: ValkeyServer):
    waiting.claim()
    waiting.store.enqueue("a", "low")
    valkey.config_set("maxmemory", "100kb")
    waiting.arm()  # refused: BLMOVE might need memory
    assert not any(news.caught for news in waiting.all_news())
    assert ids(waiting.claim()) == ["a"]
    waiting.arm()
    assert waiting.waiter.filenos() == []


def test_a_server_that_is_away_is_no_error_and_waiting_goes_on_when_it_is_back(waiting: Waiting, valkey: ValkeyServer):
    waiting.wait()
    valkey.stop()
    assert waiting.all_news() == [News(caught=True, answer=None)] * len(QUEUES)
    time_to_rest_is_over(waiting)
    waiting.arm()
    assert not waiting.waiter.is_armed()
    valkey.start()
    waiting.store.turn_clock(0)
    waiting.store.birth("w", QUEUES)
    time_to_rest_is_over(waiting)
    waiting.wait()
    waiting.store.enqueue("a", "low")
    assert ids(waiting.next_news().answer) == ["a"]


def test_a_connection_without_an_answer_long_after_its_time_is_replaced(waiting: Waiting):
    waiting.wait()
    for line in waiting.waiter._lines:
        line.armed_until = time.monotonic() - 1
    waiting.arm()
    assert not waiting.waiter.is_armed()
    waiting.wait_until_nobody_waits()


def test_a_connection_whose_answer_was_not_read_for_long_is_kept(waiting: Waiting):
    waiting.wait()
    waiting.store.enqueue("a", "low")
    wait_until(lambda: waiting.store.status("a") == "started")
    wait_readable(waiting.waiter.filenos(), 5.0)
    for line in waiting.waiter._lines:
        if line.queue == "low":
            line.armed_until = time.monotonic() - 1
    waiting.arm()
    assert ids(waiting.next_news().answer) == ["a"]


def test_a_closed_waiter_catches_nothing_more(waiting: Waiting):
    waiting.wait()
    waiting.waiter.close()
    waiting.wait_until_nobody_waits()
    waiting.store.enqueue("a", "high")
    assert waiting.store.waiting("high") == ["a"]
    assert waiting.caught() == []


def test_a_queue_whose_name_is_no_utf8_can_be_waited_on(plain_store: Store):
    queue = "\udcff\udcfe"
    waiting = Waiting(plain_store, plain_store.client, (queue,))
    waiting.wait()
    plain_store.enqueue("a", queue)
    assert ids(waiting.next_news().answer) == ["a"]
    waiting.waiter.close()
