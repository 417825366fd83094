"""A platform that has neither fork nor POSIX signals, as far as Python can be made one: what is missing elsewhere is taken away.

Called before anything else, by the `sitecustomize` that `write_sitecustomize` writes, in a process and in those that it starts.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "pty")
_NAMES = {
    os: (
        "fork",
        "forkpty",
        "killpg",
        "setpgrp",
        "setpgid",
        "getpgrp",
        "getpgid",
        "setsid",
        "wait4",
        "waitid",
        "getuid",
        "geteuid",
        "register_at_fork",
        "uname",
    ),
    signal: ("SIGALRM", "SIGKILL", "SIGCHLD", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "setitimer", "getitimer", "alarm", "pthread_sigmask", "pthread_kill"),
    socket: ("send_fds", "recv_fds", "SCM_RIGHTS", "CMSG_SPACE", "CMSG_LEN"),
}


def take_away() -> None:
    """Make this process one on such a platform."""
    for name in _MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails from now on
    for module, names in _NAMES.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


def write_sitecustomize(folder: Path) -> Path:
    """Write what makes every interpreter with this folder in PYTHONPATH one on such a platform, and return the folder."""
    (folder / "sitecustomize.py").write_text("from tests.support.bare_platform import take_away\ntake_away()\n")
    return folder
