"""Cron jobs as the server knows them, whichever process has them: to look at, and to run one here and now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rq.client.enqueueing import new_nonce
from rq.core.clock import utc_now
from rq.core.defaults import DEFAULT_CRON_SCHEDULER_TTL
from rq.core.errors import InvalidOptionError, TimeoutFormatError
from rq.core.ids import new_job_id
from rq.model.cron import Progress
from rq.runtime.cron.timing import Timing, describe_timing
from rq.store.cron import CronKey, enqueue_tick, list_crons, read_cron, read_moment, read_switch, read_template
from rq.store.enqueue import NewJob
from rq.store.sync import read_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rq.client.session import Session
    from rq.model.record import JobRecord
    from rq.runtime.cron.job import CronJob


@dataclass(frozen=True, slots=True)
class CronEntry:
    """A cron job to look at.

    Args:
        key: which one.
        func_name: what it calls.
        queue: where to.
        interval: seconds from one tick to the next; None with a cron string.
        cron: the cron string; None with an interval.
        timezone: the name of the time zone that the string is about.
        missed: what becomes of ticks that were missed.
        last: its last tick that became a job; None if none did.
        upcoming: its next tick; None if there is none any more, or if this machine does not know the time zone.
        paused_since: None if it is not paused.
        is_alive: whether a cron process has it.
    """

    key: CronKey
    func_name: str
    queue: str
    interval: int | None
    cron: str | None
    timezone: str
    missed: str
    last: datetime | None
    upcoming: datetime | None
    paused_since: datetime | None
    is_alive: bool

    @property
    def when(self) -> str:
        """When it is due, as people are told."""
        return describe_timing(self.interval, self.cron, self.timezone)


def about_cron_job(cron_job: CronJob) -> dict[str, str]:
    """Return what the server is told of a cron job, for whoever looks at it, or runs it by hand."""
    return {
        "name": cron_job.name,
        "func_name": cron_job.func_name,
        "queue": cron_job.queue_name,
        "interval": str(cron_job.interval or ""),
        "cron": cron_job.cron or "",
        "timezone": cron_job.timezone,
        "missed": cron_job.missed,
        "at_front": "1" if cron_job.is_at_front else "",
    }


def list_cron_jobs(session: Session) -> list[CronEntry]:
    """Return all cron jobs that a process had in the last thirty days, by name. Three round trips, whatever their number; nothing is written."""
    now, listed = session.run_many([read_time(session.scripts), list_crons(session.scripts)])
    told = session.run_many([read_cron(session.scripts, identity) for identity, _ in listed])
    known = [(identity, heard, about) for (identity, heard), about in zip(listed, told, strict=True) if about.get("since") and about.get("name")]
    switches = session.run_many([read_switch(session.scripts, about["name"]) for _, _, about in known])
    entries = [_entry(identity, about, switch, now, heard) for (identity, heard, about), switch in zip(known, switches, strict=True)]
    return sorted(entries, key=lambda entry: (entry.key.name, entry.key.identity))


def enqueue_now(session: Session, name: str) -> list[JobRecord]:
    """Enqueue each cron job of a name once, and return the jobs. Their ticks go on as if it had not been; a pause does not matter.

    Raises:
        InvalidOptionError: if the server knows none of this name (a ValueError).
    """
    identities = [identity for identity, _ in session.run(list_crons(session.scripts))]
    told = session.run_many([read_cron(session.scripts, identity) for identity in identities])
    named = [(identity, about) for identity, about in zip(identities, told, strict=True) if about.get("name") == name]
    if not named:
        raise InvalidOptionError(f"There is no cron job named {name!r}; `rq cron list` shows those there are")
    found = (_enqueue(session, CronKey(identity, name), is_at_front=bool(about.get("at_front"))) for identity, about in named)
    return [record for record in found if record is not None]


def _enqueue(session: Session, key: CronKey, *, is_at_front: bool) -> JobRecord | None:
    template = session.run(read_template(session.scripts, key.identity, new_job_id()))
    if template is None:
        return None
    record = replace(template, created_at=utc_now())
    session.run(enqueue_tick(session.scripts, key, None, NewJob(record, new_nonce(), is_at_front)))
    return record


def _entry(identity: str, about: Mapping[str, str], switch: Mapping[str, str], now: float, heard: float) -> CronEntry:
    return CronEntry(
        key=CronKey(identity, about["name"]),
        func_name=about.get("func_name", ""),
        queue=about.get("queue", ""),
        interval=int(read_moment(about.get("interval")) or 0) or None,
        cron=about.get("cron") or None,
        timezone=about.get("timezone", ""),
        missed=about.get("missed", ""),
        last=_moment(about.get("last")),
        upcoming=_moment(_upcoming(about, switch, now)),
        paused_since=_moment(switch.get("paused")),
        is_alive=now - heard < DEFAULT_CRON_SCHEDULER_TTL,
    )


def _upcoming(about: Mapping[str, str], switch: Mapping[str, str], now: float) -> int | None:
    moments = {"since": about.get("since"), "last": about.get("last"), "resumed": switch.get("resumed") or about.get("resumed")}
    progress = Progress(**{name: read_moment(moment) for name, moment in moments.items()})
    try:
        timing = Timing.of(about.get("interval"), about.get("cron"), about.get("timezone", ""))
    except (InvalidOptionError, TimeoutFormatError):  # another machine, or another version, knows more; or it is garbled
        return None
    return timing.schedule(progress.first or now).first_after(max(int(now), timing.counts_after(progress)))


def _moment(seconds: float | str | None) -> datetime | None:
    moment = read_moment(seconds) if isinstance(seconds, str) else seconds
    return None if moment is None else datetime.fromtimestamp(moment, UTC)
