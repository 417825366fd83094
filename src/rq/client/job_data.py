"""A job in memory: its fields, its call, its meta, its connection. What needs no server; `Job` has the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from rq.client.fields import JobId, PayloadField, RecordField
from rq.client.legacy import require_connection
from rq.client.payload import Payload, serializer_of
from rq.client.session import Session, session_of
from rq.client.webhooks import WebhooksOfJob
from rq.core.clock import utc_now
from rq.core.formats import call_string, decompress, format_date
from rq.core.ids import new_job_id, validate_job_id
from rq.core.references import import_attribute
from rq.model.record import JobRecord
from rq.model.states import JobStatus
from rq.store.calls import text
from rq.store.codec import encode_job, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from rq.client.result import Result
    from rq.core.serializers import Serializer
    from rq.model.options import EnqueueOptions

# The fields of the hash that are bytes and no text.
_BINARY_FIELDS = frozenset({"data", "meta", "result", "exc_info"})


class JobData:
    """What a job is made of; see `Job`."""

    id = JobId()
    created_at = RecordField[datetime]()
    enqueued_at = RecordField[datetime | None]()
    started_at = RecordField[datetime | None]()
    ended_at = RecordField[datetime | None]()
    last_heartbeat = RecordField[datetime | None]()
    origin = RecordField[str]()
    description = RecordField[str | None]()
    timeout = RecordField[int | None]()
    result_ttl = RecordField[int | None]()
    failure_ttl = RecordField[int | None]()
    ttl = RecordField[int | None]()
    worker_name = RecordField[str | None]()
    group_id = RecordField[str | None]()
    webhooks = WebhooksOfJob()
    retries_left = RecordField[int | None]()
    retry_intervals = RecordField[list[int] | None]()
    enqueue_at_front_on_retry = RecordField[bool]()
    number_of_retries = RecordField[int | None]()
    repeats_left = RecordField[int | None]()
    repeat_intervals = RecordField[list[int] | None]()
    allow_dependency_failures = RecordField[bool | None]()
    enqueue_at_front = RecordField[bool | None]()
    attempt = RecordField[int]()  # how many attempts were begun: a fencing number for the job's own stores

    func_name = PayloadField[str | None](0)
    instance = PayloadField[Any](1)
    args = PayloadField[Sequence[Any]](2)
    kwargs = PayloadField[dict[str, Any]](3)

    # Names without a promise that programs use all the same.
    _id = RecordField[str]("id")
    _status = RecordField[JobStatus | str | None]("status")
    _dependency_ids = RecordField[list[str]]("dependency_ids")
    _func_name = PayloadField[str | None](0)
    _instance = PayloadField[Any](1)
    _args = PayloadField[Sequence[Any]](2)
    _kwargs = PayloadField[dict[str, Any]](3)

    def __init__(self, id: str | None = None, connection: redis.Redis | None = None, serializer: Serializer | str | None = None) -> None:
        if id:
            validate_job_id(id)
        self._take_record(JobRecord(id or new_job_id(), status=JobStatus.CREATED, created_at=utc_now()), serializer_of(serializer))
        self._connection: redis.Redis | None = connection or require_connection()
        self._connect: Callable[[], redis.Redis] | None = None
        self._session: Session | None = None

    def _take_record(self, record: JobRecord, serializer: Serializer) -> None:
        """Become the job that a record describes."""
        if record.status is None:
            record.status = JobStatus.CREATED
        if record.created_at is None:
            record.created_at = utc_now()
        self.record = record
        # What the server has, as far as is known; None for a job that only this program knows.
        self._stored = None if record.data is None else snapshot_of(record)
        self.payload = Payload(record.id, serializer, record.data)
        self._meta: dict[str, Any] | None = None
        self._result: Any = None
        self._exc_info = None if record.legacy_exc_info is None else decompress(record.legacy_exc_info).decode("utf-8", "replace")
        self._cached_result: Result | None = None

    def _take_options(self, options: EnqueueOptions) -> None:
        """Take what an `EnqueueOptions` has checked."""
        options.apply_to(self.record)
        self._meta = {} if options.meta is None else dict(options.meta)

    def packed_record(self) -> JobRecord:
        """Return the record with payload and meta serialized into it, ready to be written.

        Raises:
            Exception: whatever the serializer raises for arguments or meta it cannot serialize.
        """
        self.record.data = self.payload.data
        if self._meta is not None:
            self.record.meta = self.serializer.dumps(self._meta) if self._meta else None
        return self.record

    def note_exception(self, exc_string: str) -> None:
        """Keep in memory why the job failed, for `exc_info` of a job without a result."""
        self._exc_info = exc_string or self._exc_info

    def take_as_stored(self) -> None:
        """Note that the server has the job as it is now."""
        self._stored = snapshot_of(self.record)

    @property
    def connection(self) -> redis.Redis:
        """The client with which the job reads and writes."""
        if self._connection is None:
            self._connection = cast("Callable[[], redis.Redis]", self._connect)()
        return self._connection

    @connection.setter
    def connection(self, connection: redis.Redis) -> None:
        self._connection, self._session = connection, None

    @property
    def session(self) -> Session:
        """The connection with its keys and scripts."""
        if self._session is None:
            self._session = session_of(self.connection)
        return self._session

    @property
    def serializer(self) -> Serializer:
        """What payload, meta and results are written with."""
        return self.payload.serializer

    @serializer.setter
    def serializer(self, serializer: Serializer | str | None) -> None:
        self.payload.serializer = serializer_of(serializer)

    @property
    def data(self) -> bytes:
        """The serialized call, not compressed; InvalidOptionError (a ValueError) if nothing is to be called."""
        return self.payload.data

    @data.setter
    def data(self, data: bytes) -> None:
        self.payload.data = data

    _data = data

    @property
    def func(self) -> Callable[..., Any] | None:
        """What is to be called, imported; None if there is nothing.

        Raises:
            ReferenceNotFound: if it is not importable here (a ValueError). AttributeError: if its object has no such method.
        """
        name, instance = self.func_name, self.instance
        if name is None:
            return None
        found: Callable[..., Any] = import_attribute(name) if instance is None else getattr(instance, name)
        return found

    @property
    def meta(self) -> dict[str, Any]:
        """Whatever the job's owner keeps with it. Change it and call `save_meta()`."""
        if self._meta is None:
            self._meta = self._load_meta(self.record.meta)
        return self._meta

    @meta.setter
    def meta(self, meta: dict[str, Any]) -> None:
        self._meta = meta

    def _load_meta(self, stored: bytes | None) -> dict[str, Any]:
        if not stored:
            return {}
        try:
            meta: dict[str, Any] = self.serializer.loads(stored)
        except Exception:  # noqa: BLE001 - whatever a serializer raises; RQ shows the bytes
            return {"unserialized": stored}
        return meta

    @property
    def should_retry(self) -> bool:
        """Whether the job runs again if it fails."""
        return bool(self.retries_left and self.retries_left > 0)

    def get_ttl(self, default_ttl: int | None = None) -> int | None:
        """Return how many seconds the job may wait, or the default if it does not say."""
        return default_ttl if self.ttl is None else self.ttl

    def get_result_ttl(self, default_ttl: int) -> int:
        """Return how many seconds its result is kept, or the default if it does not say."""
        return default_ttl if self.result_ttl is None else self.result_ttl

    def get_call_string(self) -> str | None:
        """Return the call as it would be written, such as `tasks.greet('bob')`."""
        return call_string(self.func_name, self.args, self.kwargs)

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> dict[str, Any]:
        """Return the job as its hash holds it: field to value, payloads as bytes."""
        flat = encode_job(self.packed_record())
        fields = {str(name): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        binary = {"data", "meta", "result", "exc_info"}
        described: dict[str, Any] = {name: text(value) if isinstance(value, bytes) and name not in binary else value for name, value in fields.items()}
        left_out = (set() if include_meta else {"meta"}) | (set() if include_result else {"result", "exc_info"})
        for name in left_out & described.keys():
            del described[name]
        if self.enqueued_at is not None:
            described["enqueued_at"] = format_date(self.enqueued_at)
        return described | {"status": self.record.status}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, enqueued_at={self.enqueued_at!r})"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.description}>"
