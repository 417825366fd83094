"""Which lines events become."""

from __future__ import annotations

import logging

import pytest

from rq.observe.events import JobFinished
from rq.observe.logs import LogLines


@pytest.mark.parametrize(("result_ttl", "words"), [(0, "was discarded"), (-1, "never expires"), (500, "for 500 seconds")])
def test_for_how_long_a_result_is_kept_is_told_unless_nobody_wants_to_know(caplog: pytest.LogCaptureFixture, result_ttl: int, words: str):
    event = JobFinished("w", "high", "a", "add(1, 2)", 0.5, result_ttl)
    with caplog.at_level(logging.DEBUG, "rq.worker"):
        LogLines(tell_lifespans=False)(event)
        assert words not in caplog.text
        LogLines()(event)
    assert words in caplog.text
    assert caplog.text.count("Job OK: add(1, 2) (a)") == 2
