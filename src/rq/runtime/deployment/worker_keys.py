"""The keys of a pool that its workers are told: one row for each, and for every other option of `rq worker` the reason why a pool has no such key.

From a row follow how the key is read and checked, what it becomes on the command line of a worker, which paths are looked up before anything runs, and what
`docs/guide/deploying.md` says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rq.core.defaults import MAX_OUTPUT_BYTES, MIN_JOB_MEMORY_MIB, MIN_LEASE_SECONDS
from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.tables import Table
from rq.runtime.executors.choice import EXECUTOR_NAMES
from rq.runtime.logging_setup import LEVEL_NAMES, check_log_format
from rq.runtime.queue_order import DequeueStrategy

Value = str | int | float | tuple[str, ...]

YEAR_SECONDS = 365 * 24 * 3600
MOST_JOBS = 10**10
MOST_PLACES = 10_000
_KILOBYTE = 1024
_MEGABYTE = 1024**2
_STRATEGIES = tuple(strategy.value for strategy in DequeueStrategy)
_IN_PROCESSES = ("fork", "spawn", "warm")


@dataclass(frozen=True, slots=True)
class WorkerKey:
    """One key.

    Args:
        name: in the file.
        read: returns its value from a table, None if it is not there; raises InvalidOptionError for one that makes no sense.
        example: a value, as it is written in a file.
        meaning: what it is, and what it is otherwise.
        option: of `rq worker`; None for that of the same name.
        said_by: of a key that is true or false: which of them the option, then a flag, says.
        executors: with which it means something.
        members: of a key that names something in the code of the project, by its dotted path: what that must have. Empty: it names nothing.
    """

    name: str
    read: Callable[[Table, str], Value | None]
    example: str
    meaning: str
    option: str | None = None
    said_by: bool = True
    executors: tuple[str, ...] = EXECUTOR_NAMES
    members: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The option of `rq worker`, as it is written."""
        return self.option or f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Told:
    """A key, and the value that a file gives it."""

    key: WorkerKey
    value: Value

    @property
    def words(self) -> list[str]:
        """What it is on the command line of a worker."""
        if isinstance(self.value, bool):
            return [self.key.flag] if self.value is self.key.said_by else []
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return [word for value in values for word in (self.key.flag, _written(value))]

    @property
    def paths(self) -> tuple[str, ...]:
        """What it names in the code of the project."""
        if not self.key.members:
            return ()
        return self.value if isinstance(self.value, tuple) else (str(self.value),)


def read_worker_keys(table: Table) -> tuple[Told, ...]:
    """Return what the workers of a pool are told.

    Raises:
        InvalidOptionError: a value makes no sense, or not together with another one.
    """
    found = [(key, key.read(table, key.name)) for key in WORKER_KEYS]
    told = tuple(Told(key, value) for key, value in found if value is not None)
    values = {one.key.name: one.value for one in told}
    executor = str(values.get("executor", "fork"))
    for one in told:
        if executor not in one.key.executors:
            raise table.mistake(one.key.name, f"it is not for the executor {executor}; choose {_choice(one.key.executors)}, or leave it out")
    if executor == "inline" and values.get("concurrency", 1) != 1:
        raise table.mistake("concurrency", 'the executor inline runs one job at a time; choose executor = "threads" or "asyncio" for several in one process')
    return told


