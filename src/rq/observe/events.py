"""The events of a worker: what happened, to what. One frozen value each; adapters decide what to make of them."""

from __future__ import annotations

from dataclasses import dataclass

from rq.core.plain_call import UNKNOWN_CALL, PlainCall


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """Something that happened to or in a worker."""

    worker: str


@dataclass(frozen=True, slots=True)
class WorkerStarted(WorkerEvent):
    """The worker is registered and about to listen."""

    pid: int
    version: str
    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CannotFork(WorkerEvent):
    """The platform lacks what forking needs, so each job gets a fresh interpreter; `lacking` names it."""

    lacking: str


@dataclass(frozen=True, slots=True)
class WorkerReplaced(WorkerEvent):
    """The name had belonged to a dead worker; what that one held went back: ids of jobs."""

    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkerRegisteredAgain(WorkerEvent):
    """The server had forgotten the worker (it was emptied, or the registration expired)."""


@dataclass(frozen=True, slots=True)
class WorkerSuspended(WorkerEvent):
    """The worker is told to take no new jobs: because of `everything`, of itself (`worker`), or of all its `queues` (which `PausedQueues` has named)."""

    what: str = "everything"


@dataclass(frozen=True, slots=True)
class PausedQueues(WorkerEvent):
    """These queues of the worker, and no others, are paused now."""

    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkerResumed(WorkerEvent):
    """Workers may take jobs again."""


@dataclass(frozen=True, slots=True)
class ShutdownRequested(WorkerEvent):
    """A signal asked the worker to stop; `cold` if the running jobs are not to be waited for."""

    signal_name: str
    cold: bool
    running: int


@dataclass(frozen=True, slots=True)
class WorkerStopped(WorkerEvent):
    """The worker left; `reason` says why, `jobs` how many attempts it ran."""

    reason: str
    jobs: int


@dataclass(frozen=True, slots=True)
class ServerTrouble(WorkerEvent):
    """A call failed and is sent again after a pause."""

    error: str
    retry_seconds: float


@dataclass(frozen=True, slots=True)
class ServerRefused(WorkerEvent):
    """A call was refused for what stands on the server; `consequence` says what the worker did about it."""

    error: str
    consequence: str


@dataclass(frozen=True, slots=True)
class JobEvent(WorkerEvent):
    """Something that happened to a job."""

    queue: str
    job_id: str
    description: str | None


@dataclass(frozen=True, slots=True)
class JobTaken(JobEvent):
    """An attempt begins; `attempt` counts the attempts of this job."""

    attempt: int


@dataclass(frozen=True, slots=True)
class JobFinished(JobEvent):
    """The function returned and the result is written."""

    seconds: float
    result_ttl: int


@dataclass(frozen=True, slots=True)
class JobFailed(JobEvent):
    """The attempt failed for good, and that is written; `call` is what it called, as far as that can be told."""

    exc_text: str
    seconds: float
    call: PlainCall = UNKNOWN_CALL


@dataclass(frozen=True, slots=True)
class JobRetried(JobEvent):
    """The attempt failed; the job runs again after `delay_seconds`. `call` is what it called, as far as that can be told."""

    exc_text: str
    delay_seconds: float
    retries_left: int
    call: PlainCall = UNKNOWN_CALL


@dataclass(frozen=True, slots=True)
class JobAskedAgain(JobEvent):
    """The function returned a `Retry`; the job runs again after `delay_seconds`, for the `number`th time because it asked to."""

    delay_seconds: float
    number: int


@dataclass(frozen=True, slots=True)
class JobRepeated(JobEvent):
    """The job has finished and runs again after `delay_seconds`."""

    delay_seconds: float


@dataclass(frozen=True, slots=True)
class JobDied(JobEvent):
    """The process of the attempt ended without an outcome; `status` is what became of the job (queued, failed)."""

    reason: str
    status: str


@dataclass(frozen=True, slots=True)
class JobStopped(JobEvent):
    """Somebody stopped the attempt."""

    reason: str


@dataclass(frozen=True, slots=True)
class StoppedCallbackFailed(JobEvent):
    """The callback of a stopped job raised, took too long, or died; the job is stopped all the same."""

    reason: str


@dataclass(frozen=True, slots=True)
class JobReleased(JobEvent):
    """The job went back to the head of its queue; the attempt never counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class OutcomeRefused(JobEvent):
    """The attempt's outcome was not taken: `code` is dup, fenced, superseded, gone or badtype."""

    code: str


@dataclass(frozen=True, slots=True)
class AttemptAbandoned(JobEvent):
    """The attempt was ended because its lease or its job is gone, or somebody wanted it: `code` is fenced, gone, canceled, stop or kill."""

    code: str


@dataclass(frozen=True, slots=True)
class JobReclaimed(WorkerEvent):
    """A job of a dead worker was taken back; `status` is queued or failed."""

    job_id: str
    status: str
