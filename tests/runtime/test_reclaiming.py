"""What a dead worker held goes back, also when the server was away at first."""

from __future__ import annotations

import socket
import time

import pytest
import redis

from rq.core.keys import Keyspace
from rq.observe import pool_events as events
from rq.runtime.children import Child, Program
from rq.runtime.deployment.reclaimers import Reclaimers
from rq.runtime.reclaiming import GRACE_SECONDS, LONGEST_TRIED_SECONDS, RETRY_SECONDS, Reclaimer
from rq.store.scripts import ScriptLibrary

SCRIPTS = ScriptLibrary(Keyspace())


def dead_child(name: str, exitcode: int = -9) -> Child:
    child = Child(name, Program(["true"]).launch)
    child.exitcode = exitcode
    return child


@pytest.fixture
def reports() -> list[events.PoolEvent]:
    return []


@pytest.fixture
def away(reports) -> Reclaimer:
    """A reclaimer whose server is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Reclaimer("p", redis.Redis(port=port), SCRIPTS, report=reports.append)


def test_a_reclaimer_with_nothing_to_do_waits_for_nothing(away, reports):
    away.attend(time.monotonic())
    away.finish()
    assert away.next_deadline() is None
    assert reports == []


def test_the_death_of_this_moment_waits_until_the_processes_of_its_jobs_are_dead_too(away, reports):
    began = time.monotonic()
    away.note_end(dead_child("w"))
    away.attend(began)
    assert reports == []
    assert began + GRACE_SECONDS <= away.next_deadline() <= time.monotonic() + GRACE_SECONDS


def test_a_server_that_is_away_is_asked_again_and_that_said_once(away, reports):
    away.note_end(dead_child("w"))
    now = time.monotonic() + GRACE_SECONDS
    away.attend(now)
    assert away.next_deadline() > now
    away.attend(now)  # too soon
    away.attend(time.monotonic() + RETRY_SECONDS)
    assert [type(report) for report in reports] == [events.JobsNotTakenBack]
    assert "w" in reports[0].child


def test_a_server_that_stays_away_is_left_to_the_lease(away, monkeypatch):
    away.note_end(dead_child("w"))
    later = time.monotonic() + LONGEST_TRIED_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    away.attend(later)
    assert away.next_deadline() is None


def test_who_left_in_good_order_is_asked_about_at_once_and_nothing_said(redis_client, reports):
    reclaimer = Reclaimer("p", redis_client, SCRIPTS, report=reports.append)
    reclaimer.note_end(dead_child("w", 0))
    reclaimer.attend(time.monotonic())
    assert reclaimer.next_deadline() is None
    assert reports == []


def test_each_worker_is_asked_about_where_it_began_and_a_server_that_is_away_holds_up_no_other(away, redis_client, reports):
    reclaimers = Reclaimers(away)
    former, later = dead_child("former"), dead_child("later")
    reclaimers.note_start(former)
    reclaimers.follow(Reclaimer("p", redis_client, SCRIPTS, report=reports.append))
    reclaimers.note_start(later)
    reclaimers.note_end(former)
    reclaimers.note_end(later)
    assert reclaimers.next_deadline() is not None
    reclaimers.attend(time.monotonic() + GRACE_SECONDS)
    assert [(type(report), report.child) for report in reports] == [(events.JobsNotTakenBack, "former")]
    reclaimers.finish()
    assert [report.child for report in reports] == ["former", "former"]


def test_a_former_server_is_left_alone_when_its_last_worker_was_dealt_with(away, redis_client, reports):
    present = Reclaimer("p", redis_client, SCRIPTS, report=reports.append)
    reclaimers, former = Reclaimers(present), dead_child("former")
    reclaimers.note_start(former)
    reclaimers.follow(away)
    reclaimers.note_end(former)
    reclaimers.attend(time.monotonic() + GRACE_SECONDS)
    assert reclaimers.next_deadline() is None
    reclaimers.note_end(dead_child("of nobody"))
    reclaimers.attend(time.monotonic() + GRACE_SECONDS)
    assert [report.child for report in reports] == ["of nobody"]