def _written(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _choice(executors: tuple[str, ...]) -> str:
    return "executor = " + " or ".join(f'"{name}"' for name in executors)


# --- how values are read -----------------------------------------------------------------------------------------------------------


def _number(least: int, most: int) -> Callable[[Table, str], int | None]:
    return partial(Table.number, least=least, most=most)


def _seconds(least: float, most: int = YEAR_SECONDS) -> Callable[[Table, str], float | None]:
    return partial(Table.seconds, least=least, most=most)


def _whole_seconds(least: int, most: int = YEAR_SECONDS) -> Callable[[Table, str], int | None]:
    return partial(Table.whole_seconds, least=least, most=most)


def _size(unit: int, **bounds: int) -> Callable[[Table, str], int | None]:
    """Return how a size is read that the option counts in that unit."""

    def read(table: Table, key: str) -> int | None:
        found = table.size(key, **bounds)
        return None if found is None else found // unit

    return read


def _format(what: str) -> Callable[[Table, str], str | None]:
    """Return how a text is read that every log line is made with."""

    def read(table: Table, key: str) -> str | None:
        written = table.text(key)
        try:
            check_log_format(**{} if written is None else {what: written})
        except InvalidOptionError as error:
            raise table.mistake(key, f"it is {written!r}: {error}") from error
        return written

    return read


# --- the table ---------------------------------------------------------------------------------------------------------------------

_ONLY_WARM = "only for the executor `warm`: "

WORKER_KEYS = (
    WorkerKey(
        "executor", partial(Table.choice, choices=EXECUTOR_NAMES), '"threads"', "where [jobs run](executors.md); `fork`, a process for each, if not said"
    ),
    WorkerKey("concurrency", _number(1, MOST_PLACES), "8", "how many jobs at a time in each worker; 1 if not said"),
    WorkerKey("max_jobs_per_child", _number(1, MOST_JOBS), "500", _ONLY_WARM + "replace a process after so many jobs", executors=("warm",)),
    WorkerKey("max_child_age", _seconds(1), '"1h"', _ONLY_WARM + "replace a process after that long", executors=("warm",)),
    WorkerKey("max_child_memory", _size(_MEGABYTE, least=_MEGABYTE), '"1G"', _ONLY_WARM + "replace a process that needed more", executors=("warm",)),
    WorkerKey(
        *("job_memory", _size(_MEGABYTE, least=MIN_JOB_MEMORY_MIB * _MEGABYTE), '"2G"'),
        "the process of a job may have so much memory; a job that wants more gets a `MemoryError`, and its worker goes on. Only for `fork`, `spawn`, `warm`",
        executors=_IN_PROCESSES,
    ),
    WorkerKey(
        "dequeue_strategy",
        partial(Table.choice, choices=_STRATEGIES),
        '"round_robin"',
        "which queue is next: the first with a job (`default`), each in turn, or any (`random`)",
    ),
    WorkerKey("max_jobs", _number(1, MOST_JOBS), "1000", "a worker leaves after so many jobs, and another one takes its place"),
    WorkerKey("results_ttl", _whole_seconds(-1, 100 * YEAR_SECONDS), '"1d"', "how long results are kept, unless the job says; -1: for ever; 500 if not said"),
    WorkerKey(
        "keep_output",
        Table.flag,
        "false",
        "whether [what jobs print](output-and-fate.md) is kept with them; it is if not said",
        option="--no-keep-output",
        said_by=False,
    ),
    WorkerKey("output_size", _size(_KILOBYTE, least=_KILOBYTE, most=MAX_OUTPUT_BYTES), '"256K"', "how much of it, the end; 64K if not said"),
    WorkerKey(
        "exception_handler",
        Table.texts,
        '"shop.tell_somebody"',
        "dotted paths of functions that are called, in this order, where a job failed",
        members=("__call__",),
    ),
    WorkerKey("disable_default_exception_handler", Table.flag, "true", "keep no record of jobs that failed"),
    WorkerKey("worker_class", Table.text, '"rq.SimpleWorker"', "dotted path of the class of workers", members=("work",)),
    WorkerKey("job_class", Table.text, '"rq.job.Job"', "of jobs", members=("fetch", "perform")),
    WorkerKey("queue_class", Table.text, '"rq.Queue"', "of queues", members=("enqueue_call", "dequeue_any")),
    WorkerKey("serializer", Table.text, '"json"', "`pickle`, `json` or a dotted path", members=("dumps", "loads")),
    WorkerKey("connection_class", Table.text, '"redis.Redis"', "dotted path of the class of the workers' clients of the server", members=("from_url",)),
    WorkerKey("lease", _seconds(MIN_LEASE_SECONDS), "10", "if the whole machine dies, others get its jobs after that time; 30 seconds if not said"),
    WorkerKey("worker_ttl", _whole_seconds(1), '"7m"', "how long the entry of an idle worker lasts without a sign of life; 420 seconds if not said"),
    WorkerKey("job_monitoring_interval", _whole_seconds(1), "30", "the same of a busy worker; 30 seconds if not said"),
    WorkerKey("logging_level", partial(Table.choice, choices=LEVEL_NAMES), '"warning"', "how much the workers log; `info` if not said"),
    WorkerKey("log_format", _format("log_format"), '"%(levelname)s %(message)s"', "how their lines look, as for Python's `logging.Formatter`"),
    WorkerKey("date_format", _format("date_format"), '"%Y-%m-%d %H:%M:%S"', "how the time in them looks"),
    WorkerKey("disable_job_desc_logging", Table.flag, "true", "log no arguments of jobs"),
    WorkerKey("with_scheduler", Table.flag, "true", "no effect: every worker is a scheduler"),
    WorkerKey("maintenance_interval", _whole_seconds(0), '"10m"', "no effect: upkeep never pauses for long"),
)

_REPLACED = "a worker that leaves is replaced at once, so it would leave and come again for ever; leave it out"

# The other options of `rq worker`, by name, and what to do instead.
NOT_OF_POOLS: Mapping[str, str] = {
    "burst": _REPLACED,
    "max_idle_time": _REPLACED,
    "name": "workers are called after their pool, as in [pools.NAME]",
    "pid": "all workers of the pool would write the same file; leave it out",
    "verbose": 'write logging_level = "debug"',
    "quiet": 'write logging_level = "warning"',
    "no_keep_output": "write keep_output = false",
    "url": 'it stands at the top of the file, for all pools; for this one write env = { RQ_REDIS_URL = "..." }',
    "config": 'all pools have that of `rq up --config`; for this one write env = { RQ_CONFIG = "..." }',
}
