from __future__ import annotations

import pytest

from rq.core.errors import InvalidJobId, InvalidOptionError, OptionTypeError, TimeoutFormatError, UnimportableFunctionError
from rq.job import Callback, Dependency, Retry, Webhook
from rq.model.options import EnqueueOptions
from rq.model.record import JobRecord
from rq.repeat import Repeat

WEBHOOK = Webhook("https://example.com", "failed")


def record_of(**options) -> JobRecord:
    """The record of a job that was enqueued with `options`."""
    record = JobRecord("a")
    EnqueueOptions(**options).apply_to(record)
    return record


def test_durations_are_understood_in_all_their_spellings():
    options = EnqueueOptions(timeout="1h", result_ttl="-1", ttl=b"30", failure_ttl=0)  # type: ignore[arg-type]
    assert (options.timeout, options.result_ttl, options.ttl, options.failure_ttl) == (3600, -1, 30, 0)


@pytest.mark.parametrize(
    "option",
    [{"timeout": 0}, {"timeout": -2}, {"ttl": 0}, {"ttl": -1}, {"result_ttl": -2}, {"failure_ttl": -5}, {"result_ttl": 10**20}],
)
def test_durations_that_make_no_sense_are_refused_by_name(option):
    (name,) = option
    with pytest.raises(InvalidOptionError, match=name):
        EnqueueOptions(**option)


def test_a_text_that_is_no_duration_is_refused():
    with pytest.raises(TimeoutFormatError):
        EnqueueOptions(timeout="soon")


def test_a_job_id_is_checked():
    with pytest.raises(InvalidJobId):
        EnqueueOptions(job_id="a b")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("retry", 3),
        ("retry", Repeat(1)),
        ("repeat", Retry(1)),
        ("group_id", 5),
        ("meta", [1]),
        *(("description", value) for value in (["x"], {"a": 1}, (1,), True, object())),
        *(("webhooks", value) for value in (WEBHOOK, "x", ["x"], iter([WEBHOOK]), {"a": WEBHOOK})),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_option_of_the_wrong_type_is_refused_by_name(option, value):
    with pytest.raises(OptionTypeError, match=option):
        EnqueueOptions(**{option: value})


@pytest.mark.parametrize(("given", "description"), [("d", "d"), (5, "5"), (2.5, "2.5"), ("ü".encode(), "ü"), (None, None), (0, 0), ("", "")])
def test_a_description_may_be_a_number_or_bytes_as_in_rq(given, description):
    assert EnqueueOptions(description=given).description == description


def test_a_description_of_bytes_that_are_no_text_is_refused():
    with pytest.raises(InvalidOptionError, match=r"description .* no UTF-8"):
        EnqueueOptions(description=b"\xff")  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize("option", ["depends_on", "on_success", "on_failure", "on_stopped"])
def test_what_a_callback_or_a_dependency_cannot_be_is_refused(option):
    with pytest.raises(InvalidOptionError):
        EnqueueOptions(**{option: 5})  # type: ignore[arg-type] # wrong on purpose


def test_a_callback_that_no_worker_could_import_is_refused_by_name():
    with pytest.raises(UnimportableFunctionError, match="on_stopped"):
        EnqueueOptions(on_stopped=Callback(lambda *_: None))


def test_a_callback_whose_path_is_none_is_refused_by_name():
    with pytest.raises(UnimportableFunctionError, match=r"on_failure: 'tasks\.' is no dotted path"):
        EnqueueOptions(on_failure=Callback("tasks."))


def test_a_unique_job_needs_an_id():
    with pytest.raises(InvalidOptionError, match="unique"):
        EnqueueOptions(unique=True)
    assert EnqueueOptions(unique=True, job_id="a").unique


def test_a_bare_function_is_warned_of_at_the_line_that_gave_it():
    with pytest.warns(DeprecationWarning, match="on_success") as warnings:
        EnqueueOptions(on_success="tasks.report")
    assert warnings[0].filename == __file__


@pytest.mark.parametrize("nothing", [None, False, ()], ids=repr)
def test_what_is_empty_was_not_given(nothing):
    names = ("depends_on", "retry", "repeat", "on_success", "on_failure", "on_stopped", "webhooks")
    assert record_of(**dict.fromkeys(names, nothing)) == JobRecord("a")
    assert record_of(**dict.fromkeys(names, nothing), group_id="g") == JobRecord("a", group_id="g")


def test_plain_values_are_written_into_the_record():
    record = record_of(timeout=5, result_ttl=6, ttl=7, failure_ttl=8, description="d")
    assert record == JobRecord("a", timeout=5, result_ttl=6, ttl=7, failure_ttl=8, description="d")


def test_callbacks_and_webhooks_are_written_into_the_record():
    record = record_of(on_success=Callback("m.s", 1), on_failure=Callback("m.f", 2), on_stopped=Callback("m.t"), webhooks=[WEBHOOK])
    assert (record.success_callback_name, record.success_callback_timeout) == ("m.s", 1)
    assert (record.failure_callback_name, record.failure_callback_timeout) == ("m.f", 2)
    assert (record.stopped_callback_name, record.stopped_callback_timeout) == ("m.t", 60)
    assert record.webhooks == [WEBHOOK.to_dict()]


def test_retries_and_repetitions_are_written_into_the_record():
    record = record_of(retry=Retry(3, 10, enqueue_at_front=True, backoff=2), repeat=Repeat(2, [5, 6]))
    assert (record.retries_left, record.retry_intervals, record.enqueue_at_front_on_retry) == (3, [10, 20, 40], True)
    assert record.retry_policy == {"max": 3, "backoff": 2.0}
    assert (record.repeats_left, record.repeat_intervals) == (2, [5, 6])


def test_dependencies_are_written_into_the_record():
    record = record_of(depends_on=["b", Dependency("c", allow_failure=True), Dependency("d", on_failure="run")])
    assert (record.dependency_ids, record.dependency_policies) == (["b", "c", "d"], {"d": "run"})
    assert (record.allow_dependency_failures, record.enqueue_at_front) == (True, False)


def test_a_job_that_waits_for_others_remembers_that_it_wants_to_the_head_of_its_queue():
    assert record_of(depends_on="b", at_front=True).enqueue_at_front is True
    assert record_of(depends_on=Dependency("b", enqueue_at_front=True)).enqueue_at_front is True
    assert record_of(at_front=True).enqueue_at_front is None
