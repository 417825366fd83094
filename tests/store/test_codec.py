"""The wire format of a job and of its results."""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import redis

from rq.core.errors import CorruptDataError
from rq.core.formats import format_date
from rq.model.record import JobRecord
from rq.model.result import ResultType
from rq.model.states import JobStatus
from rq.store.codec import (
    ALWAYS,
    IF_GIVEN,
    READ_ONLY,
    decode_claimed_job,
    decode_fields,
    decode_job,
    decode_result,
    encode_exception,
    encode_job,
    encode_return_value,
)
from rq.store.connection import Caller
from rq.store.reads import list_results, read_job
from rq.store.scripts import script_source

if TYPE_CHECKING:
    from tests.store.harness import Store

MOMENT = datetime(2027, 1, 15, 8, 0, 0, 250000, UTC)
FULL = JobRecord(
    "a",
    created_at=MOMENT,
    data=b"\x00payload" * 100,
    origin="q",
    description="f('\u00e9', \udcff)",
    started_at=MOMENT,
    ended_at=MOMENT,
    last_heartbeat=MOMENT,
    worker_name="w",
    group_id="g",
    timeout=-1,
    result_ttl=0,
    failure_ttl=-1,
    ttl=60,
    success_callback_name="m.success",
    success_callback_timeout=1,
    failure_callback_name="m.failure",
    failure_callback_timeout=2,
    stopped_callback_name="m.stopped",
    stopped_callback_timeout=3,
    webhooks=[{"url": "http://x", "job_status": "finished", "method": "POST", "headers": {}, "timeout": 5}],
    meta=b"\x80meta",
    dependency_ids=["b", "c"],
    allow_dependency_failures=True,
    enqueue_at_front=False,
    dependency_policies={"b": "cancel"},
    retries_left=2,
    retry_intervals=[1, 2],
    retry_policy={"max": 3, "jitter": 0.1, "only_on": ["builtins.OSError"]},
    enqueue_at_front_on_retry=True,
    number_of_retries=1,
    repeats_left=3,
    repeat_intervals=[4],
    legacy_result=b"\x80result",
    legacy_exc_info=b"exc",
)


def wire_of(record: JobRecord) -> dict[bytes, bytes]:
    """The fields as a server would give them back."""
    flat = [item if isinstance(item, bytes) else str(item).encode() for item in encode_job(record)]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def test_a_job_survives_the_way_there_and_back():
    assert decode_job("a", wire_of(FULL)) == FULL


def test_an_empty_job_survives_the_way_there_and_back():
    empty = JobRecord("a", created_at=MOMENT, data=b"payload")
    assert decode_job("a", wire_of(empty)) == empty


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(JobRecord) if field.name != "id"])
def test_every_field_of_a_job_stands_in_the_tables_once(field: str):
    rows = [*(row[1] for row in (*ALWAYS, *IF_GIVEN)), *(row[1] for row in READ_ONLY)]
    assert rows.count(field) == 1


def test_a_job_survives_the_way_through_a_server_but_starts_over(store: Store):
    values = {field.name: getattr(FULL, field.name) for field in dataclasses.fields(FULL) if field.name != "id"}
    values.pop("origin")
    store.enqueue("a", **values)
    record = store.run(read_job(store.scripts, "a"))
    assert record is not None
    assert record == dataclasses.replace(
        FULL, status=JobStatus.QUEUED, enqueued_at=MOMENT, started_at=None, ended_at=None, last_heartbeat=None, worker_name=None
    )


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300_000])
def test_any_zlib_reader_can_read_the_payload(size: int):
    payload = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert zlib.decompress(wire_of(JobRecord("a", data=payload))[b"data"]) == payload


def test_lists_are_json_as_rq_writes_it():
    wire = wire_of(FULL)
    assert wire[b"retry_intervals"] == b"[1, 2]"
    assert wire[b"dependency_ids"] == b'["b", "c"]'
    assert wire[b"dependency_id"] == b"b"
    assert json.loads(wire[b"webhooks"]) == FULL.webhooks
    assert wire[b"created_at"] == b"2027-01-15T08:00:00.250000Z"


