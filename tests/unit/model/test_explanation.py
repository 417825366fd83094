"""Why a job is not running: every situation, its sentence and its advice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rq.model.explanation import exception_line, explain
from rq.model.presence import WorkerRecord
from rq.model.record import JobRecord
from rq.model.result import ResultRecord, ResultType
from rq.model.situation import FOR_EVER, Explanation, Facts, Parent, Situation
from rq.model.states import JobStatus

NOW = datetime(2030, 5, 27, 12, tzinfo=UTC)
TWO_MINUTES_AGO = NOW - timedelta(minutes=2)
IN_AN_HOUR = NOW + timedelta(hours=1)


def worker(name: str = "wolf", state: str = "idle", job_id: str | None = None, working: float = 0.0) -> WorkerRecord:
    """A living worker of the queue `q`."""
    return WorkerRecord(name, ("q",), state, "den", 7, "?", "1", "3", NOW, NOW, job_id, working, 0, 0, 0.0, None, None)


def failure(exc_string: str, worker_name: str = "wolf") -> ResultRecord:
    """The result of an attempt that failed two minutes ago."""
    return ResultRecord("1-0", ResultType.FAILED, TWO_MINUTES_AGO, worker_name, exc_string=exc_string)


def explained(status: JobStatus | str | None, record: dict[str, Any] | None = None, **facts: Any) -> Explanation:
    """What is said of a job `j` of the queue `q`."""
    job = JobRecord("j", status=status, origin="q", data=b"", **(record or {}))
    return explain(Facts("j", NOW, job, **facts))


def parents(**statuses: str | None) -> tuple[Parent, ...]:
    """Jobs of the queue `p` that a job depends on."""
    return tuple(Parent(job_id, status, "p") for job_id, status in statuses.items())


IDLE = (worker(),)
BUSY = (worker("wolf", "busy", "long", 720.0), worker("bear", "busy", "short", 3.0))
RAN = {"attempt": 3, "worker_name": "wolf", "started_at": TWO_MINUTES_AGO, "ended_at": TWO_MINUTES_AGO, "last_heartbeat": TWO_MINUTES_AGO}
TRACEBACK = 'Traceback (most recent call last):\n  File "tasks.py", line 1, in fail\nValueError: no luck\n'
NO_FUNCTION = "Traceback (most recent call last):\n  ...\nrq.exceptions.ReferenceNotFound: Cannot find tasks.greet: tasks has no 'greet'\n"

# situation, status, record, facts, and what is told
SITUATIONS: list[tuple[Situation, JobStatus | str | None, dict[str, Any], dict[str, Any], str]] = [
    (Situation.UNKNOWN, "ready", {}, {}, "Job j is ready, which this version of RQ does not know. Use the version that enqueued it."),
    (
        Situation.CREATED,
        JobStatus.CREATED,
        {"created_at": TWO_MINUTES_AGO},
        {},
        "Job j was created 2 minutes ago and never put into a queue. Hand it to `Queue.enqueue_job`.",
    ),
    (
        Situation.SET_ASIDE,
        JobStatus.QUEUED,
        {},
        {"set_aside": "no data"},
        "Job j was set aside, because it could not be run as it stands: no data. Delete it and enqueue it again.",
    ),
    (
        Situation.TAKEN,
        JobStatus.QUEUED,
        {},
        {"is_between": True},
        (
            "Job j was taken from the queue q by a worker that has not started it yet. "
            "If that worker is dead, one of this version puts the job back after a minute."
        ),
    ),
    (
        Situation.MISPLACED,
        JobStatus.QUEUED,
        {},
        {"workers": IDLE},
        (
            "Job j is queued, but does not stand in the queue q: a worker takes it this moment, or its id was removed from there. "
            "Ask again; if nothing has changed, enqueue it anew."
        ),
    ),
    (
        Situation.SUSPENDED,
        JobStatus.QUEUED,
        {},
        {"ahead": 1, "suspended": True, "workers": IDLE},
        "Job j waits in the queue q behind 1 other: all workers are suspended. `rq resume` lets them begin jobs again.",
    ),
    (
        Situation.QUEUE_PAUSED,
        JobStatus.QUEUED,
        {},
        {"ahead": 1, "queue_paused_until": NOW + timedelta(seconds=90), "workers": IDLE},
        "Job j waits in the queue q behind 1 other: that queue is paused for 90 seconds more. `rq resume q` lets its jobs begin again.",
    ),
    (
        Situation.QUEUE_PAUSED,
        JobStatus.QUEUED,
        {},
        {"ahead": 1, "queue_paused_until": FOR_EVER, "workers": IDLE},
        "Job j waits in the queue q behind 1 other: that queue is paused. `rq resume q` lets its jobs begin again.",
    ),
    (
        Situation.WORKERS_PAUSED,
        JobStatus.QUEUED,
        {},
        {"ahead": 0, "workers": IDLE, "paused_workers": ("wolf",)},
        (
            "Job j waits in the queue q as the next one: no worker listens on that queue that is not paused: wolf. "
            "`rq resume --worker wolf` lets them begin jobs again."
        ),
    ),
    (
        Situation.WORKERS_BUSY,
        JobStatus.QUEUED,
        {},
        {"ahead": 0, "workers": (*IDLE, *BUSY[1:]), "paused_workers": ("wolf",)},
        "Job j waits in the queue q as the next one: its only worker is busy with job short for 3 seconds. Start more workers, `rq worker q`, or wait.",
    ),
    (
        Situation.NO_WORKER,
        JobStatus.QUEUED,
        {},
        {"ahead": 0},
        "Job j waits in the queue q as the next one: no worker listens on that queue. Start one: `rq worker q`.",
    ),
    (
        Situation.WORKERS_BUSY,
        JobStatus.QUEUED,
        {},
        {"ahead": 1200, "workers": BUSY},
        (
            "Job j waits in the queue q behind 1,200 others: all its 2 workers are busy, the longest of them wolf, with job long for 12 minutes. "
            "Start more workers, `rq worker q`, or wait."
        ),
    ),
    (
        Situation.WORKERS_BUSY,
        JobStatus.QUEUED,
        {},
        {"ahead": 2, "workers": BUSY[1:]},
        "Job j waits in the queue q behind 2 others: its only worker is busy with job short for 3 seconds. Start more workers, `rq worker q`, or wait.",
    ),
    (
        Situation.WAITING,
        JobStatus.QUEUED,
        {},
        {"ahead": 2, "workers": (*BUSY, *IDLE)},
        "Job j waits in the queue q behind 2 others: 3 workers listen on it, 1 of them idle.",
    ),
    (
        Situation.WAITING,
        JobStatus.QUEUED,
        {},
        {"queue_length": 2_000_000, "was_searched_whole": False, "workers": IDLE},
        "Job j waits in the queue q far from its head, among 2,000,000 others: 1 worker listens on it, 1 of them idle.",
    ),
    (
        Situation.WAITING,
        JobStatus.QUEUED,
        {},
        {"ahead": 0, "workers": IDLE, "results": (failure(NO_FUNCTION, "fox"),)},
        (
            "Job j waits in the queue q as the next one: 1 worker listens on it, 1 of them idle. "
            "At its last attempt the worker fox did not find its function (Cannot find tasks.greet: tasks has no 'greet')."
        ),
    ),
    (
        Situation.NO_WORKER,
        JobStatus.QUEUED,
        {},
        {"ahead": 0, "reason": "killed by signal 9"},
        (
            "Job j waits in the queue q as the next one: no worker listens on that queue. An earlier attempt was cut short: killed by signal 9. "
            "Start one: `rq worker q`."
        ),
    ),
    (
        Situation.SCHEDULED,
        JobStatus.SCHEDULED,
        {},
        {"due": IN_AN_HOUR, "results": (failure(TRACEBACK),)},
        "Job j is to be put into the queue q in 60 minutes, at 2030-05-27 13:00:00 UTC. Its last attempt ended 2 minutes ago with ValueError: no luck.",
    ),
    (
        Situation.NO_WORKER,
        JobStatus.SCHEDULED,
        {},
        {"due": TWO_MINUTES_AGO},
        "Job j was due 2 minutes ago in the queue q: no worker listens on that queue. Start one: `rq worker q`.",
    ),
    (
        Situation.OVERDUE,
        JobStatus.SCHEDULED,
        {},
        {"due": NOW, "workers": IDLE},
        "Job j was due a moment ago in the queue q: a worker moves it there when it next looks, which takes a second.",
    ),
    (Situation.MISPLACED, JobStatus.SCHEDULED, {}, {"workers": IDLE}, "Job j is scheduled, but has no date. Enqueue it anew."),
    (
        Situation.DEPENDENCIES,
        JobStatus.DEFERRED,
        {},
        {"parents": parents(a="finished", b="started", c="queued", d=None)},
        "Job j waits for 2 jobs: b, which is started and c, which is queued. `rq explain b` tells why that one has not ended.",
    ),
    (
        Situation.FAILED_DEPENDENCIES,
        JobStatus.DEFERRED,
        {},
        {"parents": parents(a="started", b="failed")},
        "Job j waits for job b, which failed; it runs only when that succeeds after all. Run that one again (`rq requeue --queue p b`), or cancel job j.",
    ),
    (
        Situation.FAILED_DEPENDENCIES,
        JobStatus.DEFERRED,
        {},
        {"parents": parents(a="canceled", b="stopped")},
        (
            "Job j waits for job a, which was canceled and b, which was stopped; it runs only when that succeeds after all. "
            "Run that one again (`Queue('p', connection=...).canceled_job_registry.requeue('a')`), or cancel job j."
        ),
    ),
    (
        Situation.RELEASABLE,
        JobStatus.DEFERRED,
        {"allow_dependency_failures": True, "dependency_policies": {"c": "run"}},
        {"parents": parents(a="failed", b=None, c="canceled")},
        (
            "Job j waits for nothing any more: all jobs that it depends on have ended as it needs, and a worker lets it go on within seconds. "
            "No worker listens on its queue, which would see to it; start one: `rq worker q`."
        ),
    ),
    (
        Situation.STARTED,
        JobStatus.STARTED,
        RAN,
        {"lease_ends": IN_AN_HOUR, "workers": IDLE},
        "Job j is running: wolf started it 2 minutes ago, at its 3rd attempt.",
    ),
    (
        Situation.STOPPING,
        JobStatus.STARTED,
        RAN,
        {"lease_ends": IN_AN_HOUR, "is_to_stop": True},
        "Job j runs on wolf and was told to stop; its worker hears of it within seconds.",
    ),
    (
        Situation.LEASE_OVERDUE,
        JobStatus.STARTED,
        RAN,
        {"lease_ends": NOW, "workers": IDLE},
        (
            "Job j was started 2 minutes ago by wolf, which was last heard of 2 minutes ago and seems to be dead. "
            "Any worker on the queue q puts the job back within seconds."
        ),
    ),
    (
        Situation.LEASE_OVERDUE,
        JobStatus.STARTED,
        RAN,
        {"lease_ends": NOW},
        (
            "Job j was started 2 minutes ago by wolf, which was last heard of 2 minutes ago and seems to be dead. "
            "No worker listens on its queue, which would see to it; start one: `rq worker q`."
        ),
    ),
    (
        Situation.LOST,
        JobStatus.STARTED,
        RAN,
        {},
        "Job j is started, but no worker has it: the attempt of wolf left no trace. Delete it and enqueue it again, in the queue q.",
    ),
    (Situation.FINISHED, JobStatus.FINISHED, RAN, {}, "Job j was finished 2 minutes ago by wolf."),
    (
        Situation.FAILED,
        JobStatus.FAILED,
        RAN,
        {"results": (failure(TRACEBACK),)},
        "Job j failed at its 3rd attempt 2 minutes ago: ValueError: no luck. Run it again with `rq requeue --queue q j`.",
    ),
    (
        Situation.FAILED,
        JobStatus.FAILED,
        RAN,
        {"reason": "killed by signal 9", "results": (failure("rq.exceptions.AbandonedJobError: the job was set aside"),)},
        "Job j failed at its 3rd attempt 2 minutes ago: killed by signal 9. Run it again with `rq requeue --queue q j`.",
    ),
    (
        Situation.NOT_FOUND,
        JobStatus.FAILED,
        {"ended_at": TWO_MINUTES_AGO},
        {"results": (failure(NO_FUNCTION, "fox"),)},
        (
            "Job j failed 2 minutes ago, because the worker fox did not find its function: Cannot find tasks.greet: tasks has no 'greet'. "
            "Let that worker run the code that the job was enqueued with, then run the job again: `rq requeue --queue q j`."
        ),
    ),
    (
        Situation.STOPPED,
        JobStatus.STOPPED,
        RAN,
        {"results": (failure("stopped"),)},
        "Job j was stopped by hand 2 minutes ago. Run it again with `rq requeue --queue q j`.",
    ),
    (
        Situation.CANCELED,
        JobStatus.CANCELED,
        {"ended_at": TWO_MINUTES_AGO},
        {"reason": "job a, which it depends on, failed"},
        (
            "Job j was canceled 2 minutes ago: job a, which it depends on, failed. "
            "`Queue('q', connection=...).canceled_job_registry.requeue('j')` puts it back into its queue."
        ),
    ),
]


@pytest.mark.parametrize(("situation", "status", "record", "facts", "told"), SITUATIONS, ids=[f"{row[0].value}-{row[1]}" for row in SITUATIONS])
def test_a_situation_has_its_sentence(situation: Situation, status: JobStatus | str | None, record: dict[str, Any], facts: dict[str, Any], told: str):
    found = explained(status, record, **facts)
    assert str(found) == told
    assert (found.situation, found.status, found.queue) == (situation, str(getattr(status, "value", status)), "q")


def test_a_job_that_does_not_exist_has_a_sentence_too():
    assert "there is no job j: it was never enqueued on this server" in explain(Facts("j", NOW)).sentence
    deleted = explain(Facts("j", NOW, was_deleted=True))
    assert (deleted.situation, deleted.status) == (Situation.DELETED, None)


def test_every_situation_is_tried():
    assert {row[0] for row in SITUATIONS} | {Situation.ABSENT, Situation.DELETED} == {*Situation}


def test_every_status_is_explained():
    assert all(explained(status).situation is not Situation.UNKNOWN for status in JobStatus)


def test_programs_get_the_facts():
    busy = explained(JobStatus.QUEUED, ahead=2, workers=BUSY)
    assert (busy.ahead, busy.workers) == (2, ("wolf", "bear"))
    assert explained(JobStatus.SCHEDULED, due=IN_AN_HOUR).due == IN_AN_HOUR
    deferred = explained(JobStatus.DEFERRED, parents=parents(a="finished", b="started"))
    assert deferred.waits_for == ("b",)


def test_a_job_whose_parent_lets_it_fail_is_not_told_to_wait_for_a_success():
    found = explained(JobStatus.DEFERRED, {"dependency_policies": {"*": "fail"}}, parents=parents(a="failed"))
    assert found.situation is Situation.DEPENDENCIES


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TRACEBACK, "ValueError: no luck"),
        ("ValueError: two\n  lines", "ValueError: two"),
        ("KeyError", "KeyError"),
        ("", ""),
        ("  nothing like an exception ", "  nothing like an exception "),
        (f"ValueError: {'x' * 500}", f"ValueError: {'x' * 188}"),
    ],
)
def test_the_line_that_names_the_exception_is_found(text: str, line: str):
    assert exception_line(text) == line
