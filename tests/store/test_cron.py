"""CRON_TICK: a tick of a cron job becomes one job, whoever sends it, and however often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rq.core.errors import CorruptDataError
from rq.model.cron import Progress
from rq.model.record import JobRecord
from rq.store.cron import CronKey, beat_cron, enqueue_tick, list_crons, pause_cron, read_cron, read_template, register_cron_job, resume_cron
from tests.store.harness import START

if TYPE_CHECKING:
    from rq.store.cron import CronBeat
    from rq.store.replies import Enqueued
    from tests.store.harness import Store

NIGHTLY = CronKey("identity", "nightly")
DAY = 24 * 60 * 60


def register(store: Store, key: CronKey = NIGHTLY) -> None:
    template = JobRecord("template", origin="q", data=b"payload", description="sweep()", timeout=180)
    store.run(register_cron_job(store.scripts, key.identity, {"name": key.name}, template))


def tick(store: Store, job_id: str, moment: float | None = START - 1, key: CronKey = NIGHTLY, **options: Any) -> Enqueued:
    return store.run(enqueue_tick(store.scripts, key, moment, store.new_job(job_id, **options)))


def beat(store: Store, *keys: CronKey, process: str = "host:1", fields: dict[str, str] | None = None) -> CronBeat:
    return store.run(beat_cron(store.scripts, process, keys, fields))


def progress(store: Store, key: CronKey = NIGHTLY) -> Progress:
    return beat(store, key).progress[0]


def history(store: Store, name: str = "nightly") -> dict[str, float]:
    entry = store.dump().get(store.keys.cron_history(name))
    return dict(entry.value) if entry else {}


# --- ticks ------------------------------------------------------------------------------------------------------------------------------


def test_a_tick_becomes_a_job_in_its_queue(store: Store):
    register(store)
    answer = tick(store, "a")
    assert (answer.code, answer.status, answer.enqueued_at) == ("ok", "queued", "2027-01-15T08:00:00.250000Z")
    assert store.status("a") == "queued"
    assert store.waiting() == ["a"]


def test_the_job_of_a_tick_may_go_to_the_head_of_its_queue(store: Store):
    register(store)
    store.enqueue("first")
    tick(store, "a", front=True)
    assert store.waiting() == ["a", "first"]


def test_a_tick_is_noted_where_rq_looks_for_it(store: Store):
    register(store)
    tick(store, "a")
    assert history(store) == {"a": START}
    assert dict(store.dump()[store.keys.cron_jobs].value) == {"nightly": START}
    assert 0 < store.client.ttl(store.keys.cron_history("nightly")) <= 365 * DAY


def test_of_two_processes_that_send_the_same_tick_one_makes_the_job(store: Store):
    register(store)
    tick(store, "a")
    before = store.dump()
    assert tick(store, "b").code == "dup"
    assert store.dump() == before


def test_a_tick_before_one_that_has_its_job_makes_none(store: Store):
    register(store)
    tick(store, "a", START - 1)
    assert tick(store, "b", START - 60).code == "dup"
    assert store.waiting() == ["a"]


def test_the_next_tick_makes_the_next_job(store: Store):
    register(store)
    tick(store, "a")
    store.turn_clock(60)
    assert tick(store, "b", START + 59).code == "ok"
    assert store.waiting() == ["a", "b"]
    assert progress(store).last == int(START) + 59


def test_a_call_that_is_sent_again_changes_nothing(store: Store):
    register(store)
    tick(store, "a", nonce="n")
    before = store.dump()
    store.turn_clock(1)
    assert tick(store, "a", nonce="n").code == "replay"
    assert store.dump() == before


def test_a_call_that_is_sent_again_after_its_job_came_and_went_makes_no_other(store: Store):
    register(store)
    tick(store, "a", nonce="n")
    store.birth()
    store.finish(store.take(), ttl=0)
    assert tick(store, "a", nonce="n").code == "replay"
    assert store.waiting() == []


def test_a_tick_that_is_still_to_come_makes_no_job(store: Store):
    register(store)
    assert tick(store, "a", START + 1).code == "early"
    assert store.traces("a") == []


def test_a_tick_of_a_cron_job_that_the_server_does_not_know_makes_no_job(store: Store):
    assert tick(store, "a").code == "unknown"
    assert store.dump() == {}


def test_cron_jobs_that_share_a_name_have_ticks_of_their_own_and_one_history(store: Store):
    other = CronKey("other", "nightly")
    register(store)
    register(store, other)
    assert tick(store, "a").code == "ok"
    assert tick(store, "b", key=other).code == "ok"
    assert set(history(store)) == {"a", "b"}


def test_a_history_holds_the_latest_thousand(store: Store):
    register(store)
    store.client.zadd(store.keys.cron_history("nightly"), {f"old{number}": number for number in range(1000)})
    tick(store, "a")
    kept = history(store)
    assert len(kept) == 1000
    assert "old0" not in kept
    assert "a" in kept


# --- a run now --------------------------------------------------------------------------------------------------------------------------


def test_a_run_now_makes_a_job_and_leaves_the_ticks_alone(store: Store):
    register(store)
    tick(store, "a", START - 60)
    assert tick(store, "b", None).code == "ok"
    assert progress(store).last == int(START) - 60
    assert set(history(store)) == {"a", "b"}


def test_a_run_now_that_is_sent_again_changes_nothing(store: Store):
    tick(store, "a", None, nonce="n")
    before = store.dump()
    assert tick(store, "a", None, nonce="n").code == "replay"
    assert store.dump() == before


def test_a_run_now_needs_no_process_and_minds_no_pause(store: Store):
    store.run(pause_cron(store.scripts, "nightly"))
    assert tick(store, "a", None).code == "ok"
    assert store.waiting() == ["a"]


# --- pauses -----------------------------------------------------------------------------------------------------------------------------


def test_no_tick_of_a_paused_cron_job_makes_a_job(store: Store):
    register(store)
    assert store.run(pause_cron(store.scripts, "nightly"))
    assert tick(store, "a").code == "paused"
    assert store.traces("a") == []
    assert progress(store).paused == START


def test_who_pauses_again_changes_nothing(store: Store):
    store.run(pause_cron(store.scripts, "nightly"))
    before = store.dump()
    store.turn_clock(5)
    assert not store.run(pause_cron(store.scripts, "nightly"))
    assert store.dump() == before


def test_the_ticks_of_a_pause_make_no_job_afterwards_and_the_next_one_does(store: Store):
    register(store)
    store.run(pause_cron(store.scripts, "nightly"))
    store.turn_clock(100)
    assert store.run(resume_cron(store.scripts, "nightly"))
    assert tick(store, "a", START + 50).code == "paused"
    store.turn_clock(100)
    assert tick(store, "b", START + 150).code == "ok"


def test_who_resumes_what_is_not_paused_changes_nothing(store: Store):
    assert not store.run(resume_cron(store.scripts, "nightly"))
    assert store.dump() == {}


def test_that_there_was_a_pause_is_remembered_as_long_as_the_cron_job(store: Store):
    register(store)
    store.run(pause_cron(store.scripts, "nightly"))
    store.turn_clock(100)
    store.run(resume_cron(store.scripts, "nightly"))
    beat(store, NIGHTLY)
    store.client.delete(store.keys.cron_switch("nightly"))  # as it does by itself, after a month
    assert progress(store).resumed == START + 100
    assert tick(store, "a", START + 50).code == "paused"


# --- processes --------------------------------------------------------------------------------------------------------------------------


def test_a_beat_tells_the_time_and_how_far_the_ticks_have_come(store: Store):
    register(store)
    first = beat(store, NIGHTLY, fields={"name": "host:1"})
    assert (first.known, first.now, first.progress) == (True, START, [Progress(since=int(START))])
    tick(store, "a")
    assert progress(store) == Progress(since=int(START), last=int(START) - 1)


def test_a_process_and_its_hash_stand_where_rq_looks_for_them(store: Store):
    beat(store, fields={"name": "host:1", "pid": "1"})
    assert dict(store.dump()[store.keys.cron_schedulers].value) == {"host:1": START}
    assert store.client.hgetall(store.keys.cron_scheduler("host:1")) == {b"name": b"host:1", b"pid": b"1"}
    assert 0 < store.client.ttl(store.keys.cron_scheduler("host:1")) <= 120


def test_a_beat_says_when_the_server_has_forgotten_something(store: Store):
    register(store)
    assert not beat(store, NIGHTLY).known  # the process
    assert beat(store, NIGHTLY, fields={"name": "host:1"}).known
    store.client.delete(store.keys.cron("identity"))
    assert not beat(store, NIGHTLY).known


def test_a_beat_takes_the_dead_off_the_list(store: Store):
    beat(store, process="dead", fields={"name": "dead"})
    store.turn_clock(121)
    beat(store, process="alive", fields={"name": "alive"})
    assert set(store.dump()[store.keys.cron_schedulers].value) == {"alive"}


def test_who_registers_again_changes_what_a_cron_job_is_and_not_how_far_it_has_come(store: Store):
    register(store)
    tick(store, "a")
    store.turn_clock(10)
    template = JobRecord("template", origin="elsewhere", data=b"other", timeout=5)
    store.run(register_cron_job(store.scripts, "identity", {"name": "nightly", "queue": "elsewhere"}, template))
    assert progress(store) == Progress(since=int(START), last=int(START) - 1)
    found = store.run(read_template(store.scripts, "identity", "new"))
    assert found is not None
    assert (found.id, found.origin, found.data, found.timeout, found.description) == ("new", "elsewhere", b"other", 5, None)


def test_a_cron_job_that_no_process_has_is_forgotten_after_a_month(store: Store):
    register(store)
    assert 0 < store.client.ttl(store.keys.cron("identity")) <= 30 * DAY
    assert 0 < store.client.ttl(store.keys.cron_template("identity")) <= 30 * DAY
    assert store.run(list_crons(store.scripts)) == [("identity", int(START))]
    store.turn_clock(30 * DAY + 1)
    beat(store)
    assert store.run(list_crons(store.scripts)) == []


# --- bad data ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["queue", "cron", "cron_switch"])
def test_a_tick_whose_place_holds_something_else_makes_no_job_and_says_so(store: Store, place: str):
    register(store)
    key = store.keys.name(place, {"queue": "q", "cron": "identity", "cron_switch": "nightly"}[place])
    store.client.delete(key)
    store.client.set(key, "something else")
    with pytest.raises(CorruptDataError, match=f"the key {key} holds something of another type"):
        tick(store, "a")
    assert store.traces("a") == []


def test_a_tick_is_not_lost_for_a_history_that_is_none(store: Store):
    register(store)
    for key in (store.keys.cron_history("nightly"), store.keys.cron_jobs):
        store.client.set(key, "something else")
    assert tick(store, "a").code == "ok"
    assert store.waiting() == ["a"]


def test_a_cron_job_whose_place_holds_something_else_cannot_be_registered_or_paused(store: Store):
    store.client.set(store.keys.cron("identity"), "something else")
    store.client.set(store.keys.cron_switch("nightly"), "something else")
    with pytest.raises(CorruptDataError, match="nothing to do with cron jobs"):
        register(store)
    for switch in (pause_cron, resume_cron):
        with pytest.raises(CorruptDataError, match="neither paused nor resumed"):
            store.run(switch(store.scripts, "nightly"))


def test_what_is_known_of_a_forgotten_cron_job_is_nothing(store: Store):
    assert store.run(read_cron(store.scripts, "identity")) == {}
    assert store.run(read_template(store.scripts, "identity", "new")) is None
