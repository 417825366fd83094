"""Which lines events become."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest

from rq.core.plain_call import PlainCall
from rq.observe.events import JobEvent, JobFailed, JobFinished, JobRetried
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


@pytest.mark.parametrize(("describe_jobs", "arguments"), [(True, ((1,), {"b": 2})), (False, (None, None))])
@pytest.mark.parametrize("kind", [partial(JobFailed, seconds=0.5), partial(JobRetried, delay_seconds=1, retries_left=2)])
def test_the_record_of_a_failed_job_has_rqs_fields(caplog: pytest.LogCaptureFixture, kind: Callable[..., JobEvent], describe_jobs: bool, arguments: object):
    event = kind("w", "high", "a", "add(1, b=2)", "Traceback", call=PlainCall("tasks.add", (1,), {"b": 2}))
    with caplog.at_level(logging.DEBUG, "rq.worker"):
        LogLines(describe_jobs=describe_jobs)(event)
    [record] = map(vars, caplog.records)
    assert (record["func"], record["queue"], record["job_id"]) == ("tasks.add", "high", "a")
    assert (record["arguments"], record["kwargs"]) == arguments


def test_what_users_wrote_forges_no_line_and_reaches_no_terminal(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG, "rq.worker"):
        LogLines()(JobFinished("w", "high", "a\x1b[2J", "add(1)\nWorker w: all is well", 0.5, 500))
        LogLines()(JobFailed("w", "high", "a", "add(1)", "Traceback\n  line\nValueError: \x1b[2J", 0.5))
    assert "Job OK: add(1)\\nWorker w: all is well (a\\x1b[2J)" in caplog.text
    assert "Traceback\n  line\nValueError: \\x1b[2J" in caplog.text
