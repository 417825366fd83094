from __future__ import annotations

import pytest

from rq.core.errors import InvalidJobId, InvalidOptionError, TimeoutFormatError
from rq.model.options import EnqueueOptions


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
