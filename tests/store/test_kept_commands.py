"""TELL_WORKER: commands are said, and kept until the worker has heard of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ResponseError

from rq.store.channels import tell_worker
from rq.store.connection import Caller
from rq.store.lease import KeptCommand
from tests.store.harness import LEASE, Store

if TYPE_CHECKING:
    import redis

    from tests.support.server import ValkeyServer


def test_a_command_is_said_over_the_channel_and_kept(store: Store):
    store.birth()
    with store.client.pubsub() as subscription:
        subscription.subscribe(store.keys.commands("w"))
        subscription.get_message(timeout=5)
        assert store.tell("shutdown", "c1")
        heard: Any = subscription.get_message(timeout=5)
    assert json.loads(heard["data"]) == {"command": "shutdown", "x_id": "c1"}
    assert store.beat().commands == [KeptCommand("shutdown", "c1")]


def test_a_command_is_kept_until_the_worker_says_that_it_heard(store: Store):
    store.birth()
    store.tell("shutdown", "c1")
    assert store.beat().commands == store.beat(heard=["another"]).commands == [KeptCommand("shutdown", "c1")]
    assert store.beat(heard=["another", "c1"]).commands == store.beat().commands == []


def test_of_commands_of_one_kind_the_last_is_kept(store: Store):
    store.birth()
    store.tell("shutdown", "c1")
    store.tell("shutdown", "c2")
    store.tell("kill-horse", "c3")
    assert store.beat(heard=["c1"]).commands == [KeptCommand("shutdown", "c2"), KeptCommand("kill", "c3")]


def test_what_is_to_be_killed_is_what_runs_at_that_moment(store: Store):
    attempt = store.start("a")
    store.tell("kill-horse", "c1")
    store.crash(attempt)
    later = store.take()
    assert later.execution_id != attempt.execution_id
    assert store.beat(later).commands == [KeptCommand("kill", "c1", (attempt.execution_id,))]


def test_nothing_is_kept_for_a_worker_that_is_not_there_or_is_rqs(store: Store):
    store.client.hset(store.keys.worker("theirs"), "birth", "2027-01-15T08:00:00.000000Z")
    before = store.dump()
    assert not store.tell(worker="theirs")
    assert not store.tell("kill-horse", worker="nobody")
    assert store.dump() == before


def test_what_the_last_bearer_of_a_name_was_told_is_not_for_the_next(store: Store):
    store.birth()
    store.tell()
    store.turn_clock(LEASE + 1)
    store.birth(incarnation="second")
    assert store.beat(incarnation="second").commands == []


def test_a_worker_that_registers_again_is_still_told(store: Store):
    store.birth()
    store.tell()
    store.birth()
    assert store.beat().commands == [KeptCommand("shutdown", "c1")]


@pytest.fixture
def limited(valkey: ValkeyServer, redis_client: redis.Redis) -> Any:
    """Makes a client of a user who may do everything but what is named."""

    def make(*rules: str) -> Caller:
        redis_client.execute_command("ACL", "SETUSER", "limited", "reset", "on", ">right", "~*", "&*", "+@all", *rules)
        return Caller(valkey.client(username="limited", password="right"))

    yield make
    redis_client.execute_command("ACL", "DELUSER", "limited")


def test_a_user_who_may_not_publish_is_heard_by_the_heartbeat(plain_store: Store, limited: Any):
    plain_store.birth()
    caller = limited("-publish")
    assert caller.run(tell_worker(plain_store.scripts, "w", {"command": "shutdown"}, "c1"))
    assert plain_store.beat().commands == [KeptCommand("shutdown", "c1")]
    with pytest.raises(ResponseError, match="permission"):
        caller.run(tell_worker(plain_store.scripts, "nobody", {"command": "shutdown"}, "c1"))


def test_a_user_who_may_not_touch_what_workers_keep_can_still_say_it(plain_store: Store, limited: Any):
    plain_store.birth()
    caller = limited("-hset")
    assert not caller.run(tell_worker(plain_store.scripts, "w", {"command": "shutdown"}, "c1"))
    assert plain_store.beat().commands == []
