"""What is wrong with a server and what it holds: every check, sick and sound."""

from __future__ import annotations

from typing import Any

import pytest

from rq.model.diagnosis import CHECKS, MANY, Report, Severity, diagnose, is_healthy
from rq.model.inspection import Inspection, QueueFacts, ServerFacts
from rq.model.presence import WorkerRecord

SOUND = ServerFacts(
    product="Valkey",
    version=(8, 1, 1),
    runs_scripts=True,
    eviction="noeviction",
    evicted_keys=0,
    used_bytes=10,
    most_bytes=100,
    appends=True,
    snapshots=True,
    is_replica=False,
    clients=3,
    most_clients=10_000,
)


def worker(name: str = "wolf", queues: tuple[str, ...] = ("q",), version: str = "3.0") -> WorkerRecord:
    """A living worker."""
    return WorkerRecord(name, queues, "idle", "den", 7, "?", version, "3", None, None, None, 0.0, 0, 0, 0.0, None, None)


def server(**facts: Any) -> dict[str, Any]:
    """A server of which these facts are known, and no others."""
    return {"server": ServerFacts(**facts)}


def queue(**facts: Any) -> dict[str, Any]:
    """A queue with a worker."""
    return {"queues": (QueueFacts("q", **facts),), "workers": (worker(),)}


def report_of(check: str, **facts: Any) -> Report:
    """What one check says."""
    [report] = [report for report in diagnose(Inspection(**{"server": SOUND, **facts})) if report.check == check]
    return report


# check, facts, severity, a part of what is told
SICKNESSES: list[tuple[str, dict[str, Any], Severity, str]] = [
    ("version", server(product="Redis", version=(5, 0, 9)), Severity.PROBLEM, "Redis 5.0.9 is too old"),
    ("version", server(product="Valkey", version=(7, 1)), Severity.PROBLEM, "Valkey 7.1 is too old"),
    ("version", server(), Severity.NOTE, "the server does not tell its version"),
    ("version", server(version=(7, 0), is_replica=True), Severity.PROBLEM, "a replica"),
    ("scripts", server(runs_scripts=False), Severity.PROBLEM, "runs no scripts"),
    ("clock", server(clock_ahead_seconds=3700), Severity.WARNING, "61 minutes ahead of"),
    ("clock", server(clock_ahead_seconds=-5), Severity.WARNING, "5 seconds behind"),
    ("eviction", server(eviction="allkeys-lru"), Severity.PROBLEM, "throws keys away (allkeys-lru)"),
    ("eviction", server(eviction="noeviction", evicted_keys=7), Severity.PROBLEM, "has thrown away 7 keys"),
    ("memory", server(used_bytes=95, most_bytes=100), Severity.WARNING, "95% of the memory"),
    ("persistence", server(appends=False, snapshots=False), Severity.PROBLEM, "writes nothing to its disk"),
    ("persistence", server(appends=False, snapshots=True), Severity.WARNING, "writes snapshots only"),
    ("persistence", server(appends=True, write_failed="a snapshot"), Severity.PROBLEM, "could not write a snapshot"),
    ("connections", server(clients=9_500, most_clients=10_000), Severity.WARNING, "9,500 of 10,000 connections"),
    ("suspension", {"paused": (("queue", "q"),)}, Severity.WARNING, "the queue q is paused"),
    ("suspension", {"paused": (("worker", "wolf"),)}, Severity.WARNING, "the worker wolf is paused"),
    ("suspension", {"suspended": True}, Severity.WARNING, "all workers are suspended"),
    (
        "queues",
        {"queues": (QueueFacts("q", waiting=3, counts=(("scheduled", 2),)),)},
        Severity.PROBLEM,
        "the queue q, which has jobs: 3 waiting and 2 scheduled",
    ),
    ("queues", queue(broken="WRONGTYPE"), Severity.PROBLEM, "the queue q cannot be read: WRONGTYPE"),
    ("workers", {"workers": (worker(queues=("defualt",)),)}, Severity.NOTE, "the queue defualt never had a job, and has a worker: wolf"),
    ("workers", {"stale_workers": ("fox",)}, Severity.NOTE, "1 worker left without a word: fox"),
    ("workers", {**queue(), "workers": (worker(), worker("bear", version="2.12.0"))}, Severity.NOTE, "several versions run: 2.12.0 and 3.0"),
    ("leases", queue(overdue_leases=2), Severity.PROBLEM, "the queue q has 2 started jobs whose worker is gone"),
    ("leases", queue(between=1), Severity.WARNING, "the queue q has 1 job that workers of RQ 2.12 took"),
    ("schedule", queue(overdue_jobs=1200), Severity.PROBLEM, "1,200 scheduled jobs overdue"),
    ("dependencies", queue(blocked=2, example_blocked="b"), Severity.WARNING, "2 jobs waiting for others that ended badly, such as b"),
    *(("registries", queue(counts=((kind, many),)), Severity.WARNING, f"{many:,} {kind} jobs") for kind, many in MANY.items()),
    ("registries", queue(kept_for_ever=5000), Severity.WARNING, "5,000 finished jobs of the queue q are kept for ever"),
    ("data", queue(set_aside=1, example_set_aside="a no data"), Severity.PROBLEM, "could not be run as it stood: a no data"),
    ("data", {"lost_jobs": ("a", "b"), "jobs_searched": 1000}, Severity.PROBLEM, "among 1,000 jobs, these stand nowhere and will not run: a and b"),
    ("data", {"strays": ("rq:results:a",)}, Severity.NOTE, "and will not expire: rq:results:a"),
    ("webhooks", {"late_deliveries": 4}, Severity.WARNING, "late webhooks: 4"),
]


@pytest.mark.parametrize(("check", "facts", "severity", "told"), SICKNESSES, ids=[f"{row[0]}-{number}" for number, row in enumerate(SICKNESSES)])
def test_a_sickness_is_found_and_has_a_remedy(check: str, facts: dict[str, Any], severity: Severity, told: str):
    report = report_of(check, **facts)
    assert report.severity is severity
    assert told in " | ".join(finding.what for finding in report.findings)
    assert all(finding.mend for finding in report.findings)


def test_every_check_is_tried():
    assert {row[0] for row in SICKNESSES} == {check.name for check in CHECKS}


def test_what_is_sound_is_called_so():
    sound = diagnose(Inspection(SOUND, (QueueFacts("q", waiting=7),), (worker(),)))
    assert [report for report in sound if report.findings] == []
    assert is_healthy(sound)


def test_nothing_is_made_of_what_the_server_does_not_tell():
    assert is_healthy(diagnose(Inspection(ServerFacts())))


def test_notes_make_nobody_sick_and_warnings_do():
    assert is_healthy([report_of("workers", stale_workers=("fox",))])
    assert not is_healthy([report_of("suspension", suspended=True)])


def test_a_report_is_as_bad_as_the_worst_of_its_findings():
    assert report_of("data", strays=("rq:results:a",), lost_jobs=("a",)).severity is Severity.PROBLEM


def test_an_empty_queue_needs_no_worker():
    assert report_of("queues", queues=(QueueFacts("q", counts=(("finished", 3),)),)).findings == ()
