"""Every error of this package, in one tree.

RQ's names are kept. Where RQ raises a plain ValueError, TypeError or NotImplementedError for bad input, ours is
that and an RQError, so that old `except` clauses hold and `except RQError` catches all.

    Exception
    └── RQError
        ├── NoSuchJobError                the job does not exist (any more)
        ├── NoSuchGroupError              the group does not exist (any more)
        ├── DeserializationError          the payload of a job cannot be loaded
        ├── InvalidJobOperation           the job is in a state that does not allow this
        ├── InvalidJobOperationError      defined by RQ and raised by nobody
        ├── InvalidJobDependency          the job would wait for itself
        ├── NoQueueError                  defined by RQ 0.4 and raised by nobody
        ├── DuplicateJobError             a unique job with this id exists
        ├── DequeueTimeout                no job came in time
        ├── AbandonedJobError             the worker that ran the job is gone
        ├── DependencyFailedError         a job that this one depends on ended without success
        ├── SchedulerNotFound             no such cron scheduler
        ├── DuplicateSchedulerError       a cron scheduler of this name lives
        ├── CronConfigError               (ImportError) a file of cron jobs that cannot be loaded
        ├── StopRequested                 the worker was asked to stop
        ├── TimeoutFormatError            (ValueError) a duration that nobody understands
        ├── InvalidOptionError            (ValueError) an option with an impossible value
        ├── OptionTypeError               (TypeError) an option of the wrong type
        │   └── NoRedisConnectionException    no connection was passed, and none is current
        ├── ConnectionStackError          (AssertionError) connections were not popped as they were pushed
        ├── InvalidJobId                  (ValueError) a job id with other characters than letters, digits, `_` and `-`
        ├── InvalidSerializerError        (NotImplementedError) a serializer without `dumps` and `loads`
        ├── UnimportableFunctionError     (ValueError) a function that no worker can import
        ├── ReferenceNotFound             (ValueError) a dotted name that leads nowhere
        ├── WorkerNameTaken               (ValueError) a worker of this name lives
        ├── EmbeddedError                 the private server cannot be started or used
        │   └── EmbeddedUrlError              (ValueError) the URL that names it makes no sense
        ├── StoreError                    the server, or what it holds
        │   ├── StorePermissionError      reachable, but it refuses this user
        │   │   └── ScriptsRefused        ... scripts, or has none at all
        │   ├── QueueFullError            (also redis-py's OutOfMemoryError) it has no memory left for another job
        │   ├── TooLargeError             it does not take so much at once
        │   └── CorruptDataError          (ValueError) what it holds cannot be read
        └── BaseTimeoutException          a time limit passed
            ├── JobTimeoutException       ... of a job or a callback; raised inside user code
            └── HorseMonitorTimeoutException   ... of one round of watching a job process

    BaseException
    └── ShutDownImminentException         the platform ends this process now; user code should not catch it by accident

Errors are printed and pickled under the public paths that users import them from (`rq.exceptions`, `rq.timeouts`),
so tracebacks and stored errors read the same as RQ's.
"""

import collections.abc


class RQError(Exception):
    """The root of all errors of this package."""

    __module__ = "rq.exceptions"


# --- jobs -------------------------------------------------------------------------------------------------------------


class NoSuchJobError(RQError):
    """The job does not exist: it was never enqueued, was deleted, or its time to live passed."""

    __module__ = "rq.exceptions"


class NoSuchGroupError(RQError):
    """The group does not exist: it was never created, or all of its jobs are gone."""

    __module__ = "rq.exceptions"


class DeserializationError(RQError):
    """The stored payload of a job cannot be loaded; the serializer's own error is chained as the cause."""

    __module__ = "rq.exceptions"


class InvalidJobOperation(RQError):
    """The job is in a state that does not allow what was asked, or its hash is gone."""

    __module__ = "rq.exceptions"


class InvalidJobOperationError(RQError):
    """Defined by RQ beside `InvalidJobOperation`, never raised; kept so that imports work."""

    __module__ = "rq.exceptions"


class InvalidJobDependency(RQError):
    """A job would wait for itself, over others it may be; or the chain of those it would wait for is too long to tell."""

    __module__ = "rq.exceptions"


class NoQueueError(RQError):
    """Defined by RQ 0.4, never raised; kept so that imports work."""

    __module__ = "rq.exceptions"


class DuplicateJobError(RQError):
    """A unique job was enqueued while a job with its id exists."""

    __module__ = "rq.exceptions"


class AbandonedJobError(RQError):
    """Never raised: it is what failure callbacks and exception handlers are given for a job whose worker is gone."""

    __module__ = "rq.exceptions"


class DependencyFailedError(RQError):
    """Never raised: it is what a job shows that was to fail with a job it depends on."""

    __module__ = "rq.exceptions"


class DequeueTimeout(RQError):
    """No job came within the time given; `args` are the timeout in seconds and the queue keys."""

    __module__ = "rq.exceptions"


# --- workers and schedulers -------------------------------------------------------------------------------------------


class StopRequested(RQError):
    """The worker was asked to stop while it waited; used inside the worker only."""

    __module__ = "rq.exceptions"


