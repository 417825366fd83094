"""From what is to run to the commands that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from rq.runtime.deployment.values import CronProcess, Deployment, Pool, Project, WorkerOptions

# A cron process has nothing to finish: it leaves between two ticks.
CRON_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """A command that runs in a number of processes. Two that are equal run the same.

    Args:
        name: of the pool, or `cron.` and that of the cron process.
        arguments: of `rq`, each process of it gets the same.
        count: how many processes.
        project: with which code and Python.
        stop_seconds: how long a process gets to end by itself when it is told to.
        is_worker: whether its processes are workers, which have names and hold jobs.
    """

    name: str
    arguments: tuple[str, ...]
    count: int
    project: Project
    stop_seconds: float
    is_worker: bool

    @property
    def command(self) -> list[str]:
        """The command line of a process, without what belongs to that process alone."""
        return [str(self.project.python), "-m", "rq", *self.arguments]


def list_programs(deployment: Deployment) -> tuple[Program, ...]:
    """Return the programs of a deployment: its pools, then its cron processes."""
    return (*map(_worker_program, deployment.pools), *map(_cron_program, deployment.cron))


def environment_of(deployment: Deployment, project: Project, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a project's processes: this program's, then the server of the deployment, then what the project says.

    The server stands there and not in the command line, which every user of the machine can read.
    """
    named = {"RQ_REDIS_URL": deployment.url, "RQ_KEY_PREFIX": deployment.prefix}
    return {**inherited, **{name: value for name, value in named.items() if value is not None}, **dict(project.env)}


def _worker_program(pool: Pool) -> Program:
    arguments = ("worker", *_paths(pool.project), *_options(pool.options), "--", *pool.queues)
    return Program(pool.name, arguments, pool.workers, pool.project, pool.stop_seconds, is_worker=True)


def _cron_program(process: CronProcess) -> Program:
    arguments = ("cron", *_paths(process.project), "--", str(process.file))
    return Program(f"cron.{process.name}", arguments, 1, process.project, CRON_STOP_SECONDS, is_worker=False)


def _options(options: WorkerOptions) -> list[str]:
    given = ((field.name, getattr(options, field.name)) for field in fields(options))
    return [word for name, value in given if value is not None for word in (f"--{name.replace('_', '-')}", _written(value))]


def _paths(project: Project) -> list[str]:
    """Return `--path` options: the project's directory stays on the list, which the first such option would take it off."""
    return [word for place in (project.directory, *project.path) if project.path for word in ("--path", str(place))]


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
