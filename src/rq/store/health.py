"""What a look at the workers shows: two round trips, whatever their number; nothing here writes."""

from __future__ import annotations

from rq.model.health import Sighting
from rq.model.presence import WorkerRecord
from rq.store.connection import Caller
from rq.store.presence import list_worker_keys, read_worker
from rq.store.reads import is_suspended
from rq.store.reap import list_worker_leases
from rq.store.scripts import ScriptLibrary


def read_sightings(caller: Caller, scripts: ScriptLibrary) -> tuple[list[Sighting], bool]:
    """Read which workers there are that did not say goodbye, sorted by name, and whether workers are suspended.

    Workers of RQ have no lease: they are there as long as their entry is.
    """
    suspended, keys, leases = caller.run_many([is_suspended(scripts), list_worker_keys(scripts), list_worker_leases(scripts)])
    overdue = {lease.worker for lease in leases if lease.expired}
    prefix = scripts.keyspace.worker("")
    records: list[WorkerRecord | None] = caller.run_many([read_worker(scripts, key.removeprefix(prefix)) for key in keys]) if keys else []
    present = [record for record in records if record is not None and record.death is None]
    return [Sighting(record.name, record.queues, record.name in overdue) for record in present], suspended
