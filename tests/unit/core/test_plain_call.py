"""Calls that are read off a payload: plain data as it is, everything else by its name, and nobody's code runs."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import json
import os
import pickle
import tracemalloc
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from rq.core.formats import compress
from rq.core.plain_call import MOST_BYTES, UNKNOWN_CALL, plain_call

PLAIN = (
    *(None, True, 1, 1.5, "text", b"bytes", [1, [2]], {"a": (1,)}, {1, 2}, frozenset({3}), 1j, range(3)),
    *(dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), dt.timedelta(1), dt.time(1, 2)),
    *(collections.OrderedDict(a=1), Decimal("1.50"), uuid.UUID(int=5)),
)


@dataclass
class Order:
    number: int


class Numbers(list[int]):
    pass


class Prices(dict[str, int]):
    pass


class Colour(enum.Enum):
    RED = "red"


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def stored(func_name, args, kwargs, protocol=pickle.HIGHEST_PROTOCOL):
    return compress(pickle.dumps((func_name, None, args, kwargs), protocol))


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_as_it_is(protocol):
    func_name, args, kwargs = plain_call(stored("tasks.add", PLAIN, {"b": PLAIN}, protocol))
    assert (func_name, args, kwargs) == ("tasks.add", PLAIN, {"b": PLAIN})
    assert [type(value) for value in args or ()] == [type(value) for value in PLAIN]


def test_what_stands_there_twice_comes_twice():
    one = uuid.UUID(int=5)
    assert plain_call(stored("f", (one, one), {})).args == (one, one)


def test_json_is_read_too():
    assert plain_call(compress(json.dumps(("tasks.add", None, (1,), {"b": 2})).encode())) == ("tasks.add", (1,), {"b": 2})


@pytest.mark.parametrize(("value", "name"), [(Order(1), "Order"), (Numbers([1, 2]), "Numbers"), (Prices(a=1), "Prices"), (Colour.RED, "Colour")])
def test_what_is_of_another_class_is_shown_by_its_name(value, name):
    _, args, _ = plain_call(stored("f", (value, 2), {}))
    assert repr(args) == f"(<{value.__class__.__module__}.{name}>, 2)"


def test_a_payload_runs_nobodys_code(tmp_path):
    trap = tmp_path / "made"
    func_name, args, _ = plain_call(stored("f", (Trap(trap),), {}))
    assert (func_name, repr(args)) == ("f", "(<posix.mkdir>,)")
    assert not trap.exists()


@pytest.mark.parametrize("data", [b"", b"nonsense", compress(b"[1]"), stored("f", ("x" * MOST_BYTES,), {}), compress(pickle.dumps(7))])
def test_what_cannot_be_read_or_is_too_long_is_not_known(data):
    assert plain_call(data) == UNKNOWN_CALL


def call_of(args: bytes, before: bytes = b"") -> bytes:
    """A pickle of a call, whose arguments these opcodes make."""
    return compress(b"\x80\x04" + before + b"(\x8c\x01fN" + args + b"}t.")


NUMBERS = b"](" + b"".join(b"M" + bytes(divmod(number, 256)) for number in range(3000)) + b"eq\x000"
RANGE = b"cbuiltins\nrange\nK\x00\x8a\x06\x00\x00\x00\x00\x00\x10\x86R"  # range(0, 2 ** 44)


@pytest.mark.parametrize(
    "bomb",
    [
        call_of(b")", before=b"Nr\xff\xff\xff\x7f0"),
        call_of(RANGE),
        call_of(b"cbuiltins\nset\n" + RANGE + b"\x85R\x85"),
        call_of(b"(" + b"cbuiltins\nfrozenset\nh\x00\x85R" * 400 + b"t", before=NUMBERS),
        call_of(b"\x8e\xff\xff\xff\xff\x0f\x00\x00\x00x\x85"),
    ],
    ids=["a memo of two thousand million places", "arguments without end", "a set of them", "the same list again and again", "bytes that do not follow"],
)
def test_a_few_bytes_do_not_fill_the_memory(bomb: bytes):
    tracemalloc.start()
    try:
        plain_call(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def test_what_makes_no_more_than_it_says_is_read():
    assert plain_call(call_of(RANGE + b"\x85")).args == (range(2**44),)
    assert plain_call(call_of(b"cbuiltins\nfrozenset\nh\x00\x85R\x85", before=NUMBERS)).args is not None
