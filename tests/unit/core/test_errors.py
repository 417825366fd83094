"""The error tree: one root, RQ's names under RQ's paths, old `except` clauses still right."""

import importlib
import inspect
import pickle

import pytest

from rq.core import errors
from rq.core.errors import RQError, ShutDownImminentException

ALL_ERRORS = [value for value in vars(errors).values() if inspect.isclass(value)]


@pytest.mark.parametrize("error", ALL_ERRORS)
def test_every_error_but_the_shutdown_derives_from_the_root(error):
    assert issubclass(error, RQError) is (error is not ShutDownImminentException)


@pytest.mark.parametrize("error", ALL_ERRORS)
def test_every_error_stands_in_the_drawn_tree(error):
    assert errors.__doc__ is not None
    assert f"─ {error.__name__} " in f"{errors.__doc__} ".replace("\n", " ")


@pytest.mark.parametrize(
    ("error", "old_class"),
    [
        (errors.TimeoutFormatError, ValueError),
        (errors.InvalidOptionError, ValueError),
        (errors.OptionTypeError, TypeError),
        (errors.InvalidJobId, ValueError),
        (errors.InvalidSerializerError, NotImplementedError),
        (errors.UnimportableFunctionError, ValueError),
        (errors.ReferenceNotFound, ValueError),
        (errors.WorkerNameTaken, ValueError),
        (errors.CorruptDataError, ValueError),
        (errors.NoRedisConnectionException, TypeError),
        (errors.ConnectionStackError, AssertionError),
    ],
)
def test_bad_input_is_caught_by_the_clause_written_for_rq(error, old_class):
    assert issubclass(error, old_class)


def test_timeouts_print_under_the_path_users_import_them_from():
    assert {errors.BaseTimeoutException.__module__, errors.JobTimeoutException.__module__} == {"rq.timeouts"}


def test_all_other_errors_print_under_the_path_users_import_them_from():
    others = [error for error in ALL_ERRORS if not issubclass(error, (errors.BaseTimeoutException, errors.NoRedisConnectionException))]
    assert {error.__module__ for error in others} == {"rq.exceptions"}


def test_a_missing_connection_prints_under_the_path_users_import_it_from():
    assert errors.NoRedisConnectionException.__module__ == "rq.connections"


def test_the_shutdown_is_not_caught_as_an_exception():
    assert not issubclass(ShutDownImminentException, Exception)


def test_the_shutdown_keeps_its_extra_info_through_pickle():
    error = pickle.loads(pickle.dumps(ShutDownImminentException("soon", {"signal": 15})))
    assert (error.args, error.extra_info) == (("soon",), {"signal": 15})


@pytest.mark.parametrize("error", ALL_ERRORS)
def test_every_error_is_found_where_it_says_it_is(error):
    assert getattr(importlib.import_module(error.__module__), error.__name__) is error
