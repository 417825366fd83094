"""From what is to run to the processes that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rq.runtime.deployment.notify import VARIABLES
from rq.runtime.deployment.values import FILE_VARIABLE, PREFIX_VARIABLE, URL_VARIABLE, CronProcess, Deployment, Pool, Project

# A cron process has nothing to finish: it leaves between two ticks.
CRON_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one group of processes is to be. Two that are equal run the same.

    Args:
        name: of the pool, or `cron.` and that of the cron process.
        arguments: of `rq`, the same for each process.
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

    def command(self, name: str) -> list[str]:
        """Return the command line of one process.

        Args:
            name: of the process, and of its worker.
        """
        command, *rest = self.arguments
        # Without -P a file of the project's folder could stand in for a module of ours; commands add that folder at the end.
        return [str(self.project.python), "-P", "-m", "rq", command, *(["--name", name] if self.is_worker else []), *rest]


def list_plans(deployment: Deployment) -> tuple[Plan, ...]:
    """Return the plans of a deployment: its pools, then its cron processes."""
    return (*map(_plan_of_pool, deployment.pools), *map(_plan_of_cron, deployment.cron))


def environment_of(deployment: Deployment, project: Project, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a project's processes: this program's, then the server of the deployment, then what the project says.

    The server stands there and not in the command line, which every user of the machine can read. What processes print appears at once.
    """
    named = {"PYTHONUNBUFFERED": "1", FILE_VARIABLE: str(deployment.file), URL_VARIABLE: deployment.url, PREFIX_VARIABLE: deployment.prefix}
    own = {name: value for name, value in inherited.items() if name not in VARIABLES}
    return {**own, **{name: value for name, value in named.items() if value is not None}, **dict(project.env)}


def _plan_of_pool(pool: Pool) -> Plan:
    arguments = ("worker", *_paths(pool.project), *_words(pool), "--", *pool.queues)
    return Plan(pool.name, arguments, pool.workers, pool.project, pool.stop_seconds, is_worker=True)


def _plan_of_cron(process: CronProcess) -> Plan:
    arguments = ("cron", *_paths(process.project), "--", str(process.file))
    return Plan(f"cron.{process.name}", arguments, 1, process.project, CRON_STOP_SECONDS, is_worker=False)


def _words(pool: Pool) -> list[str]:
    return [word for told in pool.told for word in told.words]


def _paths(project: Project) -> list[str]:
    """Return `--path` options: the project's directory stays on the list, which the first such option would take it off."""
    return [word for place in (project.directory, *project.path) if project.path for word in ("--path", str(place))]
