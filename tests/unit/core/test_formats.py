"""The texts and bytes of the wire format, row by row."""

import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rq.core.errors import CorruptDataError, InvalidOptionError, TimeoutFormatError
from rq.core.formats import (
    as_text,
    beginning_of,
    call_string,
    compress,
    decompress,
    format_date,
    parse_date,
    parse_duration,
    truncate,
)

MOMENT = datetime(2026, 11, 20, 18, 19, 41, 219608, tzinfo=UTC)


# --- dates ------------------------------------------------------------------------------------------------------------


def test_a_date_is_written_in_utc_with_six_fractional_digits():
    assert format_date(MOMENT) == "2026-11-20T18:19:41.219608Z"
    assert format_date(MOMENT.replace(microsecond=0)) == "2026-11-20T18:19:41.000000Z"


def test_a_date_of_another_zone_is_written_in_utc():
    assert format_date(MOMENT.astimezone(timezone(timedelta(hours=-7)))) == "2026-11-20T18:19:41.219608Z"


@pytest.mark.parametrize("text", ["2026-11-20T18:19:41.219608Z", b"2026-11-20T18:19:41.219608Z"])
def test_a_stored_date_is_read_from_text_and_bytes(text):
    assert parse_date(text) == MOMENT
    assert parse_date(text).tzinfo is UTC


def test_a_date_without_a_fraction_is_read():
    assert parse_date("2014-01-02T03:04:05Z") == datetime(2014, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", b"", "Z", "2014", "2014-01-02T03:04:05", "2014-01-02T03:04:05+00:00", "now"])
def test_what_is_no_stored_date_is_an_error(text):
    with pytest.raises(CorruptDataError):
        parse_date(text)


def test_a_missing_date_is_a_value_error():
    with pytest.raises(ValueError, match="NoneType"):
        parse_date(None)  # type: ignore[arg-type]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_written_is_read_back_exactly(moment):
    assert parse_date(format_date(moment)) == moment


# --- durations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (5, 5),
        (True, 1),
        (2.7, 2),
        ("2", 2),
        (" 5 ", 5),
        (b"180", 180),
        ("-1", -1),
        ("10s", 10),
        ("23m", 1380),
        ("1h", 3600),
        ("1d", 86400),
        ("1H", 3600),
        ("1 h", 3600),
        ("-1h", -3600),
        (" 1h ", 3600),
        (b"1h", 3600),
        (0, 0),
    ],
)
def test_a_duration_is_whole_seconds(value, seconds):
    assert parse_duration(value) == seconds


@pytest.mark.parametrize("value", ["", "h", "1.5", "1.5h", "1x", "1w", "None", float("nan"), float("inf"), "9" * 5000, "9" * 5000 + "s"])
def test_what_nobody_understands_as_a_duration_is_refused(value):
    with pytest.raises(TimeoutFormatError):
        parse_duration(value)


@pytest.mark.parametrize("value", [timedelta(seconds=5), [5], object()])
def test_a_duration_that_is_neither_number_nor_text_is_a_type_error(value):
    with pytest.raises(TypeError):
        parse_duration(value)


# --- texts ------------------------------------------------------------------------------------------------------------


def test_text_is_str_or_utf_8_bytes():
    assert (as_text("é"), as_text("é".encode())) == ("é", "é")


@pytest.mark.parametrize("value", [None, 5, bytearray(b"x")])
def test_what_is_no_text_is_a_value_error(value):
    with pytest.raises(InvalidOptionError):
        as_text(value)


@pytest.mark.parametrize(
    ("text", "max_length", "cut"),
    [("abcdef", 3, "abc..."), ("abc", 3, "abc"), ("abc", None, "abc"), ("abc", 0, "...")],
)
def test_a_long_text_is_cut_and_marked(text, max_length, cut):
    assert truncate(text, max_length) == cut


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("args", "kwargs", "printed"),
    [
        ((), {}, "tasks.f()"),
        (("bob",), {}, "tasks.f('bob')"),
        ([1], {"b": 1, "a": 2, "Z": 3}, "tasks.f(1, Z=3, a=2, b=1)"),
        (("x" * 100,), {}, "tasks.f('" + "x" * 74 + "...)"),
        (("x" * 5000, b"y" * 5000), {}, "tasks.f('" + "x" * 74 + "..., b'" + "y" * 73 + "...)"),
        ((), {"a": "y" * 80}, "tasks.f(a='" + "y" * 74 + "...)"),
        ((1,), {3: 4}, "tasks.f(1, 3=4)"),
    ],
)
def test_a_call_is_printed_as_one_would_write_it(args, kwargs, printed):
    assert call_string("tasks.f", args, kwargs) == printed


def test_a_call_can_be_printed_at_full_length():
    assert call_string("f", ("x" * 5000,), {}, max_length=None) == f"f('{'x' * 5000}')"


def test_a_call_of_nothing_is_nothing():
    assert call_string(None, (), {}) is None


def test_an_argument_that_cannot_be_printed_costs_nothing_but_its_text():
    assert call_string("f", (Unprintable(),), {}) == f"f(<{__name__}.Unprintable>)"


# --- compression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 255, 256, 100_000])
def test_any_zlib_reader_reads_what_was_compressed(size):
    data = bytes(index % 251 for index in range(size))
    assert zlib.decompress(compress(data)) == data


@given(st.binary(max_size=600))
def test_compressing_is_undone_by_decompressing(data):
    assert decompress(compress(data)) == data
    assert beginning_of(compress(data), 100) == data[:100]


def test_the_compression_of_other_zlib_writers_is_read():
    assert decompress(zlib.compress(b"a" * 10, 9)) == b"a" * 10


def test_long_data_gets_shorter():
    assert len(compress(b"a" * 10_000)) < 100


@pytest.mark.parametrize("data", [b"", b"plain", b"x\x9c plain", zlib.compress(b"a" * 50)[:-3]])
def test_what_is_no_zlib_stream_is_returned_as_it_is(data):
    assert decompress(data) == data


@pytest.mark.parametrize("data", [zlib.compress(b"a" * 1_000_000), b"a" * 1_000_000])
def test_the_beginning_of_a_long_value_can_be_read(data):
    assert beginning_of(data, 1_000) == b"a" * 1_000
