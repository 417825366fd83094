from __future__ import annotations

import pickle

import pytest

from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.repeat import Repeat


def test_a_repeat_prints_and_compares_as_rqs_does():
    repeat = Repeat(times=2, interval=[1, 2])
    assert repr(repeat) == "Repeat(times=2, intervals=[1, 2])"
    assert repeat == Repeat(2, (seconds for seconds in (1, 2)))
    assert repeat != Repeat(2, [1, 3])
    assert Repeat(1).intervals == [0]
    with pytest.raises(TypeError):
        hash(repeat)


def test_a_repeat_is_pickled_under_rqs_name():
    assert pickle.loads(pickle.dumps(Repeat(2, 5))) == Repeat(2, 5)
    assert Repeat.__module__ == "rq.repeat"


@pytest.mark.parametrize(("arguments", "error"), [((0,), InvalidOptionError), ((1, -1), InvalidOptionError), ((1, []), InvalidOptionError)])
def test_numbers_that_make_no_sense_are_refused(arguments, error):
    with pytest.raises(error):
        Repeat(*arguments)


@pytest.mark.parametrize("arguments", [(None,), ("2",), (1, None), (1, "5"), (1, [0.5])], ids=repr)
def test_values_of_the_wrong_type_are_refused(arguments):
    with pytest.raises(OptionTypeError):
        Repeat(*arguments)


def test_a_list_is_read_forwards_and_its_last_number_used_for_all_further_runs():
    assert [Repeat.get_interval(count, [5, 10, 15]) for count in range(5)] == [5, 10, 15, 15, 15]
