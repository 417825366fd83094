"""Starting the watcher: what it is told, and what it answers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from rq.core.errors import EmbeddedError
from rq.embedded.directory import ServerDirectory

if TYPE_CHECKING:
    from rq.embedded.url import Fsync

# The watcher's answers; any other text is the reason why there is no server.
READY = "ready"
HELD = "held"  # another watcher is at work

# Where this package was imported from goes to the end of the path, so that nothing beside it hides the standard
# library.
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from rq.embedded.watcher import main; main(sys.argv[2:])"
_IMPORTED_FROM = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Orders:
    """What a watcher is told on its command line."""

    directory: ServerDirectory
    binary: Path
    fsync: Fsync
    linger_seconds: float

    def to_arguments(self) -> list[str]:
        """As command line arguments."""
        return [str(self.directory.path), str(self.binary), self.fsync, str(self.linger_seconds)]

    @classmethod
    def from_arguments(cls, arguments: list[str]) -> Self:
        """The opposite of `to_arguments`."""
        path, binary, fsync, linger_seconds = arguments
        return cls(ServerDirectory(Path(path)), Path(binary), cast("Fsync", fsync), float(linger_seconds))


def launch_watcher(orders: Orders) -> None:
    """Start a watcher and wait for its answer: that the server is ready, or that another watcher is at work.

    The watcher leaves a process behind that ends at once, so it is no child of this process and cannot become its
    zombie.

    Raises:
        EmbeddedError: the server does not start; the message says why.
    """
    if not sys.executable:
        raise EmbeddedError("an embedded server needs a Python program to look after it, and sys.executable names none")
    command = [sys.executable, "-P", "-c", _PROGRAM, str(_IMPORTED_FROM), *orders.to_arguments()]
    try:
        orders.directory.trim_log()
        with orders.directory.log.open("ab") as log:
            answer = subprocess.run(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                start_new_session=True,
                check=False,
            ).stdout.decode(errors="replace")
    except OSError as error:
        raise EmbeddedError(f"the embedded server in {orders.directory.path} could not be started: {error}") from error
    if answer not in (READY, HELD):
        silence = f"its watcher ended without a word; {orders.directory.last_words()}"
        raise EmbeddedError(f"the embedded server in {orders.directory.path} did not start: {answer or silence}")
