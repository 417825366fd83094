"""What is to run on a machine: pools of workers and cron processes, each with the code and the Python of its project."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rq.core.defaults import DEFAULT_TIMEOUT
from rq.runtime.deployment.worker_keys import Told

# How long jobs get to end when their pool is stopped: the usual time limit of a job.
DEFAULT_STOP_SECONDS = float(DEFAULT_TIMEOUT)

URL_VARIABLE = "RQ_REDIS_URL"
PREFIX_VARIABLE = "RQ_KEY_PREFIX"
FILE_VARIABLE = "RQ_FILE"
SERVER_VARIABLES = {URL_VARIABLE, PREFIX_VARIABLE}


@dataclass(frozen=True, slots=True)
class Limits:
    """What each process may use.

    Args:
        memory_bytes: of private memory; a job that wants more gets a MemoryError. None: no limit.
        open_files: how many files and connections at once. None: as many as this program may.
        nice: how far it steps back behind others, 0 to 19; never less than this program. None: as this program.
    """

    memory_bytes: int | None = None
    open_files: int | None = None
    nice: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """Code, and how it is run. Two that are equal run the same.

    Args:
        directory: where its processes start, and import from.
        python: the interpreter, in whose environment this package and the project's libraries are installed.
        env: environment variables beside those of this program.
        path: further directories to import from.
        limits: for each of its processes.
    """

    directory: Path
    python: Path
    env: tuple[tuple[str, str], ...] = ()
    path: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Pool:
    """Workers of one kind.

    Args:
        name: of the pool.
        project: whose jobs they run.
        queues: which they listen on, in order of priority.
        workers: how many.
        told: what each is told beside.
        stop_seconds: how long running jobs get to end when the pool is stopped; then they go back to their queues.
    """

    name: str
    project: Project
    queues: tuple[str, ...] = ("default",)
    workers: int = 1
    told: tuple[Told, ...] = ()
    stop_seconds: float = DEFAULT_STOP_SECONDS

    @property
    def has_own_server(self) -> bool:
        """Whether the project says by itself which server, or which keys of it, are meant."""
        return not SERVER_VARIABLES.isdisjoint(name for name, _ in self.project.env)


@dataclass(frozen=True, slots=True)
class CronProcess:
    """One `rq cron`: `file` says what it enqueues and when."""

    name: str
    project: Project
    file: Path


@dataclass(frozen=True, slots=True)
class Deployment:
    """All that an `rq.toml` describes.

    Args:
        file: where it was read from, absolute.
        pools: in the order of the file.
        cron: likewise.
        url: the server; None: as for any command.
        prefix: of all keys; None: as for any command.
        listen: host and port at which `rq up` tells over HTTP how things are; None: it does not.
    """

    file: Path
    pools: tuple[Pool, ...]
    cron: tuple[CronProcess, ...] = ()
    url: str | None = None
    prefix: str | None = None
    listen: tuple[str, int] | None = None

    @property
    def queues(self) -> tuple[str, ...]:
        """Every queue of the deployment's own server that a pool listens on, once."""
        return tuple(dict.fromkeys(queue for pool in self.pools if pool.workers and not pool.has_own_server for queue in pool.queues))