def test_what_rq_does_not_know_stands_in_fields_of_our_own():
    wire = wire_of(FULL)
    assert json.loads(wire[b"x_retry_policy"]) == FULL.retry_policy
    assert wire[b"x_on_parent_failure"] == b"b=cancel"
    assert not {name for name in wire_of(JobRecord("a")) if name.startswith(b"x_")}


def test_how_often_a_job_was_repeated_is_read_and_never_written():
    assert decode_job("a", {b"x_repeats_done": b"2"}).repeats_done == 2
    assert b"x_repeats_done" not in wire_of(JobRecord("a", repeats_done=2))


def test_unknown_fields_are_ignored():
    fields = {**wire_of(FULL), b"x_of_a_later_version": b"1", b"\xff": b"\xfe"}
    assert decode_job("a", fields) == FULL


def test_an_unknown_status_is_read_as_text():
    assert decode_job("a", {b"status": b"hibernating"}).status == "hibernating"
    assert decode_job("a", {b"status": b"queued"}).status is JobStatus.QUEUED
    assert decode_job("a", {b"status": b""}).status is None


def test_legacy_fields_are_understood():
    record = decode_job("a", {b"created_at": b"2014-01-02T03:04:05Z", b"data": b"not zlib", b"dependency_id": b"b"})
    assert record.created_at == datetime(2014, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert record.data == b"not zlib"
    assert record.dependency_ids == ["b"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("timeout", text) for text in (b"12x", b"NaN", b"1.5", b"\xff", b"9" * 5000)),
        *(("created_at", text) for text in (b"yesterday", b"2026-13-45T99:99:99Z", b"\xff")),
        *(("retry_intervals", text) for text in (b"not json", b"5", b'"abc"', b'["x"]', b"[" * 100_000, b"\xff")),
        *(("dependency_ids", text) for text in (b"{}", b"7", b"[1]", b"[" * 100_000)),
        *(("x_retry_policy", text) for text in (b"not json", b"5", b'{"jitter": "much"}', b'{"jitter": NaN}', b"[" * 100_000)),
        *(("x_on_parent_failure", text) for text in (b"7", b'{"b": "explode"}', b'{"b": []}')),
        ("x_repeats_done", b"many"),
        ("x_attempt", b"many"),
        ("x_crashes", b""),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_field_that_cannot_be_read_is_named(field: str, value: bytes):
    with pytest.raises(CorruptDataError, match=rf"Job a: the field {field} holds ") as raised:
        decode_job("a", {**wire_of(FULL), field.encode(): value})
    assert len(str(raised.value)) < 500


def test_a_worker_learns_of_a_claimed_job_all_but_payload_and_dates_and_what_the_claim_wrote():
    left_out = ("data", "meta", "status", "created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat", "worker_name", "execution_id")
    nothing: dict[str, Any] = dict.fromkeys(left_out)
    fields = wire_of(FULL)
    assert decode_claimed_job("a", fields) == dataclasses.replace(decode_job("a", fields), **nothing)


def test_a_date_that_cannot_be_read_keeps_no_worker_from_a_job_but_a_time_limit_does():
    assert decode_claimed_job("a", {b"created_at": b"yesterday", b"timeout": b"5"}).timeout == 5
    with pytest.raises(CorruptDataError, match="Job a: the field timeout holds "):
        decode_claimed_job("a", {b"timeout": b"12x"})


@pytest.mark.parametrize("value", [b"not json", b"5", b"[1]", b"{}", b"[" * 100_000, b"\xff"], ids=lambda v: repr(v)[:20])
def test_webhooks_that_cannot_be_read_are_none(value: bytes):
    assert decode_job("a", {b"webhooks": value}).webhooks == []


@pytest.mark.parametrize(
    "field", ["dependency_ids", "retry_intervals", "repeat_intervals", "webhooks", "timeout", "created_at", "x_retry_policy", "x_on_parent_failure"]
)
def test_a_blank_field_is_as_good_as_none(field: str):
    assert decode_job("a", {field.encode(): b""}) == JobRecord("a")


def test_a_hash_is_read_whatever_shape_the_client_gave_it():
    expected = {b"a": b"1", b"b": b"\xff"}
    for reply in ([b"a", b"1", b"b", b"\xff"], {b"a": b"1", b"b": b"\xff"}, ["a", "1", "b", "\udcff"]):
        assert decode_fields(reply) == expected


@pytest.mark.parametrize("year", [1970, 1999, 2000, 2024, 2026, 2100, 2400, 9999])
def test_a_script_writes_dates_as_python_does(redis_client: redis.Redis, year: int):
    starts = [datetime(year, month, day, 23, 59, 59, 500000, UTC) for month in range(1, 13) for day in (1, 15, 27)]
    moments = [start + timedelta(days=days) for start in starts[:-1] for days in range(3)]
    times = [moment.timestamp() for moment in moments]
    body = "local dates = {} for _, time in ipairs(ARGV) do table.insert(dates, iso_date(tonumber(time))) end return dates"
    written = redis_client.eval(f"{script_source('lib/dates')}\n{body}", 0, *times)
    assert [date.decode() for date in written] == [format_date(moment) for moment in moments]


# --- results ---


def test_a_result_reads_as_it_was_written(store: Store):
    attempt = store.start("a")
    store.turn_clock(2)
    store.finish(attempt, b"\x80value")
    store.fail(store.start("a"))
    failed, finished = store.run(list_results(store.scripts, "a"))
    assert (finished.type, finished.return_value, finished.exc_string) == (ResultType.SUCCESSFUL, b"\x80value", None)
    assert (finished.worker_name, finished.execution_id) == ("w", attempt.execution_id)
    assert finished.execution_started_at == MOMENT
    assert finished.execution_ended_at is not None
    assert (finished.execution_ended_at - MOMENT).total_seconds() == 2
    assert (failed.type, failed.return_value, failed.exc_string) == (
        ResultType.FAILED,
        None,
        "Traceback\nValueError: no",
    )
    assert store.run(list_results(store.scripts, "a", most=1)) == [failed]


def test_a_job_without_results_has_none(store: Store):
    assert store.run(list_results(store.scripts, "a")) == []


def test_an_exception_text_of_any_kind_can_be_written():
    text = "\u00e9 \udcff \0 " + "x" * 1000
    encoded = encode_exception(text)
    assert zlib.decompress(base64.b64decode(encoded)).decode() == text.encode("utf-8", "backslashreplace").decode()


def test_a_value_of_none_and_an_empty_value_differ_only_in_what_the_serializer_made_of_them():
    assert encode_return_value(None) == ""
    assert base64.b64decode(encode_return_value(b"N.")) == b"N."


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {b"type": b"9"},
        {b"type": b"x"},
        {b"type": b"1", b"return_value": b"=a"},
        {b"type": b"2", b"exc_string": b"abc"},
        *({b"type": b"1", b"execution_started_at": text} for text in (b"soon", b"nan", b"inf", b"1e300")),
    ],
    ids=repr,
)
def test_a_result_that_cannot_be_read_is_named(fields: dict[bytes, bytes]):
    with pytest.raises(CorruptDataError, match="result 1800000000000-0"):
        decode_result("1800000000000-0", fields)


@pytest.mark.parametrize("options", [{}, {"decode_responses": True}, {"protocol": 2}, {"protocol": 3}], ids=str)
def test_jobs_and_results_are_read_through_any_kind_of_client(plain_store: Store, options: dict[str, Any], redis_url: str):
    plain_store.finish(plain_store.start("a", data=bytes(range(256)), meta=b"\xff"), b"\xff")
    with redis.Redis.from_url(redis_url, **options) as client:
        record = Caller(client).run(read_job(plain_store.scripts, "a"))
        results = Caller(client).run_many([list_results(plain_store.scripts, "a")] * 2)[1]
    assert record is not None
    assert (record.data, record.meta) == (bytes(range(256)), b"\xff")
    assert [result.return_value for result in results] == [b"\xff"]
