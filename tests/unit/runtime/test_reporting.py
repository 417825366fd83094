"""What is told of attempts that were settled."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rq.model.outcome import Released
from rq.model.record import JobRecord
from rq.model.settlement import settle
from rq.observe.bus import EventBus
from rq.observe.logs import LogLines
from rq.runtime.reporting import report_settlement
from rq.runtime.running import RunningAttempt
from rq.store.replies import Settled
from rq.store.settle import AttemptKey

if TYPE_CHECKING:
    import pytest


def test_of_a_job_that_goes_back_to_its_queue_it_is_said_why(caplog: pytest.LogCaptureFixture):
    bus = EventBus()
    bus.subscribe(LogLines())
    attempt = RunningAttempt(AttemptKey("a", "execution", "high", "w"), JobRecord("a", origin="high"))
    decision = settle(attempt.record, Released("no job process can be forked: out of memory"), 500)
    with caplog.at_level(logging.INFO, "rq.worker"):
        report_settlement(bus, attempt, decision, Settled("ok", ""))
    assert "job a went back to its queue (no job process can be forked: out of memory)" in caplog.text
