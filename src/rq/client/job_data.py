"""A job in memory: its fields, its call, its meta, its connection. What needs no server; `Job` has the rest, and for asyncio the `Job` of `rq.client.aio`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast

from rq.client.fields import JobId, KeyOfClass, PayloadField, RecordField
from rq.client.legacy import require_connection
from rq.client.payload import Payload, checked_arguments, serializer_of
from rq.client.session import session_of
from rq.client.types import ClientT, SessionT
from rq.client.webhooks import WebhooksOfJob
from rq.core.clock import utc_now
from rq.core.formats import call_string, decompress, format_date
from rq.core.ids import new_job_id, validate_job_id
from rq.core.keys import current_keyspace
from rq.core.references import import_attribute, reference_of
from rq.model.options import EnqueueOptions
from rq.model.record import JobRecord
from rq.model.states import JobStatus
from rq.store.calls import text
from rq.store.codec import decode_fields, decode_job, encode_job, snapshot_of
from rq.store.reads import require_job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from rq.core.keys import Keyspace
    from rq.core.serializers import Serializer

# The fields of the hash that are bytes and no text.
_BINARY_FIELDS = frozenset({"data", "meta", "result", "exc_info"})


class JobData(Generic[ClientT, SessionT]):
    """What a job is made of; see `Job`. `ClientT` is what it is connected by, and `SessionT` what it asks through."""

    redis_job_namespace_prefix = KeyOfClass("job", "")

    # What makes a session of a connection.
    _session_of: ClassVar[Callable[..., Any]] = staticmethod(session_of)

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

    def __init__(self, id: str | None = None, connection: ClientT | None = None, serializer: Serializer | str | None = None) -> None:
        if id:
            validate_job_id(id)
        self.take_record(JobRecord(id or new_job_id(), status=JobStatus.CREATED, created_at=utc_now()), serializer_of(serializer))
        self._connection: ClientT | None = connection or cast("ClientT", require_connection())
        self._connect: Callable[[], ClientT] | None = None
        self._session: SessionT | None = None

    @classmethod
    def create(  # noqa: PLR0913, PLR0917 - RQ's signature
        cls,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        connection: ClientT | None = None,
        result_ttl: int | str | None = None,
        ttl: int | str | None = None,
        status: JobStatus | None = None,
        description: str | None = None,
        depends_on: Any = None,
        timeout: int | str | None = None,
        retry: Any = None,
        id: str | None = None,
        origin: str = "",
        meta: Mapping[str, Any] | None = None,
        failure_ttl: int | str | None = None,
        serializer: Serializer | str | None = None,
        group_id: str | None = None,
        *,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        webhooks: Any = None,
    ) -> Self:
        """Return a new job. Nothing is sent to the server; `Queue.enqueue_job` does that.

        `func` is a function, a method, another callable object, or a dotted path; `args` and `kwargs` are what it is called with. `timeout`, `result_ttl`,
        `ttl`, `failure_ttl`, `description`, `depends_on`, `meta`, `retry`, the callbacks and `webhooks` are those of `EnqueueOptions`. `status` is what the job
        shows until it is enqueued (None: `created`), `origin` the name of its queue, `group_id` that of its group.

        Raises:
            OptionTypeError: for a class or anything else that cannot be called, or arguments of the wrong kind (a TypeError).
            InvalidOptionError: for an option that makes no sense (a ValueError); TimeoutFormatError for a text that is no duration.
        """
        options = EnqueueOptions(
            timeout,
            result_ttl,
            ttl,
            failure_ttl,
            description,
            id,
            meta=meta,
            depends_on=depends_on,
            retry=retry,
            on_success=on_success,
            on_failure=on_failure,
            on_stopped=on_stopped,
            webhooks=webhooks,
            group_id=group_id,
        )
        args, kwargs = checked_arguments(args, kwargs)
        instance, func_name = reference_of(func)
        job = cls(id, connection, serializer)
        job.payload.give(func_name, instance, args, kwargs)
        job._take_options(options)
        record = job.record
        record.origin = origin
        if status is not None:
            record.status = status
        if not description:
            record.description = call_string(func_name, args, kwargs)
        return job

    @classmethod
    def of_record(cls, record: JobRecord, connection: ClientT, serializer: Serializer | str | None) -> Self:
        """Return the job that a record describes."""
        job = cls(record.id, connection=connection, serializer=serializer)
        job.take_record(record, job.serializer)
        return job

    def like_this(self, record: JobRecord, payload: Payload) -> Self:
        """Return a new job that is as this new one but for its record and payload."""
        job = object.__new__(type(self))
        job.__dict__ = {**self.__dict__, "record": record, "payload": payload, "_meta": {}}
        return job

    def take_record(self, record: JobRecord, serializer: Serializer) -> None:
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
        self._cached_result: Any = None  # a `Result`, or the `Result` of `rq.client.aio`

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
    def connection(self) -> ClientT:
        """The client with which the job reads and writes."""
        if self._connection is None:
            self._connection = cast("Callable[[], ClientT]", self._connect)()
        return self._connection

    @connection.setter
    def connection(self, connection: ClientT) -> None:
        self._connection, self._session = connection, None

    @property
    def session(self) -> SessionT:
        """The connection with its keys and scripts."""
        if self._session is None:
            self._session = cast("SessionT", self._session_of(self.connection))
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

    def take_meta(self, stored: bytes | None) -> None:
        """Have this meta, as it is stored."""
        self.record.meta, self._meta = stored, None

    def _load_meta(self, stored: bytes | None) -> dict[str, Any]:
        if not stored:
            return {}
        try:
            meta: dict[str, Any] = self.serializer.loads(stored)
        except Exception:  # noqa: BLE001 - whatever a serializer raises; RQ shows the bytes
            return {"unserialized": stored}
        return meta

    @property
    def progress(self) -> tuple[float, str] | None:
        """How far the job has come, and what it is doing; None if it never said. Read with the job: `refresh()` or `get_meta()` read it anew."""
        value = self.meta.get("progress")
        return None if value is None else (value, str(self.meta.get("progress_text", "")))

    def note_progress(self, value: float, text: str) -> None:
        """Put into the meta how far the job has come; `set_progress` writes it, too."""
        self.meta["progress"], self.meta["progress_text"] = value, text

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

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Become the job that a raw hash describes.

        Raises:
            NoSuchJobError: if the hash has no payload. CorruptDataError: if it cannot be read.
        """
        fields = decode_fields(dict(raw_data))
        self.take_record(require_job(decode_job(self.id, fields) if b"data" in fields else None, self.id), self.serializer)

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> dict[str, Any]:
        """Return the job as its hash holds it: field to value, payloads as bytes."""
        flat = encode_job(self.packed_record())
        fields = {str(name): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        described: dict[str, Any] = {name: text(value) if isinstance(value, bytes) and name not in _BINARY_FIELDS else value for name, value in fields.items()}
        left_out = (set() if include_meta else {"meta"}) | (set() if include_result else {"result", "exc_info"})
        for name in left_out & described.keys():
            del described[name]
        if self.enqueued_at is not None:
            described["enqueued_at"] = format_date(self.enqueued_at)
        return described | {"status": self.record.status}

    # --- keys ---

    @classmethod
    def key_for(cls, job_id: str) -> str:
        """Return the key of a job's hash."""
        return current_keyspace().job(job_id)

    @classmethod
    def dependents_key_for(cls, job_id: str) -> str:
        """Return the key of the set of jobs that wait for a job."""
        return current_keyspace().dependents(job_id)

    @property
    def _keyspace(self) -> Keyspace:
        """That of the job's session. An attempt that has not asked for its connection is not made to for the sake of a name: the environment's."""
        return current_keyspace() if self._connection is None else self.session.keyspace

    @property
    def key(self) -> str:
        """The key of the job's hash."""
        return self._keyspace.job(self.id)

    @property
    def dependents_key(self) -> str:
        """The key of the set of jobs that wait for this one."""
        return self._keyspace.dependents(self.id)

    @property
    def dependencies_key(self) -> str:
        """The key of the set of jobs that this one waits for."""
        return self._keyspace.dependencies(self.id)

    # --- as a value ---

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, enqueued_at={self.enqueued_at!r})"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.description}>"
