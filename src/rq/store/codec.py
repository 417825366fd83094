"""A job and its hash: the one file that knows RQ's wire format.

The tables follow the specification of the job hash field by field. Fields that RQ always writes are written always, blank where there is nothing to say; the
others only when they have a value. Unknown fields and unknown states are read without complaint and left alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from rq.core.clock import to_timestamp
from rq.core.errors import CorruptDataError
from rq.core.formats import compress, decompress, format_date, parse_date
from rq.model.dependency import checked_policies
from rq.model.fate import Fate
from rq.model.record import JobRecord
from rq.model.result import ResultRecord, ResultType
from rq.model.retry import checked_policy
from rq.model.states import JobStatus
from rq.store.calls import Argument, pairs, text, wire

Encoder = Callable[[Any], Argument]
Decoder = Callable[[bytes], Any]


def _date_or_none(value: bytes) -> datetime | None:
    return parse_date(value) if value else None


def _text_or_none(value: bytes) -> str | None:
    return text(value) or None


def _integer(value: bytes) -> int | None:
    return int(value) if value else None


def _flag(value: bytes) -> bool:
    return value == b"1"


def _list_of(kind: type, value: bytes) -> list[Any] | None:
    items = _json(value)
    if items is not None and not (isinstance(items, list) and all(type(item) is kind for item in items)):
        raise ValueError(f"it is no JSON list of {kind.__name__}")
    return items


def _dependencies(value: bytes) -> list[str]:
    return _list_of(str, value) or []


def _intervals(value: bytes) -> list[int] | None:
    return _list_of(int, value)


def _json(value: bytes) -> Any:
    return json.loads(value) if value else None


def _retry_policy(value: bytes) -> dict[str, Any] | None:
    return checked_policy(_json(value))


def _dependency_policies(value: bytes) -> dict[str, str]:
    return checked_policies(dict(part.split("=") for part in text(value).split()))


def _policies_text(policies: dict[str, str]) -> str:
    """Write id -> policy as scripts read it: `id=policy id=policy ...`, or `*=policy`."""
    return " ".join(f"{job_id}={policy}" for job_id, policy in policies.items())


def _webhooks(value: bytes) -> list[dict[str, Any]]:
    try:
        return _list_of(dict, value) or []
    except (ValueError, RecursionError):  # RQ's behaviour: a job is not lost for its webhooks
        return []


def _status(value: bytes) -> JobStatus | str | None:
    try:
        return JobStatus(text(value)) if value else None
    except ValueError:
        return text(value)


# field on the wire, attribute, how it is written, how it is read; the first group is written always (blank if None), the second if not None and not empty
ALWAYS: tuple[tuple[str, str, Encoder, Decoder], ...] = (
    ("created_at", "created_at", format_date, _date_or_none),
    ("data", "data", compress, decompress),
    ("success_callback_name", "success_callback_name", wire, _text_or_none),
    ("failure_callback_name", "failure_callback_name", wire, _text_or_none),
    ("stopped_callback_name", "stopped_callback_name", wire, _text_or_none),
    ("started_at", "started_at", format_date, _date_or_none),
    ("ended_at", "ended_at", format_date, _date_or_none),
    ("last_heartbeat", "last_heartbeat", format_date, _date_or_none),
    ("worker_name", "worker_name", wire, _text_or_none),
    ("group_id", "group_id", wire, _text_or_none),
)
IF_GIVEN: tuple[tuple[str, str, Encoder, Decoder], ...] = (
    ("origin", "origin", wire, text),
    ("description", "description", wire, text),
    ("timeout", "timeout", int, _integer),
    ("result_ttl", "result_ttl", int, _integer),
    ("failure_ttl", "failure_ttl", int, _integer),
    ("ttl", "ttl", int, _integer),
    ("success_callback_timeout", "success_callback_timeout", int, _integer),
    ("failure_callback_timeout", "failure_callback_timeout", int, _integer),
    ("stopped_callback_timeout", "stopped_callback_timeout", int, _integer),
    ("webhooks", "webhooks", json.dumps, _webhooks),
    ("meta", "meta", bytes, bytes),
    ("dependency_ids", "dependency_ids", json.dumps, _dependencies),
    ("allow_dependency_failures", "allow_dependency_failures", int, _flag),
    ("enqueue_at_front", "enqueue_at_front", int, _flag),
    ("x_on_parent_failure", "dependency_policies", _policies_text, _dependency_policies),
    ("retries_left", "retries_left", int, _integer),
    ("retry_intervals", "retry_intervals", json.dumps, _intervals),
    ("x_retry_policy", "retry_policy", json.dumps, _retry_policy),
    ("number_of_retries", "number_of_retries", int, _integer),
    ("repeats_left", "repeats_left", int, _integer),
    ("repeat_intervals", "repeat_intervals", json.dumps, _intervals),
    ("result", "legacy_result", bytes, bytes),
    ("exc_info", "legacy_exc_info", bytes, bytes),
)
# Written by the scripts alone, or only when true.
READ_ONLY: tuple[tuple[str, str, Decoder], ...] = (
    ("status", "status", _status),
    ("enqueued_at", "enqueued_at", _date_or_none),
    ("enqueue_at_front_on_retry", "enqueue_at_front_on_retry", _flag),
    ("x_repeats_done", "repeats_done", int),
    ("x_attempt", "attempt", int),
    ("x_crashes", "crashes", int),
    ("x_execution", "execution_id", _text_or_none),
)
_ATTRIBUTE_OF = {name: attribute for name, attribute, *_ in (*ALWAYS, *IF_GIVEN)} | {"status": "status", "enqueued_at": "enqueued_at"}
_values_of = attrgetter(*_ATTRIBUTE_OF.values())
# Blank fields of the first group say nothing; only the payload may truly be empty.
_BLANK_SAYS_NOTHING = frozenset(name.encode() for name, *_ in ALWAYS if name != "data")
_DECODERS: dict[bytes, tuple[str, Decoder]] = {
    **{name.encode(): (attribute, decoder) for name, attribute, _, decoder in (*ALWAYS, *IF_GIVEN)},
    **{name.encode(): (attribute, decoder) for name, attribute, decoder in READ_ONLY},
}


# What decides nothing about an attempt and its end: the payload and meta, which the process of the job reads, the dates, and what the claim has just written.
_NOTHING_TO_A_WORKER = frozenset(
    {b"data", b"meta", b"created_at", b"enqueued_at", b"started_at", b"ended_at", b"last_heartbeat", b"status", b"worker_name", b"x_execution"}
)
_DECODERS_OF_CLAIMS = {name: known for name, known in _DECODERS.items() if name not in _NOTHING_TO_A_WORKER}

# Fields of which every hash has at least a blank.
BLANK_FIELDS = tuple(name for name, *_ in ALWAYS)

# What nearly every new job has, and the rest. The rest of a record is taken out in one call, and compared in one with that of a record that says nothing: one
# by one, the many fields that a job does not have are what encoding it would spend its time on.
_USUAL = frozenset({"created_at", "data", "origin", "description", "timeout"})
_USUAL_FIELDS = tuple(field for field in (*ALWAYS, *IF_GIVEN) if field[0] in _USUAL)
_UNUSUAL_FIELDS = tuple(field for field in (*ALWAYS, *IF_GIVEN) if field[0] not in _USUAL)
_usual_values = attrgetter(*(attribute for _, attribute, _, _ in _USUAL_FIELDS))
_unusual_values = attrgetter(*(attribute for _, attribute, _, _ in _UNUSUAL_FIELDS), "enqueue_at_front_on_retry")
_NOTHING_UNUSUAL = _unusual_values(JobRecord(""))


def encode_job(record: JobRecord) -> list[Argument]:
    """Return the fields of a job as a flat list: name, value, name, value, ... The status and the moment of enqueueing are the script's to write."""
    return [part for name in BLANK_FIELDS for part in (name, "")] + encode_new_job(record)


