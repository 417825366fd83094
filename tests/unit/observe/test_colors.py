"""Colours, where there is a terminal."""

from __future__ import annotations

import io
import logging

import pytest

from rq.logutils import ColorizingStreamHandler, blue, colorizer, green, make_colorizer, red, yellow
from rq.observe.colors import Colorizer

RESET = "\x1b[39;49;00m"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _on_a_terminal(monkeypatch):
    monkeypatch.setattr(colorizer, "notty", False)


def lines(stream, *, exclude=None):
    """What a handler writes for a line of information and one of each level from warning up."""
    handler = ColorizingStreamHandler(exclude, stream)
    for level in (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        handler.emit(logging.LogRecord("rq.worker", level, __file__, 1, "words", (), None))
    return stream.getvalue().splitlines()


@pytest.mark.usefixtures("_on_a_terminal")
def test_a_text_is_coloured_on_a_terminal():
    assert [color("x") for color in (red, green, yellow, blue)] == [f"\x1b[{number}mx{RESET}" for number in (31, 32, 33, 34)]
    assert make_colorizer("bold")("x") == f"\x1b[01mx{RESET}"


def test_a_text_stays_as_it_is_without_a_terminal():
    assert Colorizer(notty=True).colorize("red", "x") == "x"
    assert Colorizer(notty=False).colorize("red", "x") == f"\x1b[31;01mx{RESET}"


@pytest.mark.usefixtures("_on_a_terminal")
def test_warnings_and_errors_are_coloured_on_a_terminal():
    assert lines(Terminal()) == ["words", yellow("words"), red("words"), red("words")]


@pytest.mark.usefixtures("_on_a_terminal")
def test_no_line_is_coloured_that_is_excluded_or_goes_elsewhere():
    assert lines(io.StringIO()) == ["words"] * 4
    assert lines(Terminal(), exclude=lambda record: record.levelno == logging.ERROR)[2] == "words"
