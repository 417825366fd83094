"""How signals are called in the log."""

from __future__ import annotations

import signal

signal_names: dict[int, str] = {int(number): number.name for number in signal.Signals}


def signal_name(signum: int) -> str:
    """Return the name of a signal: `SIGTERM` for 15; a text that says so for a number that is none."""
    return signal_names.get(signum, "SIG_UNKNOWN")