def encode_new_job(record: JobRecord) -> list[Argument]:
    """Return what `encode_job` does, without the blank fields: scripts that write a new hash add those (see `BLANK_FIELDS`)."""
    flat: list[Argument] = []
    for (name, _, encode, _), value in zip(_USUAL_FIELDS, _usual_values(record), strict=True):
        if value is not None and value != "":
            flat += (name, encode(value))
    unusual = _unusual_values(record)
    if unusual == _NOTHING_UNUSUAL:
        return flat
    for (name, _, encode, _), value in zip(_UNUSUAL_FIELDS, unusual, strict=False):
        if value is not None and value not in ("", [], {}):
            flat += (name, encode(value))
    if record.dependency_ids:
        flat += ["dependency_id", wire(record.dependency_ids[0])]
    if record.enqueue_at_front_on_retry:
        flat += ["enqueue_at_front_on_retry", 1]
    return flat


# What a job that is like others still has of its own.
OWN_FIELDS = ("created_at", "data", "description")


def encode_shared(record: JobRecord) -> list[Argument]:
    """Return what `encode_new_job` does, without the fields of `OWN_FIELDS`."""
    encoded = encode_new_job(record)
    return [part for name, value in zip(encoded[::2], encoded[1::2], strict=True) if name not in OWN_FIELDS for part in (name, value)]


