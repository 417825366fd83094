"""Which methods of a worker programs replace, and where each is called then.

A subclass overrides them; error trackers and tracers put a function of theirs in their place, on the class or on a worker. Whoever replaces none pays for none:
jobs are run by the functions of `runtime.executors`, and a worker's affairs are its supervisor's. What is replaced is called at the moment that its name says.

| where | when one of them is replaced |
| --- | --- |
| JOB | where the job runs: the job's process calls the worker's methods instead of running the job by itself |
| EXECUTION | in the thread of the supervisor: the worker itself sees to it that each job is run |
| SUPERVISOR | in the thread of the supervisor, or of the service that the method belongs to: beside the step that does the work |

Methods that cost nothing are called whether they are replaced or not, and stand in no table: `bootstrap`, `teardown`, `procline`. So are `request_stop` and
what follows from it by signals; by a command only if one of them is replaced.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from enum import Enum
from typing import Any


class Where(Enum):
    """Where a replaced method is called."""

    JOB = "in the process of the job"
    EXECUTION = "in the thread of the supervisor, instead of an executor"
    SUPERVISOR = "in the process of the supervisor"


OVERRIDE_POINTS: dict[str, Where] = {
    "main_work_horse": Where.JOB,
    "setup_work_horse_signals": Where.JOB,
    "perform_job": Where.JOB,
    "prepare_job_execution": Where.JOB,
    "handle_execution_ended": Where.JOB,
    "handle_job_success": Where.JOB,
    "handle_job_failure": Where.JOB,
    "handle_job_retry": Where.JOB,
    "handle_exception": Where.JOB,
    "set_current_job_id": Where.JOB,
    "set_current_job_working_time": Where.JOB,
    "execute_job": Where.EXECUTION,
    "fork_work_horse": Where.EXECUTION,
    "monitor_work_horse": Where.EXECUTION,
    "wait_for_horse": Where.EXECUTION,
    "register_birth": Where.SUPERVISOR,
    "register_death": Where.SUPERVISOR,
    "dequeue_job_and_maintain_ttl": Where.SUPERVISOR,
    "reorder_queues": Where.SUPERVISOR,
    "check_for_suspension": Where.SUPERVISOR,
    "run_maintenance_tasks": Where.SUPERVISOR,
    "clean_registries": Where.SUPERVISOR,
    "set_state": Where.SUPERVISOR,
    "prepare_execution": Where.SUPERVISOR,
    "heartbeat": Where.SUPERVISOR,
    "maintain_heartbeats": Where.SUPERVISOR,
    "handle_work_horse_killed": Where.SUPERVISOR,
    "kill_horse": Where.SUPERVISOR,
    "request_stop": Where.SUPERVISOR,
    "request_force_stop": Where.SUPERVISOR,
    "handle_warm_shutdown_request": Where.SUPERVISOR,
    "_shutdown": Where.SUPERVISOR,
    "_start_scheduler": Where.SUPERVISOR,
    "_pubsub_exception_handler": Where.SUPERVISOR,
    "subscribe": Where.SUPERVISOR,
    "unsubscribe": Where.SUPERVISOR,
    "handle_payload": Where.SUPERVISOR,
}


def methods_of(*classes: type[Any]) -> tuple[Any, ...]:
    """Return the override points of these classes as they stand at this moment, to tell later what was put in their place."""
    return tuple(found for owner in classes for name in OVERRIDE_POINTS if (found := _as_defined(owner, name)) is not None)


def replaced_points(worker: object, as_written: Iterable[Any], among: Iterable[str] = OVERRIDE_POINTS) -> frozenset[str]:
    """Return the names of the override points that are replaced for a worker.

    Args:
        worker: the worker.
        as_written: the methods that do what happens anyway (see `methods_of`).
        among: the names to look at.
    """
    # By identity: the wrappers of tracers claim to be equal to what they wrap.
    own = {id(method) for method in as_written}
    found = {name: _as_defined(worker, name) for name in among}
    return frozenset(name for name, method in found.items() if method is not None and id(method) not in own)


def _as_defined(owner: object, name: str) -> Any:
    """Return what stands under a name in an object or its classes, not bound to anything: wrappers hide behind what they bind."""
    return inspect.getattr_static(owner, name, None)


def is_any_replaced(replaced: frozenset[str], where: Where) -> bool:
    """Say whether something that is called there is among the replaced."""
    return any(OVERRIDE_POINTS[name] is where for name in replaced)
