from __future__ import annotations

from typing import get_args

import pytest

from rq.model.outcome import AskedRetry, Died, Outcome, Raised, Released, Returned, Stopped, TimedOut
from rq.runtime.executors.channel import HEADER, CallbackBegan, JobReport, decode_from_job, encode_callback_began, encode_report

OUTCOMES: list[Outcome] = [
    Returned(b"value"),
    Returned(None),
    AskedRetry(b"retry", 3, (5, 10), at_front=True),
    Raised("text", "builtins.OSError", ("builtins.Exception", "builtins.BaseException")),
    TimedOut("text", 3.0),
    Died("killed", signal=9),
    Stopped("by a user"),
    Released("shutdown"),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=repr)
def test_an_outcome_survives_the_way_from_a_job_process(outcome):
    report = JobReport(outcome, 1, 0.5, "tasks")
    assert decode_from_job(encode_report(report)[HEADER.size :]) == report


@pytest.mark.parametrize("limit", [60.0, None])
def test_a_job_process_tells_that_a_callback_begins(limit):
    assert decode_from_job(encode_callback_began(CallbackBegan(limit))[HEADER.size :]) == CallbackBegan(limit)


def test_every_kind_of_outcome_was_tried():
    assert {type(outcome) for outcome in OUTCOMES} == set(get_args(Outcome))
