"""Keeps a deployment running: a group of processes for each of its pools and cron processes, all under one supervisor.

What is wanted and what runs are two tables. A reload changes the first one; a duty of the supervisor's loop makes the second follow: it starts a group that is
wanted and not there, and stops one that is there and not wanted. A pool that was removed and is wanted again begins when its former processes have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rq.core.errors import RQError
from rq.observe import pool_events as events
from rq.observe.pool_logs import log_pool_event
from rq.runtime.children import Child
from rq.runtime.deployment.duties import Herald, StopTimeouts
from rq.runtime.deployment.notify import Notifier
from rq.runtime.deployment.output import Output
from rq.runtime.deployment.plans import Plan, environment_of, list_plans
from rq.runtime.deployment.reclaimers import Reclaimers
from rq.runtime.deployment.starting import child_of_plan
from rq.runtime.deployment.values import DEFAULT_STOP_SECONDS, Deployment
from rq.runtime.pool import PoolSupervisor
from rq.runtime.process_group import ProcessGroup
from rq.runtime.reclaiming import Reclaimer

SUPERVISOR = "rq"


@dataclass(frozen=True, slots=True)
class Orders:
    """What to run from now on.

    Args:
        deployment: that.
        reclaimer: of the server that workers begin with; None: as before.
        server: where that is, as people write it.
    """

    deployment: Deployment
    reclaimer: Reclaimer | None = None
    server: str | None = None


class Fleet:
    """The processes of a deployment.

    Args:
        deployment: what to run.
        reread: returns what to run from now on; called at SIGHUP. Raises an RQError if that cannot be.
        reclaimer: takes back what dead workers had, at first.
        output: gets what processes print.
        environment: of this program; theirs begin with it.
        report: told what happens.
    """

    def __init__(
        self,
        deployment: Deployment,
        reread: Callable[[], Orders],
        reclaimer: Reclaimer,
        output: Output,
        environment: Mapping[str, str],
        report: events.PoolReport = log_pool_event,
    ) -> None:
        self.deployment = deployment
        self._reread = reread
        self._reclaimers = Reclaimers(reclaimer)
        self._output = output
        self._environment = environment
        self.on_reload: Callable[[], None] = lambda: None  # called when `deployment` has changed
        self._report = report
        self._wanted = _plans_by_name(deployment)
        self._dismissed: set[str] = set()
        self._supervisor = PoolSupervisor(map(self._group_of, self._wanted.values()), name=SUPERVISOR, on_hangup=self.reload, report=report)
        self._herald = Herald(self._supervisor, Notifier(environment))
        self._supervisor.duties += [self, self._reclaimers, StopTimeouts(self._supervisor, self._stop_seconds, report), self._herald]

    def run(self) -> int:
        """Run everything until a signal asks to stop, and return the exit status when all has ended. For the main thread only."""
        status = self._supervisor.run()
        self._reclaimers.finish()
        return status

    def is_alive(self) -> bool:
        """Say whether the supervisor goes on. Safe in any thread."""
        return self._herald.is_alive()

    def troubles(self) -> tuple[str, ...]:
        """Return which groups cannot start their processes, and why, in a sentence each. Safe in any thread."""
        groups = list(self._supervisor.groups.values())
        return tuple(f"The processes of {group.name} fail to start: {trouble}" for group in groups if (trouble := group.trouble) is not None)

    def reload(self) -> None:
        """Take over what the file says now, and replace all processes by fresh ones, one after another.

        A file with a mistake changes nothing, nor one that names another server which does not answer.
        """
        self._herald.reloaded(self._reload)

    def _reload(self) -> None:
        try:
            orders = self._reread()
        except RQError as error:
            self._report(events.ReloadRefused(SUPERVISOR, str(error)))
            return
        self.deployment = orders.deployment
        if orders.reclaimer is not None:
            self._reclaimers.follow(orders.reclaimer)
        former, self._wanted = self._wanted, _plans_by_name(self.deployment)
        changed = tuple(name for name, plan in self._wanted.items() if name in former and plan != former[name])
        self._report(events.Reloaded(SUPERVISOR, _beyond(self._wanted, former), _beyond(former, self._wanted), changed, orders.server))
        for name, group in self._groups_in_service():
            if name in self._wanted:
                group.scale(self._wanted[name].count)
                group.roll()
        self._follow()
        self.on_reload()

    # --- a duty of the loop: what runs follows what is wanted ---------------------------------------------------------------------------

    def attend(self, now: float) -> None:
        """Do what is due."""
        del now
        self._follow()

    def next_deadline(self) -> None:
        """Return None: there is something to do only when something happened."""

    def _follow(self) -> None:
        """Stop groups that are not wanted, and start those that are wanted and not there."""
        self._dismissed &= {*self._supervisor.groups}
        if self._supervisor.switch.warm:
            return
        for name, group in self._groups_in_service():
            if name not in self._wanted:
                self._dismissed.add(name)
                group.stop()
        for name, plan in self._wanted.items():
            if name not in self._supervisor.groups:
                self._supervisor.add(self._group_of(plan))

    def _groups_in_service(self) -> list[tuple[str, ProcessGroup]]:
        return [(name, group) for name, group in self._supervisor.groups.items() if name not in self._dismissed]

    def _group_of(self, plan: Plan) -> ProcessGroup:
        on_end: Callable[[Child], None] = self._reclaimers.note_end if plan.is_worker else _ignore
        return ProcessGroup(plan.name, plan.count, partial(self._make_child, plan.name), on_end=on_end, report=self._report)

    def _make_child(self, plan_name: str, name: str) -> Child:
        """Return a process as it is wanted now, which may be another way than when its group began."""
        plan = self._wanted[plan_name]
        child = child_of_plan(name, plan, environment_of(self.deployment, plan.project, self._environment), self._output)
        if plan.is_worker:
            self._reclaimers.note_start(child)
        return child

    def _stop_seconds(self, name: str) -> float:
        return self._wanted[name].stop_seconds if name in self._wanted else DEFAULT_STOP_SECONDS


def _plans_by_name(deployment: Deployment) -> dict[str, Plan]:
    return {plan.name: plan for plan in list_plans(deployment)}


def _beyond(these: dict[str, Plan], those: dict[str, Plan]) -> tuple[str, ...]:
    return tuple(name for name in these if name not in those)


def _ignore(child: Child) -> None:
    """Do nothing about the end of a process that holds no jobs."""
