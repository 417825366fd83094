"""What a job asks of the server, and what it makes of the answer, as calls. The handles run them: `Job` at once, the `Job` of `rq.client.aio` with `await`.

A job changes when an answer is read, so that it shows nothing that the server has not confirmed. What a user's pipeline collects is sent, and not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rq.client.enqueueing import new_nonce
from rq.core.errors import InvalidJobOperation
from rq.core.ids import validate_job_id
from rq.model.result import ResultRecord, ResultType
from rq.model.states import JobStatus
from rq.store import cancel, delete, fields, reads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rq.client.job_data import JobData
    from rq.client.session import BaseSession
    from rq.core.serializers import Serializer
    from rq.model.record import JobRecord
    from rq.store.calls import Call

JobT = TypeVar("JobT", bound="JobData")

_KNOWN_STATUS = frozenset(status.value for status in JobStatus)


# --- reading ------------------------------------------------------------------------------------------------------------------------


def refresh(job: JobData) -> Call[None]:
    """Read a job anew.

    Raises:
        NoSuchJobError: if there is none (any more). CorruptDataError: if its hash cannot be read.
    """
    return reads.read_job(job.session.scripts, job.id).then(lambda record: job.take_record(reads.require_job(record, job.id), job.serializer))


def fetch_each(job_class: type[JobT], session: BaseSession, job_ids: Iterable[str], serializer: Serializer | str | None) -> list[Call[JobT | None]]:
    """Read jobs, None for each that does not exist; an id may also be `<job id>:<execution id>`."""

    def read(record: JobRecord | None) -> JobT | None:
        return None if record is None else job_class.of_record(record, session.connection, serializer)

    return [reads.read_job(session.scripts, parse_job_id(job_id)).then(read) for job_id in job_ids]


def read_status(job: JobData) -> Call[JobStatus]:
    """Read a job's status. One that this version does not know is its text.

    Raises:
        InvalidJobOperation: if there is no such job (any more).
    """

    def read(status: str | None) -> Any:
        if status is None:
            message = f"Job {job.id} has no status: it was never enqueued, was deleted, or its time to live passed"
            raise InvalidJobOperation(message)
        job.record.status = JobStatus(status) if status in _KNOWN_STATUS else status
        return job.record.status

    return reads.read_status(job.session.scripts, job.id).then(read)


def read_meta(job: JobData) -> Call[None]:
    """Read a job's meta anew."""
    return reads.read_meta(job.session.scripts, job.id).then(job.take_meta)


def read_returned_values(job: JobData, job_ids: Iterable[str]) -> list[Call[Any]]:
    """Read what other jobs returned, None for one that has no successful result."""

    def read(records: list[ResultRecord]) -> Any:
        newest = records[0] if records else None
        if newest is None or newest.return_value is None or newest.type is not ResultType.SUCCESSFUL:
            return None
        return job.serializer.loads(newest.return_value)

    return [reads.list_results(job.session.scripts, job_id, most=1).then(read) for job_id in job_ids]


# --- writing ------------------------------------------------------------------------------------------------------------------------


def write_meta(job: JobData) -> Call[None]:
    """Write a job's meta, and nothing else."""
    stored = job.serializer.dumps(job.meta)

    def read(_: object) -> None:
        job.record.meta = stored

    return fields.write_meta(job.session.scripts, job.id, stored).then(read)


def cancel_job(job: JobData, *, enqueue_dependents: bool, remove_from_dependencies: bool) -> Call[None]:
    """See to it that a job does not run.

    Raises:
        InvalidJobOperation: if it is canceled already, has ended, or does not exist.
    """

    def read(answer: tuple[str, str]) -> None:
        code, status = answer
        if code != "ok":
            reason = {"dup": "is canceled already", "terminal": f"is {status}; only jobs that have not ended can be canceled", "gone": "does not exist"}
            message = f"Job {job.id} {reason.get(code, 'cannot be read: its key holds something that is no hash')}"
            raise InvalidJobOperation(message)
        job.record.status = JobStatus.CANCELED

    options = {"enqueue_dependents": enqueue_dependents, "remove_from_dependencies": remove_from_dependencies}
    return cancel.cancel_job(job.session.scripts, job.id, job.origin, **options).then(read)


def delete_job(job: JobData, *, remove_from_queue: bool) -> Call[None]:
    """Delete a job with all that belongs to it.

    Raises:
        InvalidJobOperation: if there is no such job (any more).
    """

    def read(answer: tuple[str, str]) -> None:
        if answer[0] == "gone":
            message = f"Job {job.id} cannot be deleted: it was never enqueued, was deleted, or its time to live passed"
            raise InvalidJobOperation(message)

    return delete.delete_job(job.session.scripts, job.id, job.origin, new_nonce(), remove_from_queue=remove_from_queue).then(read)


def delete_each(job: JobData, dependent_ids: Iterable[str]) -> list[Call[tuple[str, str]]]:
    """Delete jobs that wait for a job."""
    return [delete.delete_job(job.session.scripts, job_id, job.origin, new_nonce()) for job_id in dependent_ids]


def parse_job_id(job_or_execution_id: str) -> str:
    """Return the job id in `<job id>:<execution id>`, or the job id it is.

    Raises:
        OptionTypeError: for what is no text, such as a job, or a None that somebody forgot (a TypeError).
    """
    try:
        return job_or_execution_id.split(":", 1)[0]
    except (AttributeError, TypeError):
        validate_job_id(job_or_execution_id)  # which says what an id is
        raise
