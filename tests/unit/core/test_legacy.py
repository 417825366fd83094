"""The helpers of `rq.utils`, with the answers RQ gives."""

import warnings
from datetime import UTC, datetime

import pytest

from rq.core import legacy
from rq.core.errors import CorruptDataError, InvalidOptionError

MOMENT = datetime(2026, 11, 20, 18, 19, 41, 219608, tzinfo=UTC)


class Holder:
    chosen = dict


@pytest.mark.parametrize(
    ("function", "args", "answer"),
    [
        (legacy.as_text, (b"x",), "x"),
        (legacy.utcformat, (MOMENT,), "2026-11-20T18:19:41.219608Z"),
        (legacy.utcparse, ("2026-11-20T18:19:41.219608Z",), MOMENT),
        (legacy.str_to_date, (b"2014-01-02T03:04:05Z",), datetime(2014, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (legacy.parse_timeout, ("1h",), 3600),
        (legacy.truncate_long_string, ("abcdef", 3), "abc..."),
        (legacy.truncate_long_string, ("abcdef",), "abcdef"),
        (legacy.get_call_string, ("f", ("x" * 100,), {}), f"f('{'x' * 100}')"),
        (legacy.get_call_string, ("f", ("é",), {"k": b"x"}, 3), "f('é', k=b'x...)"),
        (legacy.safe_json_dumps, ({"a": 1},), '{"a": 1}'),
        (legacy.safe_json_dumps, ({"a": object()},), "<not JSON serializable>"),
        (legacy.decode_redis_hash, ({b"a": b"b", "c": 1},), {"a": b"b", "c": 1}),
        (legacy.parse_composite_key, ("a:b",), ("a", "b")),
        (legacy.normalize_config_path, ("a/b.py",), "a.b"),
        (legacy.normalize_config_path, ("./a/b.py",), "a.b"),
        (legacy.normalize_config_path, ("/x/a.py",), "x.a"),
        (legacy.normalize_config_path, ("a.b",), "a.b"),
        (legacy.compact, ([1, None, 0],), [1, 0]),
        (legacy.is_nonstring_iterable, ("a",), False),
        (legacy.is_nonstring_iterable, (b"a",), True),
        (legacy.ensure_job_list, ((1, 2),), [1, 2]),
        (legacy.ensure_job_list, ("a",), ["a"]),
        (legacy.ensure_job_list, (None,), [None]),
        (legacy.ceildiv, (5, 2), 3),
        (legacy.ceildiv, (4, 2), 2),
        (legacy.resolve_function_reference, (len,), (None, "builtins.len")),
        (legacy.backend_class, (Holder, "chosen"), dict),
        (legacy.backend_class, (Holder, "chosen", list), list),
        (legacy.backend_class, (Holder, "chosen", "builtins.set"), set),
    ],
)
def test_a_helper_answers_as_rq_does(function, args, answer):
    assert function(*args) == answer


def test_the_values_of_a_hash_are_decoded_on_request():
    assert legacy.decode_redis_hash({b"a": b"b"}, decode_values=True) == {"a": "b"}


def test_a_list_is_split_into_slices():
    assert list(legacy.split_list([1, 2, 3], 2)) == [[1, 2], [3]]


def test_an_empty_date_is_a_value_error():
    with pytest.raises(CorruptDataError):
        legacy.str_to_date(b"")


def test_a_composite_key_without_an_execution_warns():
    with pytest.warns(DeprecationWarning, match="got a"):
        assert legacy.parse_composite_key("a") == ("a", "")


def test_a_composite_key_with_two_colons_is_a_value_error():
    with pytest.raises(InvalidOptionError), warnings.catch_warnings():
        legacy.parse_composite_key("a:b:c")


@pytest.mark.parametrize(("name", "platform"), [("linux", "LINUX"), ("darwin", "MAC"), ("win32", "WINDOWS"), ("sunos5", "OTHERS")])
def test_the_platform_is_told_by_pythons_name_of_it(monkeypatch, name, platform):
    monkeypatch.setattr("sys.platform", name)
    assert legacy.get_platform() is legacy.Platform[platform]
