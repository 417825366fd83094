"""The ring, and what gives it a copy of all that is written."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rq.core import context
from rq.core.errors import JobTimeoutException
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.job_run import CurrentAttempt
from rq.runtime.executors.output import Keeper, Ring, Tees, keeper_in_process, read_ring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def ring_of(size: int, *pieces: bytes) -> bytes:
    memory = bytearray(size + 8)
    ring = Ring(memory)
    for piece in pieces:
        ring.write(piece)
    return read_ring(bytes(memory))


@pytest.mark.parametrize("pieces", [[], [b""], [b"a"], [b"ab", b"cd"], [b"abcdefgh"], [b"abcd", b"efgh"]])
def test_a_ring_holds_all_that_there_is_room_for(pieces: list[bytes]):
    assert ring_of(8, *pieces) == b"".join(pieces)


@pytest.mark.parametrize(
    "pieces", [[b"0123456789"], [b"01234567", b"89"], [b"0", b"123456789"], [b"%d" % n for n in range(10)], [b"x" * 90, b"01", b"23456789"]]
)
def test_a_ring_that_is_full_holds_the_last_bytes_and_says_how_many_are_missing(pieces: list[bytes]):
    total = sum(map(len, pieces))
    assert ring_of(8, *pieces) == b"... %d bytes left out ...\n23456789" % (total - 8)


def test_a_ring_does_not_begin_in_the_middle_of_a_character():
    assert ring_of(6, "aéé€".encode()) == "... 2 bytes left out ...\né€".encode()


def test_many_pieces_of_any_size_leave_the_end_of_all():
    pieces = [bytes([65 + n % 26]) * (n * 7 % 61) for n in range(200)]
    assert ring_of(1000, *pieces).partition(b"\n")[2] == b"".join(pieces)[-1000:]


def test_what_cannot_be_kept_hurts_nobody():
    def refuse(size: int) -> Any:
        raise OSError(f"no room for {size} bytes")

    keeper = Keeper(100)
    keeper.keep("before any attempt")
    keeper.begin(refuse)
    keeper.keep("lost")
    keeper.keep("and not tried again")
    assert keeper.read() == b""


@pytest.mark.parametrize("kind", [JobTimeoutException, TimeoutError, KeyboardInterrupt])
def test_what_a_signal_handler_raises_while_something_is_kept_gets_through(kind: type[BaseException]):
    def be_interrupted(size: int) -> Any:
        raise kind(size)

    keeper = Keeper(100)
    keeper.begin(be_interrupted)
    with pytest.raises(kind):
        keeper.keep("text")


def test_each_attempt_that_begins_has_a_ring_of_its_own():
    keeper = Keeper(100)
    for word in ("one", "two"):
        keeper.begin(bytearray)
        assert keeper.read() == b""
        keeper.keep(word)
        keeper.keep("!")
        assert keeper.read() == f"{word}!".encode()


@pytest.mark.parametrize("memory", [b"", b"\xff", b"\xff" * 8, b"\xff" * 12])
def test_a_ring_that_somebody_else_wrote_to_is_read_as_it_is(memory: bytes):
    assert read_ring(memory).endswith(memory[12:])


def test_text_that_is_no_unicode_is_kept_in_escapes():
    keeper = keeper_in_process(100)
    assert keeper is not None
    keeper.keep("a\udcffb")
    assert keeper.read() == rb"a\udcffb"


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tees(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tees]:
    """Puts a stream in the place of all standard ones, and installs tees; to be called in the test itself, because pytest has streams of its own for it."""

    def install(stream: io.TextIOWrapper | None) -> Tees:
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            monkeypatch.setattr(sys, name, stream)
        made = Tees()
        made.install()
        return made

    return install


@pytest.fixture
def out() -> Iterator[io.TextIOWrapper]:
    """A stream, which is as before when the test is over."""
    stream = io.TextIOWrapper(io.BytesIO(), write_through=True)
    yield stream
    assert "write" not in vars(stream)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    """The keeper of an attempt that runs here."""
    found = keeper_in_process(100)
    assert found is not None
    context.push(CurrentAttempt(Attempt("j", "e", "q", 1, None, {}), keeper=found))
    yield found
    context.pop()


def written_to(stream: io.TextIOWrapper) -> bytes:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


def test_what_is_printed_and_logged_goes_where_it_went_and_is_kept(out: io.TextIOWrapper, keeper: Keeper, tees: Callable[..., Tees]):
    handler = logging.StreamHandler(out)
    installed = tees(out)
    print("printed", end="")  # noqa: T201 - that is what is tried
    sys.stderr.writelines([", to", " stderr"])
    handler.emit(logging.makeLogRecord({"msg": ", logged"}))
    installed.restore()
    out.write("after")
    assert keeper.read() == b"printed, to stderr, logged\n"
    assert written_to(out) == b"printed, to stderr, logged\nafter"


def test_in_a_process_of_one_job_everything_is_its_own_whatever_was_installed_before(out: io.TextIOWrapper, tees: Callable[..., Tees]):
    installed = tees(out)
    own = Keeper(100)
    own.begin(bytearray)
    installed.install(own)
    out.write("said")
    installed.restore()
    installed.restore()
    assert own.read() == b"said"


def test_what_no_attempt_writes_is_not_kept(out: io.TextIOWrapper, keeper: Keeper, tees: Callable[..., Tees]):
    installed = tees(out)
    thread = threading.Thread(target=out.write, args=("of the worker",))
    thread.start()
    thread.join()
    installed.restore()
    assert keeper.read() == b""
    assert written_to(out) == b"of the worker"


def test_streams_are_restored_when_the_last_who_needs_them_is_done(out: io.TextIOWrapper, keeper: Keeper, tees: Callable[..., Tees]):
    installed = tees(out)
    installed.install()
    installed.restore()
    out.write("still kept")
    installed.restore()
    assert keeper.read() == b"still kept"


def test_what_is_held_is_left_in_place_for_the_next(out: io.TextIOWrapper, keeper: Keeper, tees: Callable[..., Tees]):
    installed = tees(out)
    installed.hold()
    installed.restore()
    first = vars(out)["write"]
    installed.install()
    assert vars(out)["write"] is first
    out.write("kept")
    installed.let_go()
    assert vars(out)["write"] is first
    installed.restore()
    assert "write" not in vars(out)
    assert keeper.read() == b"kept"


def test_of_what_is_held_only_the_streams_of_now_are_kept(out: io.TextIOWrapper, keeper: Keeper, tees: Callable[..., Tees], monkeypatch: pytest.MonkeyPatch):
    installed = tees(out)
    installed.hold()
    installed.restore()
    other = io.TextIOWrapper(io.BytesIO(), write_through=True)
    monkeypatch.setattr(sys, "stdout", other)
    installed.install()
    other.write("kept")
    monkeypatch.setattr(sys, "stdout", out)
    installed.restore()
    installed.install()
    assert "write" not in vars(other)
    del out.write
    installed.restore()
    installed.install()
    out.write(", kept")
    installed.restore()
    installed.let_go()
    assert keeper.read() == b"kept, kept"


def test_what_somebody_else_put_in_place_of_the_tee_is_left_alone(out: io.TextIOWrapper, tees: Callable[..., Tees]):
    installed = tees(out)
    theirs = vars(out)["write"] = len
    installed.restore()
    assert vars(out).pop("write") is theirs


def test_a_stream_that_refuses_a_text_keeps_none(out: io.TextIOWrapper, keeper: Keeper, tees: Callable[..., Tees]):
    installed = tees(out)
    with pytest.raises(TypeError):
        out.write(b"bytes")  # type: ignore[arg-type]
    installed.restore()
    assert keeper.read() == b""


def test_streams_that_are_not_there_are_done_without(tees: Callable[..., Tees]):
    tees(None).restore()
