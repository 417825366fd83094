"""The client of RQ 2.12 in these tests, run by its own interpreter: `python rq212_client_side.py URL ACTION JSON`; the answer is a line of JSON."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Any

import redis
import shared_jobs  # type: ignore[import-not-found]

from rq import Queue, SimpleWorker
from rq.group import Group
from rq.job import Job

FIELDS = (
    *("origin", "description", "timeout", "ttl", "result_ttl", "failure_ttl", "func_name", "instance", "args", "kwargs", "meta"),
    *("created_at", "enqueued_at", "started_at", "ended_at", "enqueue_at_front", "retries_left", "worker_name"),
)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def read(client: redis.Redis, job_id: str, serializer: str | None = None) -> dict[str, Any]:
    """Return all that RQ reads of a job."""
    job = Job.fetch(job_id, connection=client, serializer=serializer)
    found = {name: plain(getattr(job, name)) for name in FIELDS}
    return found | {"status": job.get_status().value, "position": job.get_position(), "ttl_of_hash": client.ttl(job.key)}


def enqueue(client: redis.Redis, queue: str, function: str, options: dict[str, Any]) -> str:
    """Enqueue a job and return its id."""
    return Queue(queue, connection=client).enqueue(getattr(shared_jobs, function), **options).id


def enqueue_in(client: redis.Redis, queue: str, seconds: float) -> str:
    """Schedule a job and return its id."""
    return Queue(queue, connection=client).enqueue_in(timedelta(seconds=seconds), shared_jobs.add, 1).id


def registries(client: redis.Redis, queue: str) -> dict[str, list[str]]:
    """Return what RQ reads of a queue and its registries."""
    q = Queue(queue, connection=client)
    kinds = ("started", "finished", "failed", "deferred", "scheduled", "canceled")
    return {"queued": q.job_ids} | {kind: getattr(q, f"{kind}_job_registry").get_job_ids() for kind in kinds}


def scheduled_time(client: redis.Redis, queue: str, job_id: str) -> str:
    """Return when RQ thinks that a job is due."""
    return Queue(queue, connection=client).scheduled_job_registry.get_scheduled_time(job_id).isoformat()


def outcomes(client: redis.Redis, job_id: str) -> dict[str, Any]:
    """Return the results of a job, newest first, and its executions."""
    job = Job.fetch(job_id, connection=client)
    names = ("return_value", "exc_string", "worker_name", "execution_id", "execution_started_at")
    results = [{"type": result.type.name, **{name: plain(getattr(result, name)) for name in names}} for result in job.results()]
    executions = [[execution.id, execution.worker_name, plain(execution.created_at)] for execution in job.get_executions()]
    return {"results": results, "executions": executions}


def cancel(client: redis.Redis, job_id: str) -> None:
    """Cancel a job."""
    Job.fetch(job_id, connection=client).cancel()


def requeue(client: redis.Redis, job_id: str) -> None:
    """Requeue a failed job."""
    Job.fetch(job_id, connection=client).requeue()


def work(client: redis.Redis, queue: str) -> None:
    """Run all jobs that wait."""
    SimpleWorker([queue], connection=client).work(burst=True, logging_level="CRITICAL")


def enqueue_group(client: redis.Redis, name: str, queue: str, count: int) -> list[str]:
    """Enqueue some jobs of a group and return their ids."""
    q = Queue(queue, connection=client)
    return [job.id for job in Group.create(client, name).enqueue_many(q, [Queue.prepare_data(shared_jobs.add, (1,)) for _ in range(count)])]


def groups(client: redis.Redis) -> dict[str, list[str]]:
    """Return the ids of the jobs of every group that RQ knows."""
    return {group.name: sorted(job.id for job in Group.fetch(group.name, client).get_jobs()) for group in Group.all(client)}


def delete(client: redis.Redis, job_id: str) -> None:
    """Delete a job."""
    Job.fetch(job_id, connection=client).delete()


def main() -> None:
    """Carry out one action."""
    url, action, arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(globals()[action](redis.Redis.from_url(url), *json.loads(arguments))) + "\n")


if __name__ == "__main__":
    main()
