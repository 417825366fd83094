"""What RQ 2.12 does in these tests, run by its own interpreter: `python rq212_side.py URL ACTION ARGUMENT...`; the answer is a line of JSON."""

from __future__ import annotations

import json
import sys

import redis
import shared_jobs  # type: ignore[import-not-found]

from rq import Queue, SimpleWorker, Worker
from rq.cron import CronJob, CronScheduler, get_cron_job_ids
from rq.cron_job_registry import get_names
from rq.job import Callback, Dependency, Job
from rq.scheduler import RQScheduler


def enqueue(client: redis.Redis, queue: str, function: str, *arguments: str) -> str:
    """Enqueue one job; arguments are JSON. Returns its id."""
    return Queue(queue, connection=client).enqueue(getattr(shared_jobs, function), *map(json.loads, arguments)).id


def enqueue_notes(client: redis.Redis, queue: str, path: str, count: str) -> list[str]:
    """Enqueue that many jobs that write a line each."""
    target = Queue(queue, connection=client)
    return [target.enqueue(shared_jobs.note, path, f"rq{number}", result_ttl=-1).id for number in range(int(count))]


def enqueue_with_callbacks(client: redis.Redis, queue: str, function: str, *arguments: str) -> str:
    """Enqueue one job that calls back whatever becomes of it. Returns its id."""
    callbacks = {"on_success": Callback(shared_jobs.succeeded), "on_failure": Callback(shared_jobs.failed, timeout=5)}
    return Queue(queue, connection=client).enqueue(getattr(shared_jobs, function), *map(json.loads, arguments), **callbacks).id


def enqueue_here(client: redis.Redis, queue: str, function: str, *arguments: str) -> str:
    """Run one job in a queue that does so by itself. Returns its id."""
    return Queue(queue, connection=client, is_async=False).enqueue(getattr(shared_jobs, function), *map(json.loads, arguments)).id


def enqueue_families(client: redis.Redis, queue: str) -> dict[str, str]:
    """Enqueue jobs and others that depend on them; parents one and two stand in queues of their own. Returns their ids by what is special about them."""
    shared = Queue(queue, connection=client)
    good, bad = shared.enqueue(shared_jobs.add, 1), shared.enqueue(shared_jobs.fail)
    one, two = (Queue(name, connection=client).enqueue(shared_jobs.add, 1) for name in ("one", "two"))
    dependents = {
        "child": good,
        "lenient": Dependency([bad], allow_failure=True),
        "patient": bad,
        "of two": [one, two],
    }
    return {name: shared.enqueue(shared_jobs.add, 1, depends_on=parents).id for name, parents in dependents.items()}


def work(client: redis.Redis, class_name: str, *queues: str) -> bool:
    """Run a worker until nothing waits."""
    return {"Worker": Worker, "SimpleWorker": SimpleWorker}[class_name](list(queues), connection=client).work(burst=True, logging_level="ERROR")


def describe(client: redis.Redis, job_id: str) -> dict[str, object]:
    """Return what RQ reads of a job."""
    job = Job.fetch(job_id, connection=client)
    result = job.latest_result()
    return {
        "status": job.get_status().value,
        "origin": job.origin,
        "description": job.description,
        "func_name": job.func_name,
        "args": list(job.args),
        "kwargs": job.kwargs,
        "meta": job.meta,
        "timeout": job.timeout,
        "result_ttl": job.result_ttl,
        "worker_name": job.worker_name,
        "return_value": job.return_value(),
        "result_type": result.type.name if result else None,
        "exc_string": result.exc_string if result else None,
        "has_dates": all([job.created_at, job.enqueued_at]),
        "has_ended": bool(job.started_at and job.ended_at),
        "executions": len(job.get_executions()),
    }


def registries(client: redis.Redis, queue: str) -> dict[str, list[str]]:
    """Return what RQ reads of the registries of a queue."""
    q = Queue(queue, connection=client)
    kinds = ("started", "finished", "failed", "deferred", "scheduled", "canceled")
    return {"queued": q.job_ids} | {kind: getattr(q, f"{kind}_job_registry").get_job_ids() for kind in kinds}


def workers(client: redis.Redis) -> list[list[object]]:
    """Return what RQ reads of the workers."""
    return [[w.name, w.queue_names(), w.get_state(), w.successful_job_count, bool(w.birth_date)] for w in Worker.all(connection=client)]


def cron_schedulers(client: redis.Redis) -> list[dict[str, object]]:
    """Return what RQ reads of cron processes and their cron jobs."""
    return [{"name": found.name, "pid": found.pid, "jobs": [about(job) for job in found.get_jobs()]} for found in CronScheduler.all(client)]


def about(cron_job: CronJob) -> dict[str, object]:
    """Return what RQ reads of a cron job."""
    next_time = cron_job.next_enqueue_time
    return {
        "name": cron_job.name,
        "queue": cron_job.queue_name,
        "func_name": cron_job.func_name,
        "args": list(cron_job.args),
        "interval": cron_job.interval,
        "cron": cron_job.cron,
        "options": {name: value for name, value in cron_job.job_options.items() if name != "webhooks"},
        "next": next_time.isoformat() if next_time else None,
    }


def cron_history(client: redis.Redis, name: str) -> dict[str, list[str]]:
    """Return what RQ reads of the history of a cron job, and the names of all."""
    return {"jobs": get_cron_job_ids(name, client), "names": get_names(client)}


def enqueue_cron(client: redis.Redis) -> str:
    """Let a scheduler of RQ enqueue a cron job, and live on. Returns its name."""
    scheduler = CronScheduler(client, logging_level="ERROR")
    scheduler.register(shared_jobs.add, "shared", (1,), interval=60, meta={"a": 1}, job_timeout=10, name="sums")
    scheduler.register(shared_jobs.add, "shared", (1,), cron="0 3 * * *", name="nightly")
    scheduler.register_birth()
    scheduler.enqueue_jobs()
    scheduler.save()
    return scheduler.name


def schedule(client: redis.Redis, queue: str) -> dict[str, object]:
    """Return who schedules a queue, and which locks a scheduler of RQ gets."""
    scheduler = RQScheduler([queue], connection=client, logging_level="ERROR")
    return {"pid_of_the_one_there_is": Queue(queue, connection=client).scheduler_pid, "acquired": sorted(scheduler.acquire_locks())}


def main() -> None:
    """Carry out one action."""
    url, action, *arguments = sys.argv[1:]
    print(json.dumps(globals()[action](redis.Redis.from_url(url), *arguments)))


if __name__ == "__main__":
    main()
