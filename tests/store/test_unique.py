"""ENQUEUE of a unique job: it enters only if there is none of its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rq.core.errors import CorruptDataError
from tests.store.harness import START
from tests.store.situations import SITUATIONS

if TYPE_CHECKING:
    from tests.store.harness import Store

WAYS: dict[str, dict[str, Any]] = {
    "at once": {},
    "to the head": {"front": True},
    "later": {"due": START + 60},
    "after another": {"after": ["p"]},
    "later after another": {"after": ["p"], "due": START + 60},
    "in a group": {"group_id": "g"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", [name for name in SITUATIONS if name not in {"missing", "no hash"}])
def test_a_unique_job_does_not_enter_while_one_of_its_id_is(store: Store, state: str, way: str):
    store.enqueue("p", due=START + 60)
    SITUATIONS[state](store, "a")
    before = store.dump()
    reply = store.enqueue("a", unique=True, **WAYS[way])
    assert (reply.code, reply.status) == ("exists", {"without data": "created", "unknown": "bogus"}.get(state, state))
    assert store.dump() == before


@pytest.mark.parametrize("way", WAYS)
def test_a_unique_job_enters_if_there_is_none_of_its_id(store: Store, way: str):
    store.enqueue("p", due=START + 60)
    assert store.enqueue("a", unique=True, **WAYS[way]).code == "ok"
    assert len(store.places("a")) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_call_sent_again_is_recognized_as_itself(store: Store, way: str):
    store.enqueue("p", due=START + 60)
    first = store.enqueue("a", nonce="n", unique=True, **WAYS[way])
    before = store.dump()
    reply = store.enqueue("a", nonce="n", unique=True, **WAYS[way])
    assert (reply.code, reply.status) == ("dup", first.status)
    assert store.dump() == before


def test_of_two_calls_one_enters(store: Store):
    assert [store.enqueue("a", unique=True).code for _ in range(2)] == ["ok", "exists"]
    assert store.waiting() == ["a"]


def test_the_second_of_two_in_one_call_does_not_enter(store: Store):
    replies = store.enqueue_many(store.new_job("a", unique=True, timeout=1), store.new_job("a", unique=True, timeout=2))
    assert [reply.code for reply in replies] == ["ok", "exists"]
    assert store.hash("a")["timeout"] == "1"


def test_the_name_is_free_again_when_the_job_is_deleted(store: Store):
    store.enqueue("a", unique=True)
    store.delete("a")
    assert store.enqueue("a", unique=True).code == "ok"
    assert store.waiting() == ["a"]


def test_the_name_is_free_again_when_the_job_has_run_and_is_not_kept(store: Store):
    store.finish(store.start("a", unique=True), ttl=0)
    assert store.enqueue("a", unique=True).code == "ok"


def test_a_job_that_does_not_enter_joins_no_group(store: Store):
    store.enqueue("a")
    store.enqueue("a", unique=True, group_id="g")
    assert store.group("g") == set()


def test_a_key_that_is_no_hash_is_reported(store: Store):
    SITUATIONS["no hash"](store, "a")
    with pytest.raises(CorruptDataError):
        store.enqueue("a", unique=True)
