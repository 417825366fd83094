"""One stream of whole lines, made of what many processes print."""

from __future__ import annotations

import io
import logging
import os
from typing import TYPE_CHECKING

import pytest

from rq.runtime.deployment.output import Output, OutputHandler

if TYPE_CHECKING:
    from collections.abc import Callable


def shown(write: Callable[[Output], object], *, is_colored: bool = False) -> str:
    """Return what is shown of what `write` does."""
    stream = io.StringIO()
    output = Output(stream, ["web", "mails"], is_colored=is_colored)
    with output.running():
        write(output)
    return stream.getvalue()


def print_of(output: Output, name: str, data: bytes) -> None:
    """Write as a process of this name would, and end."""
    descriptor = output.open(name)
    os.write(descriptor, data)
    os.close(descriptor)


def test_each_line_stands_behind_its_name():
    assert shown(lambda output: print_of(output, "web", b"one\ntwo\n")) == "web   | one\nweb   | two\n"


def test_a_line_that_comes_in_pieces_is_shown_whole():
    def write(output: Output) -> None:
        web, mails = output.open("web"), output.open("mails")
        for descriptor, data in ((web, b"on"), (mails, b"other\n"), (web, b"e\n")):
            os.write(descriptor, data)
        os.close(web)
        os.close(mails)

    assert sorted(shown(write).splitlines()) == ["mails | other", "web   | one"]


def test_what_the_stream_cannot_show_is_shown_as_escapes():
    written = io.BytesIO()
    output = Output(io.TextIOWrapper(written, encoding="ascii"), ["web"], is_colored=False)
    output.write("web", "gr\u00fc\u00dfe \U0001f600")
    assert written.getvalue().decode("ascii") == "web | gr\\xfc\\xdfe \\U0001f600\n"


def test_the_last_line_needs_no_end():
    assert shown(lambda output: print_of(output, "web", b"one\ntwo")) == "web   | one\nweb   | two\n"


def test_what_a_process_that_goes_on_has_written_is_shown_at_the_end():
    descriptors = []

    def write(output: Output) -> None:
        descriptors.append(output.open("web"))
        os.write(descriptors[0], b"one\ntwo")

    assert shown(write) == "web   | one\nweb   | two\n"
    os.close(descriptors[0])


def test_bytes_that_are_no_text_and_carriage_returns_do_no_harm():
    assert shown(lambda output: print_of(output, "web", b"\xff\r\n")) == "web   | \ufffd\n"


def test_a_line_without_an_end_is_shown_in_pieces():
    def write(output: Output) -> None:
        descriptor = output.open("web")
        for _ in range(5):
            os.write(descriptor, b"x" * 32 * 1024)
        os.close(descriptor)

    lines = shown(write).splitlines()
    assert len(lines) > 1
    assert sum(line.count("x") for line in lines) == 5 * 32 * 1024


def test_names_have_colours_on_a_terminal():
    line = shown(lambda output: output.write("web", "one"), is_colored=True)
    assert line.startswith("\x1b[")
    assert line.endswith("one\n")


def test_log_lines_are_shown_as_those_of_a_source():
    def write(output: Output) -> None:
        record = logging.makeLogRecord({"msg": "one\ntwo"})
        OutputHandler(output, "rq").emit(record)

    assert shown(write) == "rq    | one\nrq    | two\n"


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_when_nobody_reads_any_more_processes_go_on(error: type[Exception]):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise error

    output = Output(Closed(), ["web"], is_colored=False)
    with output.running():
        print_of(output, "web", b"one\n")
