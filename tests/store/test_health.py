"""What a look at the workers shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.model.health import Sighting
from rq.store.connection import Caller
from rq.store.health import read_sightings
from rq.store.suspension import suspend_workers
from tests.store.harness import LEASE

if TYPE_CHECKING:
    from tests.store.harness import Store


@pytest.fixture
def look(plain_store: Store):
    return lambda: read_sightings(Caller(plain_store.client), plain_store.scripts)


def test_workers_are_seen_until_they_say_goodbye(plain_store: Store, look):
    plain_store.birth("bear", ("q",))
    plain_store.birth("wolf", ("q", "other"))
    plain_store.death("bear")
    assert look() == ([Sighting("wolf", ("q", "other"), is_overdue=False)], False)


def test_a_worker_whose_lease_ran_out_is_overdue(plain_store: Store, look):
    plain_store.birth("wolf")
    plain_store.turn_clock(LEASE + 1)
    plain_store.birth("bear")
    assert look() == ([Sighting("bear", ("q",), is_overdue=False), Sighting("wolf", ("q",), is_overdue=True)], False)


def test_a_worker_of_rq_has_no_lease(plain_store: Store, look):
    plain_store.client.hset("rq:worker:theirs", mapping={"queues": "q", "state": "idle"})
    plain_store.client.sadd("rq:workers", "rq:worker:theirs")
    assert look() == ([Sighting("theirs", ("q",), is_overdue=False)], False)


def test_an_entry_that_expired_is_nobody(plain_store: Store, look):
    plain_store.client.sadd("rq:workers", "rq:worker:gone")
    assert look() == ([], False)


def test_a_suspension_is_seen(plain_store: Store, look):
    plain_store.run(suspend_workers(plain_store.scripts))
    assert look() == ([], True)


def test_looking_changes_nothing(plain_store: Store, look):
    plain_store.birth("wolf")
    plain_store.turn_clock(LEASE + 1)
    before = plain_store.dump()
    look()
    assert plain_store.dump() == before
