"""A full server (`maxmemory` reached, `noeviction`) takes in nothing new, and everything that is there drains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import OutOfMemoryError

from rq.store.connection import Meaning, meaning_of
from tests.store.harness import LEASE, START
from tests.store.situations import SITUATIONS
from tests.store.test_bad_data import TRANSITIONS, populate

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.store.replies import Claimed
    from tests.store.harness import Store
    from tests.support.server import ValkeyServer


WAYS: dict[str, dict[str, Any]] = {
    "at once": {},
    "later": {"due": START + 60},
    "unique": {"unique": True},
    "in a group": {"group_id": "g"},
    "after another": {"after": ["p"]},
    "after one that failed": {"after": ["bad"], "dependency_policies": {"bad": "fail"}},
}


@pytest.fixture
def fill(valkey: ValkeyServer, plain_store: Store) -> Callable[[], None]:
    """Makes the server full: it uses more than it may."""

    def set_limit() -> None:
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "100kb")

    return set_limit


def test_a_full_server_refuses_an_enqueue_and_nothing_is_written(plain_store: Store, fill: Callable[[], None]):
    SITUATIONS["failed"](plain_store, "bad")
    plain_store.enqueue("p")
    fill()
    before = plain_store.dump()
    for options in WAYS.values():
        with pytest.raises(OutOfMemoryError) as raised:
            plain_store.enqueue("a", **options)
        assert meaning_of(raised.value) is Meaning.NOT_EXECUTED
    assert plain_store.dump() == before


def test_a_full_server_refuses_a_requeue_and_nothing_is_written(plain_store: Store, fill: Callable[[], None]):
    plain_store.fail(plain_store.start("a"))
    fill()
    before = plain_store.dump()
    with pytest.raises(OutOfMemoryError):
        plain_store.requeue("a")
    assert plain_store.dump() == before


def test_many_dependents_go_on_while_the_server_is_full(plain_store: Store, fill: Callable[[], None]):
    store = plain_store
    attempt = store.start("p")
    store.enqueue_many(*(store.new_job(f"c{number}", after=["p"]) for number in range(150)))
    fill()
    assert store.finish(attempt).leaves_dependents
    store.release_all()
    assert len(store.waiting()) == 150


def test_an_enqueue_refused_for_lack_of_memory_can_be_sent_again(valkey: ValkeyServer, plain_store: Store, fill: Callable[[], None]):
    fill()
    with pytest.raises(OutOfMemoryError):
        plain_store.enqueue("a", nonce="n")
    valkey.config_set("maxmemory", "0")
    assert plain_store.enqueue("a", nonce="n").code == "ok"


@pytest.mark.parametrize("transition", [name for name in TRANSITIONS if name not in {"register again", "list leases"}])
def test_what_workers_do_goes_on_while_the_server_is_full(plain_store: Store, fill: Callable[[], None], transition: str):
    store = plain_store
    attempt = populate(store)
    fill()
    before = store.dump()
    TRANSITIONS[transition](store, attempt)
    assert store.dump() != before or transition == "heartbeat"


NOTHING_TO_DO = ["delete", "cancel", "ask to stop", "release dependents", "sweep the deferred", "take deliveries", "end a delivery"]


@pytest.mark.parametrize("transition", [*("claim", "heartbeat", "sweep", "leave", "list leases", "promote", "reclaim"), *NOTHING_TO_DO])
def test_what_workers_do_with_nothing_to_do_is_not_refused_either(plain_store: Store, fill: Callable[[], None], transition: str):
    plain_store.birth(queues=("q", "sound"))
    fill()
    if transition == "heartbeat":
        assert plain_store.beat().known
    else:
        TRANSITIONS[transition](plain_store, None)  # type: ignore[arg-type]  # there is no attempt


@pytest.mark.parametrize("places", [0, 1, 2])
@pytest.mark.parametrize("pause", ["nothing", "everything", "the queue", "another queue"])
def test_a_claim_that_finds_nothing_is_not_refused_either(plain_store: Store, fill: Callable[[], None], places: int, pause: str):
    plain_store.birth(queues=("q", "sound"))
    if pause == "everything":
        plain_store.client.set(plain_store.keys.suspended, 1)
    elif pause != "nothing":
        plain_store.pause("q" if pause == "the queue" else "sound")
    fill()
    queues = ("q",) if pause == "the queue" else ("q", "sound")
    assert plain_store.claim(queues=queues, places=places).code == ("suspended" if pause in {"everything", "the queue"} else "ok")


def test_a_claim_after_a_fenced_exit_goes_on_while_the_server_is_full(plain_store: Store, fill: Callable[[], None]):
    attempt = plain_store.start("a")
    plain_store.cancel("a")
    plain_store.enqueue("b")
    fill()
    settled = plain_store.finish(attempt, claim=plain_store.claim_request())
    assert settled.claimed is not None
    assert [job.job_id for job in settled.claimed.jobs] == ["b"]


def test_a_worker_can_register_anew_and_under_the_name_of_a_dead_one_while_the_server_is_full(plain_store: Store, fill: Callable[[], None]):
    store = plain_store
    store.start("a")
    fill()
    assert store.birth().code == "ok"
    store.turn_clock(LEASE + 1)
    assert store.birth(incarnation="second").reclaimed == [("q", "a", "requeued")]
    assert store.birth("another").code == "ok"


def test_a_system_that_ran_full_drains_to_the_last_job(plain_store: Store, fill: Callable[[], None], valkey: ValkeyServer):
    store = plain_store
    store.birth()
    for number in range(20):
        store.enqueue(f"job-{number}")
    fill()
    claimed: Claimed | None = store.claim(places=1)
    done = []
    while claimed is not None and claimed.jobs:
        job = claimed.jobs[0]
        done.append(job.job_id)
        claimed = store.finish(store.attempt_of(job), ttl=0, claim=store.claim_request()).claimed
    assert done == [f"job-{number}" for number in range(20)]
    valkey.config_set("maxmemory", "0")
    assert store.waiting() == []
    assert store.registry("wip") == {}
