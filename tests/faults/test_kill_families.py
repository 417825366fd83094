"""Producers, an operator, workers and jobs' processes are killed at random moments, while jobs wait for others, are retried, repeated, canceled and deleted."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from tests.faults.families import PRODUCERS, make_plan
from tests.faults.fleet import KEYS, Fleet, assert_nothing_left_behind, lines_of
from tests.faults.receiver import Receiver
from tests.faults.reckoning import (
    assert_each_job_stands_in_one_place,
    assert_every_attempt_is_accounted_for,
    assert_no_child_began_before_its_parents_ended,
    assert_no_child_of_the_canceled_ran,
    not_ended,
    unexplained_keys,
)
from tests.support.waiting import wait_until

SEED = os.environ.get("RQ_FAULT_SEED", "17")
KILLS_A_ROUND = 9  # of workers and their jobs' processes
DEATHS_A_ROUND = 2  # of each producer and of the operator
MOST_PROGRESS = 40  # between two kills: begins and ends of jobs
LEASE = 2.0
PROGRAM = Path(__file__).with_name("producer_program.py")


@pytest.fixture
def receiver():
    with Receiver() as listening:
        yield listening


def wait_for_progress(audit, lines):
    """Workers that are always killed before they begin would be killed for nothing."""
    wanted = len(lines_of(audit)) + lines
    wait_until(lambda: len(lines_of(audit)) >= wanted, 30, "nothing goes on after a kill")


def turn_the_clock_of_the_outbox(client):
    """What a killed worker was about to send is tried by another after five minutes."""
    for name in client.zrange(KEYS.outbox, 0, -1):
        client.zadd(KEYS.outbox, {name: 0}, xx=True)
    return not client.exists(KEYS.outbox)


def test_nothing_is_lost_or_done_twice_when_anybody_is_killed_at_random_moments(budget, processes, redis_client, redis_url, receiver, tmp_path):
    rounds, deaths = budget.rounds, DEATHS_A_ROUND * budget.rounds
    print(f"RQ_FAULT_SEED={SEED} RQ_FAULT_ROUNDS={rounds}")  # noqa: T201 - shown when the test fails
    audit, plan, rng = tmp_path / "audit", make_plan(rounds), random.Random(SEED)
    fleet = Fleet(processes, redis_client, redis_url, 3, lease=LEASE, name=f"w{SEED}-")
    fleet.wait_until_listening()
    roles = [*map(str, range(PRODUCERS)), "operator"]
    producers = [processes.script(PROGRAM, redis_url, SEED, rounds, role, deaths, tmp_path, receiver.url) for role in roles]
    for _ in range(KILLS_A_ROUND * rounds):
        wait_for_progress(audit, rng.randint(1, MOST_PROGRESS))
        threading.Event().wait(rng.uniform(0.0, 0.02))
        fleet.kill(rng.choice(fleet.busy), rng.choice(["worker", "child", "child", "both"]))
        fleet.replace_ended()
    assert [int(producer.succeed(90)) for producer in producers] == [deaths] * len(producers)

    wait_until(lambda: not not_ended(redis_client, plan), 60, lambda: f"these did not end well: {not_ended(redis_client, plan)}")
    wait_until(lambda: not redis_client.exists(KEYS.registry("wip", "faults"), KEYS.releases), 30, "somebody is still to be told, or runs")
    wait_until(lambda: turn_the_clock_of_the_outbox(redis_client), 30, "the outbox is not empty")
    fleet.wait_until_listening()
    wait_until(lambda: redis_client.zcard(KEYS.presence) == len(fleet.workers), 30, "dead workers stay registered")
    fleet.stop()
    assert [worker.output for worker in fleet.ever_started if "did not answer" in worker.output] == []

    assert_each_job_stands_in_one_place(redis_client, plan)
    assert_every_attempt_is_accounted_for(redis_client, plan, audit)
    assert_no_child_began_before_its_parents_ended(plan, audit)
    assert_no_child_of_the_canceled_ran(redis_client, plan, audit)
    assert set(receiver.told) == {(job.id, job.webhook) for job in plan.jobs.values() if job.webhook}
    assert_nothing_left_behind(redis_client)
    assert unexplained_keys(redis_client, plan) == set()