def encode_own(created_at: datetime, data: bytes, description: str) -> tuple[Argument, Argument, Argument]:
    """Return the values of `OWN_FIELDS` as they go over the wire."""
    return format_date(created_at), compress(data), wire(description)


def own_values(record: JobRecord) -> tuple[Argument, Argument, Argument]:
    """Return what `encode_own` does, of a job that has all three."""
    assert record.created_at is not None  # noqa: S101 - a new job has it
    assert record.data is not None  # noqa: S101 - as above
    return encode_own(record.created_at, record.data, record.description or "")


def snapshot_of(record: JobRecord) -> tuple[Any, ...]:
    """Return what `encode_changes` compares a record with later."""
    return tuple(_values_of(record))


def encode_changes(record: JobRecord, former: tuple[Any, ...] | None) -> list[Argument]:
    """Return the fields that somebody changed since the snapshot `former`, as `encode_job` does; all of them without one. The status is among them.

    A list may have been changed in place, so that it is always among them: no script ever writes one.
    """
    pairs_before = zip(_ATTRIBUTE_OF.values(), _values_of(record), former or (), strict=False)
    same = {attribute for attribute, value, before in pairs_before if value == before and not isinstance(value, (list, dict))}
    flat = encode_job(record)
    if record.status is not None:
        flat += ["status", str(getattr(record.status, "value", record.status))]
    if record.enqueued_at is not None:
        flat += ["enqueued_at", format_date(record.enqueued_at)]
    changed = [(name, value) for name, value in zip(flat[::2], flat[1::2], strict=True) if _ATTRIBUTE_OF.get(str(name)) not in same]
    return [part for field in changed for part in field]


def decode_job(job_id: str, fields: Mapping[bytes, bytes]) -> JobRecord:
    """Return the job that a hash describes.

    Args:
        job_id: the id, which stands in the key only.
        fields: the raw hash.

    Raises:
        CorruptDataError: naming the job, the field and what it holds, if a field cannot be read.
    """
    return _decode(job_id, fields, _DECODERS)


def decode_claimed_job(job_id: str, fields: Mapping[bytes, bytes]) -> JobRecord:
    """Return the job that a claim gave, as far as its worker needs to know it: without payload, meta and dates; status and execution are the claim's own.

    Args and errors are those of `decode_job`.
    """
    return _decode(job_id, fields, _DECODERS_OF_CLAIMS)


def _decode(job_id: str, fields: Mapping[bytes, bytes], decoders: Mapping[bytes, tuple[str, Decoder]]) -> JobRecord:
    record = JobRecord(job_id)
    for name in decoders.keys() & fields.keys():
        value = fields[name]
        if not value and name in _BLANK_SAYS_NOTHING:
            continue
        attribute, decode = decoders[name]
        try:
            setattr(record, attribute, decode(value))
        except (ValueError, TypeError, RecursionError) as error:
            message = f"Job {job_id}: the field {text(name)} holds {value[:80]!r}, which cannot be read ({error}); mend the hash or delete the job"
            raise CorruptDataError(message) from error
    if not record.dependency_ids and fields.get(b"dependency_id"):
        record.dependency_ids = [text(fields[b"dependency_id"])]
    return record


