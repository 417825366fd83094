"""What is wrong with a server and what it holds, and how to mend it: pure checks of one shape over an `Inspection`. The table at the end names them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from shlex import quote

from rq.core.wording import counted, duration_in_words, listed
from rq.model.inspection import Inspection, QueueFacts

OLDEST_VERSIONS = {"Redis": (6, 2), "Valkey": (7, 2)}
# Dates that users write come off by that much; more is noticed.
MOST_CLOCK_SECONDS = 2.0
FULL = 0.9
# From so many entries on, a registry is said to grow.
MANY = {"failed": 1_000, "finished": 100_000, "canceled": 100_000, "deferred": 10_000, "scheduled": 1_000_000}


class Severity(str, Enum):  # noqa: UP042 - as the other enums of this package
    """How bad a finding is: jobs are lost or do not run; they may soon; it is good to know."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found: what, and how to mend it; both without a full stop."""

    severity: Severity
    what: str
    mend: str


Look = Callable[[Inspection], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what is to be said when it finds nothing, and the look itself."""

    name: str
    fine: str
    look: Look


@dataclass(frozen=True, slots=True)
class Report:
    """What one check said: its name, its findings, and what to say if there are none."""

    check: str
    fine: str
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity | None:
        """The worst of its findings; None if there are none."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in Severity if severity in found), None)


def diagnose(inspection: Inspection) -> list[Report]:
    """Return what every check says."""
    return [Report(check.name, check.fine, tuple(check.look(inspection))) for check in CHECKS]


def is_healthy(reports: Iterable[Report]) -> bool:
    """Say whether nothing is wrong; notes are not."""
    return all(report.severity in {None, Severity.NOTE} for report in reports)


def _problem(what: str, mend: str) -> Finding:
    return Finding(Severity.PROBLEM, what, mend)


def _warning(what: str, mend: str) -> Finding:
    return Finding(Severity.WARNING, what, mend)


def _note(what: str, mend: str) -> Finding:
    return Finding(Severity.NOTE, what, mend)


# --- the server -------------------------------------------------------------------------------------------------------


def _look_at_version(inspection: Inspection) -> Iterator[Finding]:
    server = inspection.server
    if server.version is None:
        yield _note("the server does not tell its version", "allow this user the command INFO, to have the server checked")
    elif server.version < OLDEST_VERSIONS[server.product]:
        needed = " or ".join(f"{product} {'.'.join(map(str, version))}" for product, version in OLDEST_VERSIONS.items())
        yield _problem(f"{server.product} {'.'.join(map(str, server.version))} is too old", f"use {needed} at least")
    if server.is_replica:
        yield _problem("this server is a replica, which takes no jobs", "name its master with --url, or use Sentinel")


def _look_at_scripts(inspection: Inspection) -> Iterator[Finding]:
    if inspection.server.runs_scripts is False:
        yield _problem("the server runs no scripts for this user, and workers cannot do without them", "allow the user +@scripting, or use Redis or Valkey")


def _look_at_clock(inspection: Inspection) -> Iterator[Finding]:
    ahead = inspection.server.clock_ahead_seconds
    if abs(ahead) > MOST_CLOCK_SECONDS:
        side = "ahead of" if ahead > 0 else "behind"
        yield _warning(
            f"the clock of the server is {duration_in_words(abs(ahead))} {side} that of this machine, and jobs are scheduled by the server's",
            "let both machines take their time from the network (NTP)",
        )


def _look_at_eviction(inspection: Inspection) -> Iterator[Finding]:
    server = inspection.server
    if server.eviction not in {None, "noeviction"}:
        yield _problem(
            f"when its memory is full, the server throws keys away ({server.eviction}): queues and jobs among them",
            "set maxmemory-policy noeviction (redis-cli CONFIG SET maxmemory-policy noeviction, and in its configuration file)",
        )
    if server.evicted_keys:
        yield _problem(f"the server has thrown away {counted(server.evicted_keys, 'key')} for want of memory since it started", "give it more memory")


def _look_at_memory(inspection: Inspection) -> Iterator[Finding]:
    server = inspection.server
    if server.most_bytes and server.used_bytes and server.used_bytes > FULL * server.most_bytes:
        share = round(100 * server.used_bytes / server.most_bytes)
        yield _warning(
            f"{share}% of the memory that the server may use is in use; when it is full, no job can be enqueued",
            "raise maxmemory, or keep results and failed jobs for a shorter time (result_ttl, failure_ttl)",
        )


def _look_at_persistence(inspection: Inspection) -> Iterator[Finding]:
    server = inspection.server
    if server.write_failed is not None:
        yield _problem(f"the server could not write {server.write_failed} to its disk the last time", "look at its log, and whether the disk is full")
    if server.appends is False and server.snapshots is False:
        yield _problem(
            "the server writes nothing to its disk: when it ends, all jobs are gone",
            "turn on its append-only file (redis-cli CONFIG SET appendonly yes, and in its configuration file)",
        )
    elif server.appends is False:
        yield _warning(
            "the server writes snapshots only: when it crashes, the jobs enqueued since the last one are gone, and others run again",
            "turn on its append-only file (redis-cli CONFIG SET appendonly yes, and in its configuration file)",
        )


def _look_at_connections(inspection: Inspection) -> Iterator[Finding]:
    server = inspection.server
    if server.clients and server.most_clients and server.clients > FULL * server.most_clients:
        yield _warning(f"{server.clients:,} of {server.most_clients:,} connections are in use", "raise maxclients, or look who holds connections")


# --- workers and queues -----------------------------------------------------------------------------------------------


def _look_at_suspension(inspection: Inspection) -> Iterator[Finding]:
    if inspection.suspended:
        yield _warning("all workers are suspended: no job begins", "`rq resume` lets them go on")
    for kind, name in inspection.paused:
        again = f"rq resume {quote(name)}" if kind == "queue" else f"rq resume --worker {quote(name)}"
        yield _warning(f"the {kind} {name} is paused", f"`{again}` ends it")


def _look_at_queues(inspection: Inspection) -> Iterator[Finding]:
    listened_on = {name for worker in inspection.workers for name in worker.queues}
    for queue in inspection.queues:
        if queue.broken is not None:
            yield _problem(f"the queue {queue.name} cannot be read: {queue.broken}", "delete what has the wrong type")
        elif queue.name not in listened_on and queue.waiting + queue.count("scheduled") + queue.count("deferred"):
            what = [(queue.waiting, "waiting"), (queue.count("scheduled"), "scheduled"), (queue.count("deferred"), "deferred")]
            jobs = listed([f"{number:,} {kind}" for number, kind in what if number])
            yield _problem(f"no worker listens on the queue {queue.name}, which has jobs: {jobs}", f"start one: `rq worker {quote(queue.name)}`")


def _look_at_workers(inspection: Inspection) -> Iterator[Finding]:
    known = {queue.name for queue in inspection.queues}
    for name in sorted({name for worker in inspection.workers for name in worker.queues} - known):
        listening = [worker.name for worker in inspection.workers if name in worker.queues]
        yield _note(f"the queue {name} never had a job, and has a worker: {listed(listening)}", "look whether its name is written as the producers write it")
    if inspection.stale_workers:
        yield _note(
            f"{counted(len(inspection.stale_workers), 'worker')} left without a word: {listed(inspection.stale_workers)}",
            "nothing needs to be done: the living take back their jobs",
        )
    versions = sorted({worker.version or "?" for worker in inspection.workers})
    if len(versions) > 1:
        yield _note(f"workers of several versions run: {listed(versions)}", "finish the deployment; jobs may find other code on each")


# --- jobs -------------------------------------------------------------------------------------------------------------


def _look_at_leases(inspection: Inspection) -> Iterator[Finding]:
    for queue in inspection.queues:
        if queue.overdue_leases:
            yield _problem(
                f"the queue {queue.name} has {counted(queue.overdue_leases, 'started job')} whose worker is gone for a minute at least",
                _have_a_worker(queue, "puts them back within seconds"),
            )
        if queue.between:
            yield _warning(
                f"the queue {queue.name} has {counted(queue.between, 'job')} that workers of RQ 2.12 took and have not started",
                _have_a_worker(queue, "puts them back if they stay there for a minute"),
            )


def _look_at_schedule(inspection: Inspection) -> Iterator[Finding]:
    for queue in inspection.queues:
        if queue.overdue_jobs:
            yield _problem(
                f"the queue {queue.name} has {counted(queue.overdue_jobs, 'scheduled job')} overdue for a minute at least",
                _have_a_worker(queue, "moves them at once"),
            )


def _look_at_dependencies(inspection: Inspection) -> Iterator[Finding]:
    for queue in inspection.queues:
        if queue.blocked:
            yield _warning(
                f"the queue {queue.name} has {counted(queue.blocked, 'job')} waiting for others that ended badly, such as {queue.example_blocked}",
                f"`rq explain {queue.example_blocked}` names them; requeue those, or cancel the jobs that wait",
            )


def _look_at_registries(inspection: Inspection) -> Iterator[Finding]:
    for queue in inspection.queues:
        for kind, many in MANY.items():
            if queue.count(kind) >= many:
                yield _warning(f"the queue {queue.name} has {queue.count(kind):,} {kind} jobs", _SHRINK[kind].format(queue=quote(queue.name)))
        if queue.kept_for_ever >= MANY["failed"]:
            yield _warning(f"{queue.kept_for_ever:,} finished jobs of the queue {queue.name} are kept for ever", "give jobs a result_ttl that ends")


def _look_at_data(inspection: Inspection) -> Iterator[Finding]:
    for queue in inspection.queues:
        if queue.set_aside:
            yield _problem(
                f"the queue {queue.name} has {counted(queue.set_aside, 'job')} set aside, because it could not be run as it stood: {queue.example_set_aside}",
                "delete them and enqueue them again, then delete the list (the key that ends in x:bad: and the name of the queue)",
            )
        if queue.unreadable:
            yield _problem(
                f"in the queue {queue.name} wait jobs that cannot be read: {listed(queue.unreadable)}",
                "delete their keys, and enqueue them again; a worker that meets them sets them aside, or lets them fail",
            )
        if queue.missing:
            yield _warning(f"in the queue {queue.name} wait ids of jobs that do not exist: {listed(queue.missing)}", "nothing: a worker passes over them")
    if inspection.lost_jobs:
        yield _problem(
            f"among {counted(inspection.jobs_searched, 'job')}, these stand nowhere and will not run: {listed(inspection.lost_jobs)}",
            "enqueue them again, or delete them; their ids were removed by hand, or by an eviction",
        )
    if inspection.strays:
        yield _note(f"these keys are of jobs that do not exist, and will not expire: {listed(inspection.strays)}", "delete these keys")


def _look_at_deliveries(inspection: Inspection) -> Iterator[Finding]:
    if inspection.late_deliveries:
        yield _warning(f"late webhooks: {inspection.late_deliveries:,}", "start a worker, which sends them: `rq worker`")


def _have_a_worker(queue: QueueFacts, does: str) -> str:
    return f"a worker of this version on that queue {does}: `rq worker {quote(queue.name)}`"


_SHRINK = {
    "failed": "look why they failed (`rq explain ID`), run them again (`rq requeue --queue {queue} --all`), or give jobs a shorter failure_ttl",
    "finished": "give jobs a shorter result_ttl",
    "canceled": "delete those that nobody looks at",
    "deferred": "look what they wait for (`rq explain ID`)",
    "scheduled": "nothing, if that many are meant to wait for their time",
}

CHECKS: tuple[Check, ...] = (
    Check("version", "the server is new enough", _look_at_version),
    Check("scripts", "the server runs scripts", _look_at_scripts),
    Check("clock", "the clocks of the server and of this machine agree", _look_at_clock),
    Check("eviction", "the server throws no keys away", _look_at_eviction),
    Check("memory", "there is memory left", _look_at_memory),
    Check("persistence", "jobs survive the end of the server", _look_at_persistence),
    Check("connections", "there are connections left", _look_at_connections),
    Check("suspension", "nothing is suspended or paused", _look_at_suspension),
    Check("queues", "every queue that has jobs has a worker", _look_at_queues),
    Check("workers", "every worker listens on queues that are used", _look_at_workers),
    Check("leases", "every started job has a living worker", _look_at_leases),
    Check("schedule", "no scheduled job is overdue", _look_at_schedule),
    Check("dependencies", "no job waits for one that ended badly", _look_at_dependencies),
    Check("registries", "no registry has grown large", _look_at_registries),
    Check("data", "every job that was looked at stands where it should", _look_at_data),
    Check("webhooks", "no webhook is late", _look_at_deliveries),
)