class SchedulerNotFound(RQError):
    """No cron scheduler of this name is registered."""

    __module__ = "rq.exceptions"


class DuplicateSchedulerError(RQError):
    """A cron scheduler of this name is registered already."""

    __module__ = "rq.exceptions"


class CronConfigError(RQError, ImportError):
    """A file or module of cron jobs does not exist, or fails when it is imported; that error is chained as the cause."""

    __module__ = "rq.exceptions"


class WorkerNameTaken(RQError, ValueError):
    """A living worker has this name already."""

    __module__ = "rq.exceptions"


class ShutDownImminentException(BaseException):
    """The platform is about to end this process; a BaseException, so that jobs do not catch it by accident.

    Args:
        msg: What happened; the only member of `args`, as with RQ.
        extra_info: Whatever the raiser knows besides; kept as an attribute.
    """

    __module__ = "rq.exceptions"

    def __init__(self, msg: str, extra_info: object) -> None:
        super().__init__(msg)
        self.extra_info = extra_info

    def __reduce__(self) -> tuple[type["ShutDownImminentException"], tuple[object, object]]:
        return type(self), (self.args[0], self.extra_info)


# --- bad input --------------------------------------------------------------------------------------------------------


class TimeoutFormatError(RQError, ValueError):
    """A timeout or time to live that is neither a number of seconds nor a text such as `1h`."""

    __module__ = "rq.exceptions"


class InvalidOptionError(RQError, ValueError):
    """An option of the right type with an impossible value."""

    __module__ = "rq.exceptions"


class OptionTypeError(RQError, TypeError):
    """An option of the wrong type."""

    __module__ = "rq.exceptions"


class NoRedisConnectionException(OptionTypeError):
    """No connection was passed, and none is current in the way of RQ 1; a TypeError for programs written for RQ 2."""

    __module__ = "rq.connections"


class ConnectionStackError(RQError, AssertionError):
    """The connections of a program written for RQ 1 were not popped as they were pushed."""

    __module__ = "rq.exceptions"


class InvalidJobId(RQError, ValueError):
    """A job id that is empty, too long, or has other characters than letters, digits, underscores and dashes."""

    __module__ = "rq.exceptions"


class InvalidSerializerError(RQError, NotImplementedError):
    """A serializer without the methods `dumps` and `loads`."""

    __module__ = "rq.exceptions"


class UnimportableFunctionError(RQError, ValueError):
    """A function that no worker can find by its name: a lambda, one defined in a function, one of `__main__`, or a text that is no dotted path."""

    __module__ = "rq.exceptions"


class ReferenceNotFound(RQError, ValueError):
    """A dotted name that leads nowhere here; an ImportError raised inside the module is chained as the cause."""

    __module__ = "rq.exceptions"


# --- the server -------------------------------------------------------------------------------------------------------


class StoreError(RQError):
    """Something is wrong with the Redis or Valkey server, or with what it holds."""

    __module__ = "rq.exceptions"


class StorePermissionError(StoreError):
    """The server refuses this user a command or a key."""

    __module__ = "rq.exceptions"


class ScriptsRefused(StorePermissionError):
    """The server runs no Lua scripts, or not for this user; only what plain commands can do works there."""

    __module__ = "rq.exceptions"


class TooLargeError(StoreError):
    """The server answers others, and breaks off whenever it is sent this; or the network is too slow for so much."""

    __module__ = "rq.exceptions"


class QueueFullError(StoreError):
    """The server has no memory left for another job. Raised as a subclass that is also redis-py's OutOfMemoryError, which RQ lets through.

    Attributes:
        enqueued: the ids of those jobs of the call that were enqueued before: of `enqueue_many`, whose every 250 jobs are one step.
    """

    __module__ = "rq.exceptions"

    enqueued: list[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.enqueued = []

    def note_enqueued(self, job_ids: collections.abc.Sequence[str], count: int) -> None:
        """Say which of the jobs of one call, so many in all, were enqueued."""
        self.enqueued = list(job_ids)
        self.args = (f"{self.args[0]}; {len(self.enqueued)} of the {count} jobs of this call were enqueued before",)


class CorruptDataError(StoreError, ValueError):
    """What the server holds cannot be read: a date, a number or a compressed value in an unknown form."""

    __module__ = "rq.exceptions"


class EmbeddedError(RQError):
    """The private server behind an `embedded://` URL cannot be started or used."""

    __module__ = "rq.exceptions"


class EmbeddedUrlError(EmbeddedError, ValueError):
    """An `embedded://` URL that is malformed, or has an option that does not exist or a value that an option does not take."""

    __module__ = "rq.exceptions"


# --- time limits ------------------------------------------------------------------------------------------------------


class BaseTimeoutException(RQError):
    """A time limit passed; the message names it in seconds."""

    __module__ = "rq.timeouts"


class JobTimeoutException(BaseTimeoutException):
    """Raised inside a job, or a callback, that runs longer than its timeout."""

    __module__ = "rq.timeouts"


class HorseMonitorTimeoutException(BaseTimeoutException):
    """Raised in a worker when one round of watching its job process is over."""

    __module__ = "rq.timeouts"