def decode_fields(flat: Any) -> dict[bytes, bytes]:
    """Return a raw hash reply as a dictionary of bytes, whatever shape the client gave it."""
    if isinstance(flat, list) and flat and isinstance(flat[0], bytes):  # as nearly always: a client decodes all of a reply, or nothing
        return dict(zip(flat[::2], flat[1::2], strict=True))
    return {_as_bytes(name): _as_bytes(value) for name, value in pairs(flat)}


def _as_bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def encode_return_value(payload: bytes | None) -> str:
    """Return a serialized return value as the result stream keeps it, '' for None."""
    return "" if payload is None else base64.b64encode(payload).decode("ascii")


def encode_exception(exc_text: str) -> str:
    """Return an exception text as the result stream keeps it: UTF-8, zlib, base64."""
    return _packed(exc_text.encode("utf-8", "backslashreplace"))


def _packed(data: bytes) -> str:
    return base64.b64encode(compress(data)).decode("ascii")


def _unpacked(value: bytes) -> str:
    return decompress(base64.b64decode(value)).decode("utf-8", "replace")


def encode_result(record: ResultRecord) -> dict[str, Argument]:
    """Return the fields of one entry of the result stream; what is not known is left out."""
    moments = {"execution_started_at": record.execution_started_at, "execution_ended_at": record.execution_ended_at}
    given: dict[str, Argument | None] = {
        "type": record.type.value,
        "worker_name": wire(record.worker_name),
        "return_value": None if record.return_value is None else encode_return_value(record.return_value),
        "exc_string": None if record.exc_string is None else encode_exception(record.exc_string),
        "execution_id": record.execution_id,
        **{name: None if moment is None else to_timestamp(moment) for name, moment in moments.items()},
    }
    fate = encode_fate(Fate(record.killed_by or "", record.output.encode("utf-8", "backslashreplace"), record.peak_memory, record.cpu_seconds))
    return {name: value for name, value in given.items() if value is not None} | dict(zip(map(str, fate[::2]), fate[1::2], strict=True))


def encode_fate(fate: Fate) -> list[Argument]:
    """Return what is known of an attempt besides its outcome as fields of its entry in the result stream: a flat list, name, value, ..."""
    flat: list[Argument] = []
    if fate.peak_memory_kib is not None:
        flat += ("x_peak_memory", fate.peak_memory_kib)
    if fate.cpu_seconds is not None:
        flat += ("x_cpu_seconds", round(fate.cpu_seconds, 6))
    if fate.output:
        flat += ("x_output", _packed(fate.output))
    if fate.killed_by:
        flat += ("x_reason", wire(fate.killed_by))
    return flat


def decode_result(entry_id: str, fields: Mapping[bytes, bytes]) -> ResultRecord:
    """Return one entry of the result stream.

    Raises:
        CorruptDataError: if a field cannot be read.
    """
    try:
        value = fields.get(b"return_value")
        exc, output = fields.get(b"exc_string"), fields.get(b"x_output")
        execution_id = text(fields.get(b"execution_id")) or None
        return ResultRecord(
            id=entry_id,
            type=ResultType(int(fields.get(b"type", b"0"))),
            created_at=datetime.fromtimestamp(int(entry_id.split("-", 1)[0]) / 1000, UTC),
            worker_name=text(fields.get(b"worker_name")),
            return_value=base64.b64decode(value) if value else None,
            exc_string=_unpacked(exc) if exc else None,
            execution_id=execution_id,
            execution_started_at=_moment(fields.get(b"execution_started_at")),
            execution_ended_at=_moment(fields.get(b"execution_ended_at")),
            killed_by=text(fields.get(b"x_reason")) or None if execution_id else None,  # without an attempt it says why there was none
            output=_unpacked(output) if output else "",
            peak_memory=_integer(fields.get(b"x_peak_memory", b"")),
            cpu_seconds=_number(fields.get(b"x_cpu_seconds")),
        )
    except (ValueError, OverflowError, OSError) as error:  # of numbers, base64 and dates
        message = f"The result {entry_id} cannot be read: {error}"
        raise CorruptDataError(message) from error


def _moment(value: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(float(value), UTC) if value else None


def _number(value: bytes | None) -> float | None:
    return float(value) if value else None
