"""Calls that other threads can end."""

from __future__ import annotations

from rq.runtime.executors.called_in_thread import InterruptibleCall


class LateCall(InterruptibleCall[str]):
    """Somebody ends it when its body is over, and before it has said so."""

    is_late = False

    def _leave(self) -> None:
        if not self.is_late:
            self.is_late = True
            self.interrupt()  # the exception comes here, as it may where a thread is switched
        super()._leave()


def test_who_is_ended_a_moment_after_the_end_is_ended_no_more():
    assert LateCall(lambda: "done").run() == "done"


def test_who_was_ended_before_the_beginning_does_not_begin():
    began: list[bool] = []
    call = InterruptibleCall(lambda: began.append(True))
    call.interrupt()
    assert call.run() is None
    assert not began
