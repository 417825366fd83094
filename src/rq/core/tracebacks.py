"""Exceptions as they are stored and shown: from the user's own lines on, and of a bounded length."""

import traceback
from types import TracebackType

from rq.core.references import dotted_name

# The stored traceback: its beginning says where, its end says what.
MAX_EXC_BYTES = 64 * 1024
_EXC_HEAD_BYTES = 16 * 1024
_EXC_TAIL_BYTES = MAX_EXC_BYTES - _EXC_HEAD_BYTES - 100


def format_exception(error: BaseException) -> str:
    """Return the traceback as it is stored: UTF-8, at most `MAX_EXC_BYTES`, whatever the exception does about it."""
    try:
        lines = traceback.format_exception(type(error), error, within_user_code(error.__traceback__))
        text = "".join(lines)
    except BaseException as second:  # noqa: BLE001 - it is a user's class, and so is its text
        text = f"{dotted_name(type(error))} (printing it failed with {dotted_name(type(second))})\n"
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) > MAX_EXC_BYTES:
        left_out = len(encoded) - _EXC_HEAD_BYTES - _EXC_TAIL_BYTES
        note = f"\n... {left_out} bytes left out ...\n".encode()
        encoded = encoded[:_EXC_HEAD_BYTES] + note + encoded[-_EXC_TAIL_BYTES:]
    return encoded.decode("utf-8", "ignore")


def within_user_code(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback without its outermost frames in this package, which tell users nothing."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith("rq."):
        trace = trace.tb_next
    return trace


def traceback_for_users(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback as callbacks and exception handlers get it: as above, or its innermost frame if no user code ran. They need not expect None."""
    shown = within_user_code(trace)
    if shown is None and trace is not None:
        shown = trace
        while shown.tb_next is not None:
            shown = shown.tb_next
    return shown
