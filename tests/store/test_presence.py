"""BIRTH and DEATH of workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rq.store.fields import set_worker_fields
from rq.store.presence import list_worker_keys, read_worker
from tests.store.harness import LEASE, START

if TYPE_CHECKING:
    from tests.store.harness import Store


def test_a_registered_worker_is_known_to_all_and_to_its_queues(store: Store):
    birth = store.birth(queues=("q", "other"))
    assert (birth.code, birth.birth_date, birth.reclaimed) == ("ok", "2027-01-15T08:00:00.250000Z", [])
    key = store.keys.worker("w")
    assert store.run(list_worker_keys(store.scripts)) == [key]
    assert store.run(list_worker_keys(store.scripts, "q")) == [key]
    assert store.run(list_worker_keys(store.scripts, "other")) == [key]
    assert store.dump()[store.keys.presence].value == {"w": START + LEASE}
    assert 0 < store.client.ttl(key) <= 480


def test_the_hash_of_a_worker_reads_as_rq_writes_it(store: Store):
    store.birth(queues=("q", "other"))
    assert store.worker_hash() == {
        "birth": "2027-01-15T08:00:00.250000Z",
        "last_heartbeat": "2027-01-15T08:00:00.250000Z",
        "queues": "q,other",
        "hostname": "host",
        "pid": "42",
        "x_process_start": "boot-7",
        "x_incarnation": "w-1",
        "ip_address": "127.0.0.1",
        "version": "1.0",
        "python_version": "3.11",
        "state": "started",
    }


def test_a_worker_can_be_read_back(store: Store):
    store.birth(queues=("q", "other"))
    store.run(set_worker_fields(store.scripts, "w", [("state", "suspended")]))
    record = store.run(read_worker(store.scripts, "w"))
    assert record is not None
    assert (record.name, record.queues, record.state, record.pid) == ("w", ("q", "other"), "suspended", 42)
    assert record.birth is not None
    assert record.birth.timestamp() == START
    assert record.death is None
    assert store.run(read_worker(store.scripts, "nobody")) is None


def test_the_name_of_a_living_worker_is_taken(store: Store):
    store.birth()
    before = store.dump()
    birth = store.birth(incarnation="second")
    assert (birth.code, birth.owner) == ("taken", ("w-1", "host", "42", "boot-7"))
    assert store.dump() == before


def test_the_name_of_a_living_rq_worker_is_taken(store: Store):
    store.client.hset(store.keys.worker("w"), mapping={"birth": "2027-01-15T07:00:00.000000Z", "hostname": "h", "pid": 7})
    birth = store.birth()
    assert (birth.code, birth.owner) == ("taken", ("", "h", "7", ""))


def test_a_registration_sent_again_changes_nothing(store: Store):
    store.birth()
    before = store.dump()
    assert store.birth().code == "ok"
    assert store.dump() == before


def test_a_worker_that_registers_anew_keeps_what_it_runs(store: Store):
    attempt = store.start("a")
    store.client.delete(store.keys.worker("w"))
    assert store.birth().reclaimed == []
    assert store.beat(attempt).exceptions == []
    assert store.finish(attempt).code == "ok"


def test_a_worker_that_registers_anew_after_everything_was_lost_can_go_on_claiming(store: Store):
    store.start("a")
    store.client.flushdb()
    store.turn_clock(1)
    assert store.claim().code == "unknown"
    assert store.birth().code == "ok"
    store.enqueue("b")
    assert store.take().job_id == "b"


def test_a_worker_whose_side_hash_was_deleted_can_register_anew(store: Store):
    attempt = store.start("a")
    store.client.delete(store.keys.held("w"))
    assert not store.beat(attempt).known
    assert store.birth(incarnation="second").code == "taken"
    assert store.birth().code == "ok"
    assert store.finish(attempt).code == "ok"


def test_the_name_of_a_living_worker_is_taken_though_its_hash_was_deleted(store: Store):
    store.birth()
    store.client.delete(store.keys.worker("w"))
    assert store.birth(incarnation="second").code == "taken"
    assert store.birth().code == "ok"


def test_the_name_of_a_worker_whose_lease_ran_out_is_free_and_its_jobs_go_back(store: Store):
    store.start("a")
    store.turn_clock(LEASE + 1)
    birth = store.birth(incarnation="second")
    assert (birth.code, birth.reclaimed) == ("ok", [("q", "a", "requeued")])
    assert store.places("a") == ["queue:q"]
    assert store.dump()[store.keys.held("w")].value["incarnation"] == "second"


def test_the_name_of_a_worker_that_is_known_to_be_dead_is_free_at_once(store: Store):
    store.start("a")
    birth = store.birth(incarnation="second", replaceable="w-1")
    assert (birth.code, birth.reclaimed) == ("ok", [("q", "a", "requeued")])


def test_a_replaced_worker_is_unknown_from_then_on(store: Store):
    attempt = store.start("a")
    store.birth(incarnation="second", replaceable="w-1")
    assert not store.beat(attempt).known
    assert store.claim().code == "unknown"
    assert store.finish(attempt).code == "fenced"
    assert store.death() == 0


def test_a_new_owner_of_a_name_listens_on_its_own_queues_only(store: Store):
    store.birth(queues=("old",))
    store.turn_clock(LEASE + 1)
    store.birth(queues=("new",), incarnation="second")
    assert store.run(list_worker_keys(store.scripts, "old")) == []
    assert store.run(list_worker_keys(store.scripts, "new")) == [store.keys.worker("w")]


def test_a_new_owner_of_a_name_starts_counting_at_zero(store: Store):
    store.finish(store.start("a"))
    store.turn_clock(LEASE + 1)
    store.birth(incarnation="second")
    assert "successful_job_count" not in store.worker_hash()


# --- death ---


def test_a_worker_that_leaves_is_known_no_more_and_its_hash_stays_for_a_minute(store: Store):
    store.birth()
    assert store.death() == 0
    assert [key.removeprefix(store.keys.prefix) for key in store.dump()] == ["worker:w"]
    assert store.worker_hash()["death"] == "2027-01-15T08:00:00.250000Z"
    assert 0 < store.client.ttl(store.keys.worker("w")) <= 60


def test_what_a_leaving_worker_holds_goes_back_and_no_crash_is_counted(store: Store):
    store.start("a")
    store.enqueue("b")
    store.client.lmove(store.keys.queue("q"), store.keys.caught("q"), "LEFT", "RIGHT")
    assert store.death() == 2
    assert sorted(store.waiting()) == ["a", "b"]
    assert store.places("a") == ["queue:q"]
    assert "x_crashes" not in store.hash("a")
    assert store.traces("a") == ["job:a"]
    assert store.traces("w") == ["worker:w"]


def test_a_death_sent_again_changes_nothing(store: Store):
    store.start("a")
    store.death()
    before = store.dump()
    assert store.death() == 0
    assert store.dump() == before


def test_the_death_of_a_former_incarnation_takes_nothing_from_the_present_one(store: Store):
    store.start("a")
    before = store.dump()
    assert store.death(incarnation="earlier") == 0
    assert store.dump() == before


def test_the_name_of_a_worker_that_left_is_free(store: Store):
    store.birth()
    store.death()
    assert store.birth(incarnation="second").code == "ok"


def test_an_attempt_of_a_worker_that_left_is_a_dup_because_it_was_put_back(store: Store):
    attempt = store.start("a")
    store.death()
    settled = store.finish(attempt)
    assert (settled.code, settled.detail) == ("dup", "P")
    assert store.status("a") == "queued"


@pytest.mark.parametrize("present", ["superseded", "deleted", "canceled"])
def test_a_leaving_worker_puts_back_only_what_is_still_its_own(store: Store, present: str):
    store.start("a")
    if present == "superseded":
        store.enqueue("a")
    elif present == "deleted":
        store.client.delete(store.keys.job("a"))
    else:
        store.cancel("a")
    assert store.death() == 0
    expected = {"superseded": ["queue:q"], "deleted": [], "canceled": ["canceled:q"]}
    assert store.places("a") == expected[present]


def test_what_cannot_be_read_of_a_worker_is_unknown_and_the_rest_is_read(store: Store):
    store.birth()
    garbled: Any = {"pid": "many", "birth": b"\xff\xfe", "current_job_working_time": "inf", "failed_job_count": "x"}
    store.client.hset(store.keys.worker("w"), mapping=garbled)
    record = store.run(read_worker(store.scripts, "w"))
    assert record is not None
    assert (record.name, record.pid, record.birth, record.current_job_working_time, record.failed_job_count) == ("w", None, None, 0.0, 0)
    assert record.last_heartbeat is not None
