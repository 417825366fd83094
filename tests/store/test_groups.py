"""Jobs of a group: a job joins in the step in which it enters, and leaves in the step in which it is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.store.harness import START

if TYPE_CHECKING:
    from tests.store.harness import Store

WAYS: dict[str, dict[str, Any]] = {"at once": {}, "later": {"due": START + 60}, "after another": {"after": ["p"]}}


def names(store: Store) -> set[str]:
    members: Any = store.client.smembers(store.keys.groups)
    return {member.decode() for member in members}


@pytest.mark.parametrize("way", WAYS)
def test_a_job_joins_its_group(store: Store, way: str):
    store.enqueue("p", due=START + 60)
    store.enqueue("a", group_id="g", **WAYS[way])
    assert store.group("g") == {"a"}
    assert names(store) == {"g"}
    assert store.hash("a")["group_id"] == "g"


def test_jobs_of_one_call_may_join_several_groups(store: Store):
    store.enqueue_many(store.new_job("a", group_id="g"), store.new_job("b", group_id="h"), store.new_job("c", group_id="g"), store.new_job("d"))
    assert (store.group("g"), store.group("h")) == ({"a", "c"}, {"b"})
    assert names(store) == {"g", "h"}


def test_a_deleted_job_leaves_its_group_and_the_last_one_closes_it(store: Store):
    store.enqueue_many(store.new_job("a", group_id="g"), store.new_job("b", group_id="g"))
    store.delete("a")
    assert (store.group("g"), names(store)) == ({"b"}, {"g"})
    store.delete("b")
    assert (store.group("g"), names(store)) == (set(), set())


@pytest.mark.parametrize("ending", ["finish", "fail", "stop"])
def test_a_job_that_ended_stays_in_its_group(store: Store, ending: str):
    getattr(store, ending)(store.start("a", group_id="g"))
    assert store.group("g") == {"a"}


def test_a_job_whose_group_is_gone_can_be_deleted(store: Store):
    store.enqueue("a", group_id="g")
    store.client.delete(store.keys.group("g"), store.keys.groups)
    assert store.delete("a") == ("ok", "queued")
    assert store.traces("a") == ["x:ended:a"]


@pytest.mark.parametrize("key", ["group", "groups"])
def test_a_group_that_is_no_set_costs_the_membership_and_not_the_job(store: Store, key: str):
    name = store.keys.group("g") if key == "group" else store.keys.groups
    store.client.set(name, "text")
    assert store.enqueue("a", group_id="g").code == "ok"
    assert store.places("a") == ["queue:q"]
    assert store.delete("a") == ("ok", "queued")
    assert store.places("a") == []
    assert store.client.get(name) == b"text"
