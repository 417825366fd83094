"""A job written by hand: saved as it is in memory, given another status, kept for some time. What workers of RQ do step by step to the jobs they run.

Nothing of this is needed to enqueue, run, cancel or delete a job: each of those is one step on the server, which writes what it changes. Here a caller writes
what it likes. Two rules make that harmless where RQ's way is not: only what was changed is written, so that an old copy overwrites nothing; and a job that was
read, or enqueued, and is gone meanwhile stays gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from rq.client.relations import JobRelations
from rq.client.scriptless import send_fields
from rq.core.clock import utc_now
from rq.core.formats import format_date
from rq.model.dependency import dependencies_of
from rq.model.settlement import retry_delay
from rq.model.states import JobStatus
from rq.store.codec import encode_changes
from rq.store.fields import write_job_fields
from rq.store.save import expire_job, register_dependencies

if TYPE_CHECKING:
    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.client.queue import Queue

_RESULT_FIELDS = frozenset({"result", "exc_info"})


class JobSaving(JobRelations):
    """How a job is written by hand; see `Job`."""

    if TYPE_CHECKING:

        def delete(self, pipeline: Pipeline | None = None, remove_from_queue: bool = True, delete_dependents: bool = False) -> None:
            """See `Job.delete`."""

    def save(self, pipeline: Pipeline | None = None, include_meta: bool = True, include_result: bool = True) -> None:
        """Write what was changed since the job was read, enqueued or saved; a job that only this program knows is written whole, which puts it nowhere.

        A job that is gone meanwhile stays gone. To run a job, use `Queue.enqueue_job`.

        Args:
            pipeline: collects the call.
            include_meta: whether the meta is written if it was changed.
            include_result: whether the fields `result` and `exc_info` are, in which RQ before 1.12 kept what came of a job.

        Raises:
            CorruptDataError: if the job's key holds something else. Exception: whatever the serializer raises for arguments or meta it cannot serialize.
        """
        left_out = (frozenset() if include_meta else frozenset({"meta"})) | (frozenset() if include_result else _RESULT_FIELDS)
        flat = encode_changes(self.packed_record(), self._stored)
        fields = [part for name, value in zip(flat[::2], flat[1::2], strict=True) if name not in left_out for part in (name, value)]
        if fields:
            how: Literal["create", "update"] = "create" if self._stored is None else "update"
            send_fields(self.session, self.id, fields, how, pipeline)
        self.take_as_stored()

    def set_status(self, status: JobStatus | str, pipeline: Pipeline | None = None) -> None:
        """Write another status, and nothing else: the job stays in the places it stands in. One that only this program knows is saved whole.

        Args:
            status: the status.
            pipeline: collects the call.
        """
        self.record.status = JobStatus(status)
        if self._stored is None and self.payload.has_data:
            self.save(pipeline)
        else:
            fields = ("status", self.record.status.value)
            send_fields(self.session, self.id, fields, "update", pipeline)

    def cleanup(self, ttl: int | None = None, pipeline: Pipeline | None = None, remove_from_queue: bool = True) -> None:
        """Let the job expire.

        Args:
            ttl: in how many seconds; 0 deletes it now, None or a negative number changes nothing.
            pipeline: collects the call.
            remove_from_queue: see `delete`.

        Raises:
            InvalidJobOperation: if it is to be deleted and is gone.
        """
        if ttl == 0:
            self.delete(pipeline, remove_from_queue)
        elif ttl is not None and ttl > 0:
            self.session.run_or_collect(expire_job(self.session.scripts, self.id, ttl), pipeline)

    # --- what RQ's workers do to a job that they run ---

    def heartbeat(self, timestamp: datetime, ttl: int, pipeline: Pipeline | None = None, xx: bool = False) -> None:
        """Write when the job was last heard of. It extends no lease: workers of this package extend theirs themselves.

        Args:
            timestamp: the moment.
            ttl: accepted and not used, as in RQ.
            pipeline: collects the call.
            xx: accepted and not used, as in RQ.
        """
        del ttl, xx
        self.last_heartbeat = timestamp
        self.session.run_or_collect(write_job_fields(self.session.scripts, self.id, ("last_heartbeat", format_date(timestamp))), pipeline)

    def prepare_for_execution(self, worker_name: str, pipeline: Pipeline) -> None:
        """Let the job be `started` by a worker. It gives that worker no lease: `claim`, with which workers of this package take jobs, does.

        Args:
            worker_name: the worker.
            pipeline: collects the call.
        """
        record, now = self.record, utc_now()
        record.status, record.worker_name, record.started_at, record.last_heartbeat = JobStatus.STARTED, worker_name, now, now
        date = format_date(now)
        fields = ("status", JobStatus.STARTED.value, "worker_name", worker_name, "started_at", date, "last_heartbeat", date)
        send_fields(self.session, self.id, fields, "update", pipeline)

    def retry(self, queue: Queue, pipeline: Pipeline | None) -> None:
        """Use up a retry: put the job into a queue again, after the time its `Retry` says. Whatever runs it now is no longer asked what came of it.

        Workers do not call it: writing down that an attempt failed and placing the next one is one step.

        Args:
            queue: the queue; the job's origin becomes this one.
            pipeline: collects the call.
        """
        job, delay = cast("Job", self), self.get_retry_interval()
        self.retries_left = (self.retries_left or 0) - 1
        if delay:
            self.enqueue_at_front = self.enqueue_at_front_on_retry or self.enqueue_at_front
            queue.schedule_job(job, timedelta(seconds=delay), pipeline=pipeline)
        else:
            queue.enqueue_job(job, pipeline=pipeline, at_front=self.enqueue_at_front_on_retry)

    def get_retry_interval(self) -> int:
        """Return how many seconds after a failure the job runs again. A spread that its `Retry` asks for is not in it."""
        return int(retry_delay(self.record))

    def should_enqueue_at_front(self) -> bool:
        """Say whether the job goes to the head of its queue when its time has come."""
        is_retried_at_front = self.enqueue_at_front_on_retry and self.ended_at is not None
        return is_retried_at_front or bool(self.enqueue_at_front)

    def send_webhooks(self, status: JobStatus | str, *, exc_string: str | None = None) -> None:
        """Tell those who want to hear of this status, one after another; what goes wrong is logged. Workers send what is due by themselves.

        Args:
            status: `finished` or `failed`.
            exc_string: the traceback of a failure.
        """
        for webhook in self.webhooks:
            if webhook.job_status == status:
                webhook.send(self, exc_string=exc_string)

    # --- what it waits for ---

    def process_dependencies(self, depends_on: Any) -> None:
        """Take what `depends_on=` of `Queue.enqueue` says, and write nothing: enqueueing the job looks at it.

        Raises:
            InvalidOptionError: for anything but jobs, their ids, and `Dependency` (a ValueError).
        """
        given, record = dependencies_of(depends_on), self.record
        record.dependency_ids, record.dependency_policies = list(given.ids), dict(given.policies)
        record.allow_dependency_failures = given.allow_failure or record.allow_dependency_failures
        record.enqueue_at_front = given.at_front or record.enqueue_at_front

    def register_dependency(self, pipeline: Pipeline | None = None) -> None:
        """List the job as deferred, and with the jobs it waits for; its status is not written. Enqueueing a job that waits does this in the same step.

        Args:
            pipeline: collects the call.
        """
        call = register_dependencies(self.session.scripts, self.id, self.origin, self.record.dependency_ids)
        self.session.run_or_collect(call, pipeline)
