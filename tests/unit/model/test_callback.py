from __future__ import annotations

import pickle

import pytest

from rq.core.errors import InvalidOptionError, TimeoutFormatError, UnimportableFunctionError
from rq.job import Callback
from rq.model.callback import as_callback


def report(job, connection):
    pass


class Reporter:
    def report(self, job, connection):
        pass


@pytest.mark.parametrize(("func", "name"), [(report, f"{__name__}.report"), (print, "builtins.print"), ("tasks.report", "tasks.report")])
def test_a_callback_is_a_name(func, name):
    callback = Callback(func)
    assert (callback.func, callback.name, callback.timeout) == (func, name, 60)


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 60), (0, 60), (5, 5), ("1h", 3600), (-1, -1)])
def test_the_timeout_of_a_callback_is_a_minute_unless_it_says(timeout, seconds):
    assert Callback(report, timeout=timeout).timeout == seconds


@pytest.mark.parametrize(
    "func", [Reporter().report, Reporter, [].append, None, 5, ""], ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_what_no_name_leads_to_is_refused(func):
    with pytest.raises(InvalidOptionError, match="A callback is"):
        Callback(func)


def test_a_timeout_that_makes_no_sense_is_refused():
    with pytest.raises(InvalidOptionError, match="timeout of a callback is -2"):
        Callback(report, timeout=-2)
    with pytest.raises(TimeoutFormatError):
        Callback(report, timeout="soon")


def test_a_callback_is_pickled_under_rqs_name():
    pickled = pickle.dumps(Callback(report, 5))
    assert b"rq.job" in pickled
    assert pickle.loads(pickled).name == f"{__name__}.report"


def test_an_option_without_a_callback_is_none_and_a_callback_is_taken_as_it_is():
    callback = Callback(report)
    assert as_callback(None, "on_success") is None
    assert as_callback(callback, "on_success") is callback


@pytest.mark.parametrize("func", [report, "tasks.report"], ids=lambda value: value if isinstance(value, str) else type(value).__name__)
def test_a_bare_function_or_path_is_taken_with_a_warning_that_points_at_the_callers_line(func):
    with pytest.warns(DeprecationWarning, match=r"as on_success is deprecated; pass Callback") as warnings:
        callback = as_callback(func, "on_success")
    assert callback is not None
    assert callback.func is func
    assert warnings[0].filename == __file__


def test_a_function_that_no_worker_could_import_is_refused_with_the_name_of_the_option():
    with pytest.raises(UnimportableFunctionError, match=r"on_failure: .* is a lambda"):
        as_callback(Callback(lambda *_: None), "on_failure")
