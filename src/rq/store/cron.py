"""CRON_TICK and what belongs to it: a tick of a cron job becomes a job, once over all cron processes.

Every process computes the same ticks from what the server knows of a cron job: since when it counts, and which tick came last. There is no lock and no leader:
whoever is first has made the job, the others are told so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rq.core.defaults import CRON_MEMORY_SECONDS, DEFAULT_CRON_JOB_HISTORY_LIMIT, DEFAULT_CRON_JOB_HISTORY_TTL, DEFAULT_CRON_SCHEDULER_TTL
from rq.core.errors import CorruptDataError
from rq.model.cron import Progress
from rq.model.record import JobRecord
from rq.store.calls import Argument, Call, text, wire
from rq.store.codec import decode_fields, decode_job, encode_new_job
from rq.store.cron_lists import read_scored, read_texts
from rq.store.enqueue import NewJob
from rq.store.replies import Enqueued, read_code, read_enqueued
from rq.store.scripts import ScriptLibrary

# The year 3000. What claims to be later is no moment that anybody wrote down.
_LAST_MOMENT = 32_503_680_000


@dataclass(frozen=True, slots=True)
class CronKey:
    """Which cron job is meant: several may share a name, and with it their history; the identity is each one's own."""

    identity: str
    name: str


@dataclass(frozen=True, slots=True)
class CronBeat:
    """The answer to a cron process's sign of life.

    Args:
        known: whether the server knows the process and all its cron jobs; if not, they have to be registered again.
        now: the server's time, in seconds since 1970.
        progress: how far each cron job has come, in the order of the call.
    """

    known: bool
    now: float
    progress: list[Progress]


def register_cron_job(scripts: ScriptLibrary, identity: str, about: Mapping[str, str], template: JobRecord) -> Call[None]:
    """Tell the server what a cron job is: what people are shown, and what its jobs are like. How far its ticks have come stays."""
    keys = scripts.keyspace
    items = [wire(part) for item in about.items() for part in item]
    return Call(
        _check_place,
        (identity, CRON_MEMORY_SECONDS, len(items), *items, *encode_new_job(template)),
        scripts.script("cron_register"),
        (keys.cron(identity), keys.cron_template(identity), keys.crons),
    )


def beat_cron(scripts: ScriptLibrary, process: str, cron_jobs: Sequence[CronKey], fields: Mapping[str, str] | None = None) -> Call[CronBeat]:
    """Give a sign of life of a cron process, and ask how far its cron jobs have come.

    Args:
        scripts: the keyspace's scripts.
        process: its name.
        cron_jobs: what it has.
        fields: its whole hash; None to leave it as it is.
    """
    keys = scripts.keyspace
    items = [wire(part) for item in (fields or {}).items() for part in item]
    asked = [wire(part) for key in cron_jobs for part in (key.identity, key.name)]
    return Call(
        _read_beat,
        (wire(process), DEFAULT_CRON_SCHEDULER_TTL, CRON_MEMORY_SECONDS, len(items), *items, *asked),
        scripts.script("cron_beat"),
        (keys.cron_schedulers, keys.cron_scheduler(process), keys.crons),
    )


def enqueue_tick(scripts: ScriptLibrary, key: CronKey, tick: float | None, new: NewJob) -> Call[Enqueued]:
    """Let a tick of a cron job become a job, if none has. Without a tick, enqueue a run now: the ticks go on as if there were none.

    Returns:
        A code, with the job's status: ok; replay (this very call was carried out before); dup (the tick, or a later one, has its job); paused; early (the
        server's clock is behind); unknown (the server knows no such cron job: register it).
    """
    record, keys = new.record, scripts.keyspace
    moment: Argument = "" if tick is None else f"{tick:.0f}"
    return Call(
        partial(read_enqueued, record.id),
        [*new.head(), wire(key.name), moment, DEFAULT_CRON_JOB_HISTORY_LIMIT, DEFAULT_CRON_JOB_HISTORY_TTL, *encode_new_job(record)],
        scripts.script("cron_tick"),
        (
            *(keys.job(record.id), keys.queue(record.origin), keys.queues),
            *(keys.cron(key.identity), keys.cron_switch(key.name), keys.cron_history(key.name), keys.cron_jobs),
        ),
    )


def pause_cron(scripts: ScriptLibrary, name: str) -> Call[bool]:
    """Pause all cron jobs of a name. Says whether they were not paused before."""
    return Call(partial(_read_switch, name), (), scripts.script("cron_pause"), (scripts.keyspace.cron_switch(name),))


def resume_cron(scripts: ScriptLibrary, name: str) -> Call[bool]:
    """Resume all cron jobs of a name. Says whether they were paused."""
    return Call(partial(_read_switch, name), (CRON_MEMORY_SECONDS,), scripts.script("cron_resume"), (scripts.keyspace.cron_switch(name),))


# --- what is known of cron jobs -----------------------------------------------------------------------------------------------------


def list_crons(scripts: ScriptLibrary) -> Call[list[tuple[str, float]]]:
    """List the identities of all cron jobs, each with the moment when a process last said that it has it."""
    return Call(read_scored, ("ZRANGE", scripts.keyspace.crons, 0, -1, "WITHSCORES"))


def read_cron(scripts: ScriptLibrary, identity: str) -> Call[dict[str, str]]:
    """Read what is known of a cron job: what its process told, and how far its ticks have come. Empty if it is forgotten."""
    return Call(read_texts, ("HGETALL", scripts.keyspace.cron(identity)))


def read_switch(scripts: ScriptLibrary, name: str) -> Call[dict[str, str]]:
    """Read since when the cron jobs of a name are paused, and when they were resumed, as far as they were."""
    return Call(read_texts, ("HGETALL", wire(scripts.keyspace.cron_switch(name))))


def read_template(scripts: ScriptLibrary, identity: str, job_id: str) -> Call[JobRecord | None]:
    """Read what the jobs of a cron job are like, as a job of this id; None if the cron job is forgotten."""

    def read(reply: Any) -> JobRecord | None:
        fields = decode_fields(reply)
        return decode_job(job_id, fields) if fields else None

    return Call(read, ("HGETALL", scripts.keyspace.cron_template(identity)))


def _check_place(reply: Any) -> None:
    if read_code(reply) == "badtype":
        raise CorruptDataError(f"The key {text(reply[1])} holds something that has nothing to do with cron jobs; delete that key")


def _read_switch(name: str, reply: Any) -> bool:
    if read_code(reply) == "badtype":
        raise CorruptDataError(f"Cron job {name} can be neither paused nor resumed: the key of its switch holds something else; delete that key")
    return read_code(reply) == "ok"


def _read_beat(reply: Any) -> CronBeat:
    code, now, states = reply
    return CronBeat(text(code) == "ok", float(now), [Progress(*map(read_moment, state)) for state in states])


def read_moment(value: bytes | str | None) -> float | None:
    """Return a moment in seconds; None for what is none: whatever stands in one hash, the cron jobs of others go on."""
    try:
        found = float(value or "")
    except ValueError:
        return None
    return found if 0 <= found <= _LAST_MOMENT else None
