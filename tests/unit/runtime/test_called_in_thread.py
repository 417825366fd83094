"""Calls that other threads can end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rq.runtime.executors.called_in_thread import InterruptibleCall

if TYPE_CHECKING:
    from types import FrameType


def test_who_is_ended_a_moment_after_the_end_is_ended_no_more():
    call = InterruptibleCall(lambda: "done")

    def end_it_late(frame: FrameType, event: str, _arg: Any) -> None:
        if event == "call" and frame.f_code.co_name == "_leave":
            sys.settrace(None)
            call.interrupt()  # raised here, at the entry of what the call does last: where a thread may be switched as well

    sys.settrace(end_it_late)
    try:
        assert call.run() == "done"
    finally:
        sys.settrace(None)


def test_who_was_ended_before_the_beginning_does_not_begin():
    began: list[bool] = []
    call = InterruptibleCall(lambda: began.append(True))
    call.interrupt()
    assert call.run() is None
    assert not began
