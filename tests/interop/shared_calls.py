"""What a program does with a queue and its jobs, written once and carried out by either library: everything here goes in and out as JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import shared_jobs  # type: ignore[import-not-found]
import shared_rq_jobs  # type: ignore[import-not-found]

from rq import Queue, Repeat, SimpleWorker, cancel_job
from rq.group import Group
from rq.job import Callback, Dependency, Job, Retry
from rq.webhook import Webhook

KINDS = ("started", "finished", "failed", "deferred", "scheduled", "canceled")


def function_of(name: str) -> Callable[..., Any]:
    """Return a job's function by its name."""
    found: Callable[..., Any] = getattr(shared_rq_jobs, name, None) or getattr(shared_jobs, name)
    return found


def _callback(spec: Any) -> Callback:
    return Callback(function_of(spec["func"]), timeout=spec.get("timeout"))


# Option -> how it is made of what stands in JSON.
MADE: dict[str, Callable[[Any], Any]] = {
    "retry": lambda spec: Retry(**spec),
    "repeat": lambda spec: Repeat(**spec),
    "on_success": _callback,
    "on_failure": _callback,
    "on_stopped": _callback,
    "webhooks": lambda specs: [Webhook(**spec) for spec in specs],
    "depends_on": lambda spec: Dependency(**spec) if isinstance(spec, dict) else spec,
}


def options_of(spec: dict[str, Any]) -> dict[str, Any]:
    """Return options as the library takes them."""
    return {name: MADE.get(name, lambda value: value)(value) for name, value in spec.items()}


def _datas_of(jobs: list[list[Any]]) -> list[Any]:
    return [Queue.prepare_data(function_of(function), args, **options_of(spec)) for function, args, spec in jobs]


class Calls:
    """The calls, on one server, with one serializer."""

    def __init__(self, url: str, serializer: str | None = None) -> None:
        self.client: redis.Redis = redis.Redis.from_url(url)
        self.serializer = serializer

    def queue(self, name: str, **options: Any) -> Queue:
        """Return a queue."""
        return Queue(name, connection=self.client, serializer=self.serializer, **options)

    def job(self, job_id: str) -> Job:
        """Return a job."""
        return Job.fetch(job_id, connection=self.client, serializer=self.serializer)

    # --- writing ---

    def enqueue(self, queue: str, function: str, *args: Any, **options: Any) -> str:
        """Enqueue a job and return its id; `is_async` is the queue's."""
        is_async = options.pop("is_async", True)
        return self.queue(queue, is_async=is_async).enqueue(function_of(function), *args, **options_of(options)).id

    def enqueue_in(self, queue: str, seconds: float, function: str, *args: Any, **options: Any) -> str:
        """Schedule a job and return its id."""
        return self.queue(queue).enqueue_in(timedelta(seconds=seconds), function_of(function), *args, **options_of(options)).id

    def enqueue_at(self, queue: str, moment: str, function: str, *args: Any, **options: Any) -> str:
        """Schedule a job and return its id."""
        return self.queue(queue).enqueue_at(datetime.fromisoformat(moment), function_of(function), *args, **options_of(options)).id

    def enqueue_many(self, queue: str, jobs: list[list[Any]], **options: Any) -> list[str]:
        """Enqueue jobs, each described by its function, its arguments and its options; and return their ids."""
        return [job.id for job in self.queue(queue).enqueue_many(_datas_of(jobs), **options)]

    def enqueue_group(self, queue: str, group: str, jobs: list[list[Any]]) -> list[str]:
        """Enqueue jobs, described as for `enqueue_many`, as a group; and return their ids."""
        return [job.id for job in Group(self.client, group).enqueue_many(self.queue(queue), _datas_of(jobs))]

    def cancel(self, job_id: str, **options: Any) -> None:
        """Cancel a job."""
        self.job(job_id).cancel(**options)

    def cancel_by_id(self, job_id: str, **options: Any) -> None:
        """Cancel a job, as a function."""
        cancel_job(job_id, connection=self.client, serializer=self.serializer, **options)

    def delete(self, job_id: str) -> None:
        """Delete a job."""
        self.job(job_id).delete()

    def requeue(self, job_id: str, **options: Any) -> None:
        """Requeue a failed job."""
        self.job(job_id).requeue(**options)

    def requeue_from(self, queue: str, kind: str, job_id: str) -> None:
        """Requeue a job from a registry."""
        getattr(self.queue(queue), f"{kind}_job_registry").requeue(job_id)

    def save_meta(self, job_id: str, **meta: Any) -> None:
        """Change the meta of a job."""
        job = self.job(job_id)
        job.meta.update(meta)
        job.save_meta()

    def empty(self, queue: str) -> int:
        """Empty a queue."""
        return int(self.queue(queue).empty())

    # --- running ---

    def work(self, *queues: str) -> None:
        """Run what waits, until nothing does."""
        SimpleWorker([self.queue(name) for name in queues], connection=self.client, serializer=self.serializer).work(burst=True, logging_level="CRITICAL")

    # --- reading ---

    def describe(self, job_id: str) -> dict[str, Any]:
        """Return all that a program can read of a job, but what depends on the moment of reading."""
        job = self.job(job_id)
        named = ("origin", "description", "timeout", "ttl", "result_ttl", "failure_ttl", "func_name", "kwargs", "meta", "retries_left", "retry_intervals")
        more = ("number_of_retries", "repeats_left", "repeat_intervals", "worker_name", "group_id", "enqueue_at_front_on_retry", "allow_dependency_failures")
        dates = ("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat")
        return {
            **{name: getattr(job, name) for name in (*named, *more)},
            **{name: moment.isoformat() if (moment := getattr(job, name)) else None for name in dates},
            "args": list(job.args),
            "status": job.get_status().value,
            "position": job.get_position(),
            "return_value": job.return_value(),
            "results": self.results(job_id),
            "parents": sorted(job.dependency_ids),
            "children": sorted(job.dependent_ids),
            "webhooks": [webhook.to_dict() for webhook in job.webhooks or []],
            "executions": [execution.composite_key for execution in job.get_executions()],
        }

    def results(self, job_id: str) -> list[list[Any]]:
        """Return the type of each result of a job, newest first, its value (the number of retries, if that is a `Retry`) and the last line of its exception."""
        found = []
        for result in self.job(job_id).results():
            value = result.return_value.max if isinstance(result.return_value, Retry) else result.return_value
            found.append([result.type.name, value, (result.exc_string or "").strip().rpartition("\n")[2]])
        return found

    def registries(self, queue: str) -> dict[str, list[str]]:
        """Return the ids in a queue and in its registries."""
        q = self.queue(queue)
        return {"queued": q.job_ids} | {kind: getattr(q, f"{kind}_job_registry").get_job_ids() for kind in KINDS}

    def group_ids(self, group: str) -> list[str]:
        """Return the ids of the jobs of a group."""
        return sorted(job.id for job in Group.fetch(group, self.client).get_jobs())

    def groups(self) -> list[str]:
        """Return the names of all groups."""
        return sorted(group.name for group in Group.all(self.client))

    def scheduled_time(self, queue: str, job_id: str) -> str:
        """Return when a job is due."""
        return self.queue(queue).scheduled_job_registry.get_scheduled_time(job_id).astimezone(UTC).isoformat()


def carry_out(url: str, serializer: str | None, action: str, args: list[Any], options: dict[str, Any]) -> dict[str, Any]:
    """Carry out one call. Returns `answer`, or what kind of `error` there was."""
    try:
        return {"answer": getattr(Calls(url, serializer), action)(*args, **options)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is to know
        return {"error": type(error).__name__, "message": str(error)}
