"""A registry in memory: what needs no server. `BaseRegistry` has the rest, and for asyncio that of `rq.client.aio`."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from rq.client.connections import is_same_server
from rq.client.enqueueing import new_nonce
from rq.client.payload import serializer_of
from rq.client.types import SessionT
from rq.core.errors import InvalidJobOperation, NoSuchJobError, OptionTypeError
from rq.core.ids import split_composite
from rq.store.reads import list_registry, no_such_job, read_registry_score
from rq.store.requeue import requeue_job

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rq.client.job_data import JobData
    from rq.client.session import BaseSession
    from rq.core.serializers import Serializer
    from rq.store.calls import Call
    from rq.store.replies import Enqueued

JobT = TypeVar("JobT", bound="JobData")

LATEST = datetime.max.replace(tzinfo=UTC)


class RegistryData(Generic[JobT, SessionT]):
    """What a registry is made of; see `BaseRegistry`. `SessionT` is what it asks through, and `JobT` what its jobs are."""

    kind: ClassVar[str]  # the registry's name in `core.keys.TEMPLATES`

    connection: Any

    def __init__(self, name: str, session: SessionT, job_class: type[JobT] | str | None, serializer: Serializer | str | None) -> None:
        self._session = session
        self.name = name
        self.connection = session.connection
        self.serializer = serializer_of(serializer)
        self._job_class = job_class

    @property
    def key(self) -> str:
        """The key of the registry."""
        return self._session.keyspace.registry(self.kind, self.name)

    @staticmethod
    def parse_job_id(entry: str) -> str:
        """Return the job id in an entry of this registry."""
        return entry

    # --- what is asked of the server ---

    def _read_entries(self, start: int, end: int, desc: bool) -> Call[list[str]]:
        return list_registry(self._session.scripts, self.kind, self.name, start, end, descending=desc)

    def _read_score(self, entry: str) -> Call[float | None]:
        return read_registry_score(self._session.scripts, self.kind, self.name, entry)

    # --- what scores mean ---

    def _expiration_of(self, job_id: str, score: float | None) -> datetime:
        """Return when a job of this score is forgotten; errors are those of `BaseRegistry.get_expiration_time`."""
        if score is None:
            message = f"Job {job_id} is not in {self.key}"
            raise OptionTypeError(message)
        return LATEST if score < 0 or math.isinf(score) else datetime.fromtimestamp(score, UTC)

    def _due_time_of(self, job_id: str, score: float | None) -> datetime:
        """Return when a job of this score is due; errors are those of `ScheduledJobRegistry.get_scheduled_time`."""
        if not score:
            message = f"Job {job_id} is not in {self.key}"
            raise NoSuchJobError(message)
        return datetime.fromtimestamp(score, UTC)

    # --- as a value ---

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RegistryData):
            return NotImplemented
        return self.key == other.key and is_same_server(self.connection, other.connection)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class StartedData(RegistryData[JobT, SessionT]):
    """What the registry of started jobs is made of."""

    @staticmethod
    def parse_job_id(entry: str) -> str:
        """Return the job id in `<job id>:<execution id>`."""
        return split_composite(entry)[0]

    def _read_scores(self, job_id: str, execution_ids: Iterable[str]) -> list[Call[float | None]]:
        return [self._read_score(f"{job_id}:{execution_id}") for execution_id in execution_ids]


def requeue_from(session: BaseSession, kind: str, name: str, job_id: str, *, at_front: bool) -> Call[None]:
    """Put a job of a registry into the queue it came from; errors are those of `BaseRegistry.requeue`."""
    registry = session.keyspace.registry(kind, name)

    def read(answer: Enqueued) -> None:
        match answer.code:
            case "gone":
                raise no_such_job(job_id)
            case "absent":
                message = f"Job {job_id} is {answer.status} and not in {registry}; requeue a job from the registry that names it"
                raise InvalidJobOperation(message)
            case "refused":
                message = f"Job {job_id} is {answer.status}; the registry {registry} should not name it, and it is left as it is"
                raise InvalidJobOperation(message)

    return requeue_job(session.scripts, job_id, kind, name, new_nonce(), at_front=at_front).then(read)


def longest(scores: Iterable[float | None]) -> float | None:
    """Return the score of the execution that stays longest; None if none runs."""
    return max((score for score in scores if score is not None), default=None)


def id_of(job_or_id: JobData | str) -> str:
    """Return the id of what is given as a job or as its id."""
    return job_or_id if isinstance(job_or_id, str) else job_or_id.id
