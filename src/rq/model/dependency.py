"""Which jobs a job waits for, and what becomes of it when one of them ends badly (door: `rq.job`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rq.core.errors import InvalidOptionError
from rq.model.states import JobStatus

# What may become of a job when one that it waits for fails, is stopped or is canceled; the first is RQ's way: it waits until that one succeeds after all.
POLICIES = ("wait", "run", "cancel", "fail")
# In the place of an id: the policy holds for all of them. A job that waits for ten thousand others does not name each of them twice.
ALL = "*"
ENDED_BADLY: frozenset[str] = frozenset({JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED})


class JobLike(Protocol):
    """A job, as far as others depend on it."""

    id: str


class Dependency:
    """Jobs to wait for, and how.

    Args:
        jobs: a job, a job's id, or an iterable of these.
        allow_failure: run also when one of them failed. One that was stopped or canceled is still waited for. It holds for all that the job waits for.
        enqueue_at_front: whether the job then goes to the head of its queue.
        on_failure: what becomes of the job when one of these fails, is stopped or is canceled: "wait" until it succeeds after all, "run" all the same, "cancel"
            or "fail"; None for "wait", which is RQ's way.

    Raises:
        InvalidOptionError: for no jobs, for anything that is no job, and for an `on_failure` that does not exist or contradicts `allow_failure` (a ValueError).
    """

    __module__ = "rq.job"

    def __init__(
        self,
        jobs: JobLike | str | Iterable[JobLike | str],
        allow_failure: bool = False,
        enqueue_at_front: bool = False,
        *,
        on_failure: str | None = None,
    ) -> None:
        self.dependencies: list[JobLike | str] = _listed(jobs)
        if not self.dependencies:
            raise InvalidOptionError("A Dependency needs at least one job to wait for")
        for job in self.dependencies:
            _id_of(job)
        self.allow_failure = allow_failure
        self.enqueue_at_front = enqueue_at_front
        self.on_failure = "wait" if on_failure is None else _checked_policy(on_failure)
        if allow_failure and self.on_failure in {"cancel", "fail"}:
            raise InvalidOptionError(f"allow_failure=True runs the job when a dependency failed, on_failure={on_failure!r} does not: give one of them")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """All that a job waits for. `policies` names only the jobs whose bad end does not leave it waiting: id -> "run", "cancel" or "fail"; `ALL` for every id.

    The flags are None, and then not written, if no `Dependency` was given, as in RQ.
    """

    ids: tuple[str, ...] = ()
    allow_failure: bool | None = None
    at_front: bool | None = None
    policies: dict[str, str] = field(default_factory=dict)


def dependencies_of(depends_on: Any) -> Dependencies:
    """Return what `depends_on=` says: a job, an id, a `Dependency`, or an iterable of these, in their order; an id that is named twice counts once.

    Raises:
        InvalidOptionError: for anything else (a ValueError).
    """
    if isinstance(depends_on, Dependencies):
        return depends_on
    given = _listed(depends_on)
    items = [item if isinstance(item, Dependency) else Dependency(item) for item in given]
    policies: dict[str, str] = {}
    ids: dict[str, None] = {}
    for item in items:
        for job_id in map(_id_of, item.dependencies):
            ids[job_id] = None
            if item.on_failure != "wait":
                policies[job_id] = item.on_failure
    if len(policies) == len(ids) > 1 and len({*policies.values()}) == 1:
        policies = {ALL: next(iter(policies.values()))}
    if not any(isinstance(item, Dependency) for item in given):
        return Dependencies(tuple(ids))
    return Dependencies(tuple(ids), any(item.allow_failure for item in items), any(item.enqueue_at_front for item in items), policies)


def policy_for(policies: Mapping[str, str], job_id: str) -> str:
    """Return what becomes of the job that waits when this one ends badly."""
    return policies.get(ALL) or policies.get(job_id, "wait")


def is_met_by(status: str | None, policy: str, *, allows_failure: bool) -> bool:
    """Say whether a job of this status, None if it does not exist, is waited for no more; the rule is that of the scripts (`lib/parents.lua`).

    Args:
        status: of the job that is waited for.
        policy: what becomes of the job that waits when that one ends badly.
        allows_failure: whether the job that waits runs also if that one failed.
    """
    if status in {None, JobStatus.FINISHED} or (status == JobStatus.FAILED and allows_failure):
        return True
    return status in ENDED_BADLY and policy == "run"


def checked_policies(value: object) -> dict[str, str]:
    """Return stored policies of dependencies: id -> policy.

    Raises:
        InvalidOptionError: if they are something else.
    """
    if not isinstance(value, dict):
        raise InvalidOptionError("it is no JSON object")
    return {str(job_id): _checked_policy(policy) for job_id, policy in value.items()}


def _listed(jobs: Any) -> list[Any]:
    if jobs is None:
        return []
    return list(jobs) if isinstance(jobs, Iterable) and not isinstance(jobs, (str, bytes)) else [jobs]


def _id_of(job: object) -> str:
    job_id = job if isinstance(job, str) else getattr(job, "id", None)
    if not isinstance(job_id, str) or not job_id:
        raise InvalidOptionError(f"A job depends on jobs, ids of jobs, or a Dependency, not on {job!r}")
    return job_id


def _checked_policy(policy: object) -> str:
    if policy not in POLICIES:
        raise InvalidOptionError(f"on_failure is {policy!r}: it must be one of {', '.join(POLICIES)}")
    return str(policy)
