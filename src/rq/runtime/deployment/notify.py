"""What a supervisor tells the service manager that started it: the protocol of sd_notify(3), a datagram of NAME=value lines to NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

# What is meant for this process alone; children must not speak in its name.
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")

# A manager with much to read gets that long to do so.
_PATIENCE_SECONDS = 1.0


class Notifier:
    """Tells the service manager how things are; nobody, where there is none.

    Args:
        environ: the environment of this process.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is no file: it belongs to the abstract namespace of Linux.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_seconds = _watchdog_seconds(environ)

    def ready(self, status: str) -> None:
        """Tell that the service is up, or that it has its new settings."""
        self._tell("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """Tell people how things are; `systemctl status` shows it."""
        self._tell(f"STATUS={status}")

    def reloading(self) -> None:
        """Tell that new settings are being read; `ready` ends that."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Tell that the service is about to end."""
        self._tell("STOPPING=1", "STATUS=running jobs are finished")

    def alive(self) -> None:
        """Tell the watchdog that this process goes on."""
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # A service manager that is not there, or not listening, is no reason to disturb anybody's jobs.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(_PATIENCE_SECONDS)
            channel.sendto("\n".join(lines).encode(), self._address)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Return how often the watchdog wants to hear something, in seconds; None if there is none, or it watches somebody else."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or int(microseconds) == 0:
        return None
    return int(microseconds) / 1_000_000 if environ.get("WATCHDOG_PID") in {None, "", str(os.getpid())} else None
