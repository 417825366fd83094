"""Whatever stands in the database, claims go on: what cannot be read is set aside, and nothing raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ResponseError

from rq.core.errors import CorruptDataError
from rq.core.keys import TEMPLATES
from rq.model.settlement import Finish
from rq.store.reap import list_worker_leases
from tests.store.harness import LEASE, START

if TYPE_CHECKING:
    from collections.abc import Callable

    from rq.store.settle import AttemptKey
    from tests.store.harness import Store

BAD_TEXTS = ["", "bogus", "12x", "NaN", "-1", "9" * 40, "2026-13-45T99:99:99Z", "[[", "\udcff\udcfe"]


def ids(claimed) -> list[str]:
    return [job.job_id for job in claimed.jobs]


# --- jobs that cannot be read ---


def test_an_id_whose_key_is_no_hash_is_set_aside_and_the_next_one_runs(store: Store):
    store.birth()
    store.client.rpush(store.keys.queue("q"), "broken")
    store.client.set(store.keys.job("broken"), "text")
    store.enqueue("a")
    assert ids(store.claim()) == ["a"]
    assert store.bad() == ["broken not a hash"]
    assert store.places("broken") == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "bogus"}, "unknown status bogus"),
        ({"status": "\udcff"}, "unknown status \\xff"),
        ({"x_attempt": "many"}, "x_attempt is not a number"),
        ({"x_attempt": str(2**63 - 1)}, "x_attempt is not a number"),
    ],
)
def test_a_job_that_no_worker_could_start_is_set_aside_with_the_reason(store: Store, fields: dict[str, str], reason: str):
    store.birth()
    store.enqueue("broken")
    store.enqueue("a")
    for name, value in fields.items():
        store.client.hset(store.keys.job("broken"), name, value.encode(errors="surrogateescape"))
    assert ids(store.claim(places=2)) == ["a"]
    assert store.bad() == [f"broken {reason}"]
    assert store.traces("broken") == ["job:broken"]


def test_a_waiting_job_without_data_is_set_aside(store: Store):
    store.birth()
    store.enqueue("broken")
    store.client.hdel(store.keys.job("broken"), "data")
    store.enqueue("a")
    assert ids(store.claim()) == ["a"]
    assert store.bad() == ["broken no data"]


def test_a_scheduled_id_whose_key_is_no_hash_is_set_aside(store: Store):
    store.enqueue("a", due=START)
    store.client.set(store.keys.job("broken"), "text")
    store.client.zadd(store.keys.registry("scheduled", "q"), {"broken": 1})
    assert store.promote() == (2, None)
    assert store.bad() == ["broken not a hash"]
    assert store.waiting() == ["a"]


def test_an_id_without_a_job_is_dropped(store: Store):
    store.birth()
    store.client.rpush(store.keys.queue("q"), "nothing")
    store.enqueue("a")
    assert ids(store.claim()) == ["a"]
    assert store.bad() == []


@pytest.mark.parametrize("job_id", ["", ":", "a:b:c", "../x", "{", "*", "x y\n", "\0", "\u202e", "\udcff\udcfe", "a" * 300])
def test_an_id_that_nobody_should_have_pushed_does_no_harm(store: Store, job_id: str):
    store.birth()
    wire = job_id.encode(errors="surrogateescape")
    store.client.rpush(store.keys.queue("q"), wire)
    store.enqueue("a")
    assert ids(store.claim(places=3)) == ["a"]


@pytest.mark.parametrize("job_id", ["a:b:c", "x y\n", "\u202e", "\udcff\udcfe"])
def test_a_job_with_a_strange_id_runs_to_its_end(store: Store, job_id: str):
    attempt = store.start(job_id)
    assert attempt.job_id == job_id
    assert store.beat(attempt).exceptions == []
    assert store.finish(attempt).code == "ok"
    assert store.finish(attempt).code == "dup"


@pytest.mark.parametrize("queue", ["", ":", "a:b", "x y\n", "{", "\u202e", "\udcff\udcfe"])
def test_a_queue_with_a_strange_name_works(plain_store: Store, queue: str):
    attempt = plain_store.start("a", queue=queue)
    assert attempt.queue == queue
    plain_store.turn_clock(3600)
    assert plain_store.reclaim_all(queue=queue).jobs == [("a", "requeued")]
    assert plain_store.finish(plain_store.take(queue=queue)).code == "ok"


@pytest.mark.parametrize("text", BAD_TEXTS)
@pytest.mark.parametrize(
    "field",
    ["origin", "timeout", "started_at", "worker_name", "failure_ttl", "ttl", "retries_left", "x_crashes", "x_last", "x_stop"],
)
def test_a_field_with_a_senseless_text_stops_no_transition(plain_store: Store, field: str, text: str):
    store = plain_store
    store.birth()
    store.enqueue("broken")
    store.enqueue("a")
    store.client.hset(store.keys.job("broken"), field, text.encode(errors="surrogateescape"))
    claimed = store.claim(places=2)
    assert ids(claimed) == ["broken", "a"]
    assert claimed.jobs[0].fields[field.encode()] or field not in {"started_at", "worker_name"}
    store.turn_clock(3600)
    for queue in {"q", text if field == "origin" else "q"}:
        store.reclaim_all(queue=queue)
    assert store.status("broken") in {"queued", "failed", None}


@pytest.mark.parametrize("exit_name", ["finish", "fail", "stop", "crash", "release"])
@pytest.mark.parametrize("field", ["x_last", "x_crashes", "retries_left", "failure_ttl"])
def test_a_field_that_went_bad_while_the_job_ran_does_not_keep_it_running(plain_store: Store, field: str, exit_name: str):
    store = plain_store
    attempt = store.start("a")
    store.client.hset(store.keys.job("a"), field, "12x")
    assert getattr(store, exit_name)(attempt).code == "ok"
    assert store.status("a") in {"finished", "failed", "stopped", "queued"}
    assert store.registry("wip") == {}


@pytest.mark.parametrize("exit_name", ["finish", "fail", "stop", "crash", "release"])
def test_a_job_whose_status_somebody_overwrote_while_it_ran_keeps_that_status_and_has_no_lease(plain_store: Store, exit_name: str):
    attempt = plain_store.start("a")
    plain_store.client.hset(plain_store.keys.job("a"), "status", "bogus")
    settled = getattr(plain_store, exit_name)(attempt)
    assert (settled.code, settled.detail) == ("superseded", "bogus")
    assert plain_store.status("a") == "bogus"
    assert plain_store.registry("wip") == {}


# --- keys of another type ---

ARGUMENTS = {
    "job": ("a",),
    "dependents": ("a",),
    "dependencies": ("a",),
    "pending": ("a",),
    "group": ("g",),
    "results": ("a",),
    "executions": ("a",),
    "ended": ("a",),
    "execution": ("a", "EXECUTION"),
    "first_seen": ("q", "stuck"),
    "worker": ("w",),
    "held": ("w",),
    "commands": ("w",),
    "caught": ("q",),
}
STRINGS = {"suspended", "promoter", "maintenance_lock", "scheduler_lock", "first_seen", "ended", "nothing"}

TRANSITIONS: dict[str, Callable[[Store, AttemptKey], object]] = {
    "promote": lambda store, _: store.promote(),
    "claim": lambda store, _: store.claim(queues=("q", "sound"), places=3),
    "heartbeat": lambda store, attempt: store.beat(attempt),
    "finish": lambda store, attempt: store.finish(attempt),
    "finish without a result": lambda store, attempt: store.finish(attempt, ttl=0),
    "finish and claim": lambda store, attempt: store.finish(attempt, claim=store.claim_request()),
    "fail": lambda store, attempt: store.fail(attempt),
    "fail for ever": lambda store, attempt: store.fail(attempt, ttl=-1),
    "retry": lambda store, attempt: store.retry(attempt, 3),
    "retry later": lambda store, attempt: store.retry(attempt, 3, delay=60),
    "stop": lambda store, attempt: store.stop(attempt),
    "crash": lambda store, attempt: store.crash(attempt),
    "release": lambda store, attempt: store.release(attempt),
    "cancel": lambda store, _: store.cancel("a"),
    "cancel a waiting job": lambda store, _: store.cancel("waiting"),
    "cancel for the dependents' sake": lambda store, _: store.cancel("a", enqueue_dependents=True, remove_from_dependencies=True),
    "repeat": lambda store, attempt: store.repeat(attempt),
    "repeat later": lambda store, attempt: store.repeat(attempt, 60),
    "ask for a retry": lambda store, attempt: store.ask(attempt),
    "ask for a retry later": lambda store, attempt: store.ask(attempt, delay=60),
    "ask once too often": lambda store, attempt: store.give_up(attempt),
    "delete": lambda store, _: store.delete("a"),
    "delete a waiting job": lambda store, _: store.delete("waiting"),
    "delete a job that depends on others": lambda store, _: store.delete("child"),
    "ask to stop": lambda store, _: store.ask_to_stop("a"),
    "tell the worker": lambda store, _: (store.tell("shutdown"), store.tell("kill-horse", "c2")),
    "tell of an outcome": lambda store, attempt: store.settle(attempt, Finish(None, 500), delivery=b"body"),
    "release dependents": lambda store, _: store.release_dependents("ended"),
    "sweep the deferred": lambda store, _: store.sweep_deferred(),
    "take deliveries": lambda store, _: store.take_deliveries(),
    "end a delivery": lambda store, _: (store.end_delivery("name", b"rest", 1), store.end_delivery("name")),
    "reclaim": lambda store, _: store.turn_clock(3600).reclaim_all(),
    "reclaim the worker": lambda store, _: store.reclaim_worker(seen_dead=True),
    "sweep": lambda store, _: (store.sweep(), store.turn_clock(61).sweep()),
    "register again": lambda store, _: store.birth(queues=("q", "sound")),
    "replace": lambda store, _: store.turn_clock(LEASE + 1).birth(queues=("q", "sound"), incarnation="second"),
    "leave": lambda store, _: store.death(),
    "pause": lambda store, _: (store.resume("q"), store.pause("another"), store.pauses()),
    "list leases": lambda store, _: store.run(list_worker_leases(store.scripts)),
}


def populate(store: Store) -> AttemptKey:
    """Give every transition something to do. Answers the attempt of job a, which runs; the queue `sound` is for the second worker."""
    store.birth(queues=("q", "sound"))
    store.enqueue("a", retries_left=3, repeats_left=3)
    attempt = store.take()
    store.enqueue("due", due=START - 1)
    store.enqueue("waiting")
    store.enqueue("child", after=["a"])
    store.enqueue("well", "sound")
    store.client.zadd(store.keys.registry("deferred", "q"), {"expired": START})
    store.client.sadd(store.keys.dependents("ended"), "child", "expired")
    store.client.hset(store.keys.releases, "ended", "finished 0")
    store.client.hset(store.keys.deliveries, "name", "body")
    store.client.zadd(store.keys.outbox, {"name": START})
    return attempt


def spoil(store: Store, template: str, attempt: AttemptKey) -> None:
    """Put a value of another type where a key of this template belongs."""
    arguments = ARGUMENTS.get(template, ("q",) if "{}" in TEMPLATES[template] else ())
    key = store.keys.name(template, *(attempt.execution_id if name == "EXECUTION" else name for name in arguments))
    store.client.delete(key)
    if template in STRINGS:
        store.client.rpush(key, "an item")
    else:
        store.client.set(key, "text")


def is_accounted_for(store: Store, job_id: str, spoiled: str) -> bool:
    """Whether a job can still be found where its status says, among the bad ones, or in what was spoiled by hand."""
    if store.client.type(store.keys.job(job_id)) != b"hash":
        return True
    home = {"queued": "queue", "scheduled": "scheduled", "started": "wip", "deferred": "deferred"}.get(store.status(job_id) or "")
    if home in {None, spoiled} or f"{home}:q" in store.places(job_id):
        return True
    return spoiled != "bad" and any(line.startswith(f"{job_id} ") for line in store.bad())


@pytest.mark.parametrize("transition", TRANSITIONS)
@pytest.mark.parametrize("template", [name for name in TEMPLATES if name not in {"test_clock", "commands"}])
def test_no_transition_raises_or_loses_a_job_whatever_a_key_holds(plain_store: Store, template: str, transition: str):
    store = plain_store
    attempt = populate(store)
    store.enqueue("stuck", front=True)
    store.client.lmove(store.keys.queue("q"), store.keys.intermediate("q"), "LEFT", "RIGHT")
    spoil(store, template, attempt)

    TRANSITIONS[transition](store, attempt)

    for job_id in ("a", "due", "waiting", "child"):
        assert is_accounted_for(store, job_id, template), (job_id, store.dump())

    if template == "suspended":
        store.client.delete(store.keys.suspended)
    if store.status("well") != "started":
        store.birth("v", queues=("q", "sound"))
        assert "well" in ids(store.claim("v", queues=("q", "sound"), places=9))


ENTRIES: dict[str, tuple[str, Callable[[Store], object]]] = {
    "enqueue": ("queue", lambda store: store.enqueue("a")),
    "enqueue for later": ("scheduled", lambda store: store.enqueue("a", due=START + 60)),
    "enqueue a unique job": ("queue", lambda store: store.enqueue("a", unique=True)),
    "enqueue after another": ("deferred", lambda store: store.enqueue("a", after=["p"])),
    "enqueue into a group": ("queue", lambda store: store.enqueue("a", group_id="g")),
    "enqueue many": ("queue", lambda store: store.enqueue_many(store.new_job("a"), store.new_job("b"))),
    "enqueue after one that failed": ("failed", lambda store: store.enqueue("a", after=["bad"], dependency_policies={"bad": "fail"})),
    "requeue": ("queue", lambda store: store.requeue("bad")),
}
NO_PART_OF_AN_ENTRY = {"test_clock", "commands", "execution", "executions", "first_seen", "caught", "held", "worker"}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("template", [name for name in TEMPLATES if name not in NO_PART_OF_AN_ENTRY])
def test_an_enqueue_writes_all_or_nothing_whatever_a_key_holds(plain_store: Store, template: str, entry: str):
    store = plain_store
    store.fail(store.start("bad"))
    store.enqueue("p", "other", due=START + 60)
    spoil(store, template, None)  # type: ignore[arg-type]  # none of these keys belongs to an attempt
    place, enter = ENTRIES[entry]
    job_id = "bad" if entry == "requeue" else "a"
    before = store.dump()
    try:
        enter(store)
    except (ResponseError, CorruptDataError):
        assert {key: value for key, value in store.dump().items() if job_id in key.split(":")} == {
            key: value for key, value in before.items() if job_id in key.split(":")
        }
        assert store.places(job_id) == (["failed:q"] if entry == "requeue" and template != "failed" else [])
    else:
        assert store.places(job_id) == ([] if template == place or (template, entry) == ("failed", "requeue") else [f"{place}:q"])


def test_a_caught_id_whose_queue_is_no_list_any_more_is_taken_or_set_aside(store: Store):
    store.birth()
    for job_id in ("a", "b"):
        store.enqueue(job_id)
    store.client.rename(store.keys.queue("q"), store.keys.caught("q"))
    store.client.set(store.keys.queue("q"), "text")
    claimed = store.claim()
    assert ([job.job_id for job in claimed.jobs], claimed.given_back) == (["a"], 2)
    assert store.bad() == ["b its queue is not a list"]


def test_no_more_than_ten_thousand_bad_ids_are_kept(plain_store: Store):
    plain_store.birth()
    plain_store.client.rpush(plain_store.keys.bad("q"), *["old"] * 10_000)
    plain_store.client.rpush(plain_store.keys.queue("q"), "broken")
    plain_store.client.set(plain_store.keys.job("broken"), "text")
    plain_store.claim()
    bad = plain_store.bad()
    assert (len(bad), bad[0]) == (10_000, "broken not a hash")
