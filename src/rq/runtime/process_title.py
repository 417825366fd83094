"""What process lists show of a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

setprocname: Callable[..., Any]
try:
    from setproctitle import setproctitle as setprocname
except ImportError:

    def setprocname(title: str) -> None:
        """Do nothing: the package setproctitle is not installed."""
