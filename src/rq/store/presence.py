"""BIRTH and DEATH: a worker gets and gives up its name. And what the worker's hash says."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.core.formats import parse_date
from rq.model.presence import WorkerIdentity, WorkerRecord, WorkerStatus
from rq.store.calls import Argument, Call, text, wire
from rq.store.codec import decode_fields, encode_exception
from rq.store.replies import read_code, read_triples
from rq.store.scripts import ScriptLibrary
from rq.store.settle import crash_text


@dataclass(frozen=True, slots=True)
class Birth:
    """The answer to a registration.

    Args:
        code: ok, or taken.
        birth_date: the server's date, '' if taken.
        reclaimed: what a dead owner of the name had: (queue, job id, requeued | failed).
        owner: if taken: (incarnation or '', hostname, pid, process start) of the one who has the name.
    """

    code: str
    birth_date: str
    reclaimed: list[tuple[str, str, str]]
    owner: tuple[str, str, str, str] = ("", "", "", "")


def register_worker(  # noqa: PLR0913 - each is a fact of its own
    scripts: ScriptLibrary,
    identity: WorkerIdentity,
    lease_seconds: float,
    ttl_seconds: int,
    most_crashes: int,
    replaceable: str = "",
    *,
    state: WorkerStatus = WorkerStatus.STARTED,
) -> Call[Birth]:
    """Register a worker under its name, unless a living one has it.

    Args:
        scripts: the keyspace's scripts.
        identity: who registers.
        lease_seconds: how long the registration lasts without a heartbeat.
        ttl_seconds: after how many seconds the worker's hash expires.
        most_crashes: see `reclaim`; for what a dead owner of the name had.
        replaceable: the incarnation of an owner that is known to be dead though its lease still runs.
        state: what the worker does from then on, for whoever looks.
    """
    keys = scripts.keyspace
    name = identity.name
    reason = "its worker died and started again"
    arguments: list[Argument] = [
        *(wire(name), identity.incarnation, lease_seconds, ttl_seconds, replaceable),
        *(most_crashes, reason, encode_exception(crash_text(reason)), DEFAULT_FAILURE_TTL),
        *(len(identity.queues), *(wire(queue) for queue in identity.queues)),
        *("queues", wire(",".join(identity.queues)), "hostname", wire(identity.hostname), "pid", identity.pid),
        *("x_process_start", identity.process_start, "ip_address", identity.ip_address),
        *("version", identity.version, "python_version", identity.python_version, "state", state.value),
    ]
    return Call(_read_birth, arguments, scripts.script("birth"), (keys.presence, keys.held(name), keys.worker(name), keys.workers))


def _read_birth(reply: Any) -> Birth:
    code = read_code(reply)
    if code == "taken":
        owner = [text(item) for item in reply[1:5]]
        return Birth(code, "", [], (owner[0], owner[1], owner[2], owner[3]))
    return Birth(code, text(reply[1]), read_triples(reply[2]))


def unregister_worker(scripts: ScriptLibrary, worker: str, incarnation: str) -> Call[int]:
    """Give up a name; whatever is still held goes back to its queue. Returns how many jobs went back."""
    keys = scripts.keyspace
    return Call(
        lambda reply: int(reply[1]),
        (wire(worker), incarnation),
        scripts.script("death"),
        (keys.presence, keys.held(worker), keys.worker(worker)),
    )


def read_worker(scripts: ScriptLibrary, worker: str) -> Call[WorkerRecord | None]:
    """Read a worker's hash; None if there is none."""
    return Call(lambda reply: _decode_worker(worker, decode_fields(reply)), ("HGETALL", scripts.keyspace.worker(worker)))


def read_current_job(scripts: ScriptLibrary, worker: str) -> Call[str | None]:
    """Read the id of the job that a worker runs; None if it runs none, or is not registered."""
    return Call(lambda reply: text(reply) or None, ("HGET", scripts.keyspace.worker(worker), "current_job"))


def list_worker_keys(scripts: ScriptLibrary, queue: str | None = None) -> Call[list[str]]:
    """List the keys of all registered workers, or of those that listen on one queue; sorted, stale ones included."""
    keys = scripts.keyspace
    return Call(lambda reply: sorted(text(key) for key in reply), ("SMEMBERS", keys.workers if queue is None else keys.queue_workers(queue)))


def _decode_worker(name: str, fields: dict[bytes, bytes]) -> WorkerRecord | None:
    """Return what a worker's hash says. What cannot be read is unknown: whoever looks at all workers is to see the others, and the rest of this one."""
    if not fields:
        return None

    def get(field: bytes) -> str | None:
        return text(fields[field]) if fields.get(field) else None

    def number(field: bytes) -> float:
        try:
            found = float(fields.get(field) or 0)
        except ValueError:
            return 0.0
        return found if math.isfinite(found) else 0.0

    def date(field: bytes) -> datetime | None:
        with suppress(ValueError):  # no such date, or no text
            return parse_date(fields[field]) if fields.get(field) else None
        return None

    return WorkerRecord(
        name=name,
        queues=tuple((get(b"queues") or "").split(",")) if get(b"queues") else (),
        state=get(b"state") or "?",
        hostname=get(b"hostname"),
        pid=int(number(b"pid")) or None,
        ip_address=get(b"ip_address") or "unknown",
        version=get(b"version"),
        python_version=get(b"python_version"),
        birth=date(b"birth"),
        last_heartbeat=date(b"last_heartbeat"),
        current_job_id=get(b"current_job"),
        current_job_working_time=number(b"current_job_working_time"),
        successful_job_count=int(number(b"successful_job_count")),
        failed_job_count=int(number(b"failed_job_count")),
        total_working_time=number(b"total_working_time"),
        shutdown_requested_at=date(b"shutdown_requested_date"),
        death=date(b"death"),
    )
