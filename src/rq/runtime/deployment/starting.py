"""How a process of a deployment is started: with the Python, the environment and the limits of its project, and its output passed on."""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable, Mapping

from rq.runtime.children import Child, Process, Program
from rq.runtime.deployment.output import Output
from rq.runtime.deployment.plans import Plan
from rq.runtime.deployment.values import Limits

# So begins the sentence with which a command of ours fails.
_MARK = "Error: "


def child_of_plan(name: str, plan: Plan, environment: Mapping[str, str], output: Output) -> Child:
    """Return a process of a plan, not started yet.

    Args:
        name: of the process, and of its worker.
        plan: what it runs.
        environment: its environment.
        output: gets what it prints.
    """
    program = Program(plan.command(name), environment, str(plan.project.directory), tells_ready=plan.is_worker)

    words = _LastWords()

    def launch(end: socket.socket) -> Process:
        descriptor = output.open(plan.name, words.hear)
        try:
            process = program.launch(end, descriptor)
        finally:
            os.close(descriptor)
        _limit(process, plan.project.limits)
        return process

    return Child(name, launch, tells_ready=plan.is_worker, last_words=words.get)


class _LastWords:
    """What a process said last, or, if it ended with a sentence (`Error: ...`, as commands of ours do), that."""

    def __init__(self) -> None:
        self._sentence = self._line = ""

    def hear(self, line: str) -> None:
        """Take note of a line."""
        if line.startswith(_MARK):
            self._sentence = line.removeprefix(_MARK)
        self._line = line.strip() or self._line

    def get(self) -> str:
        """Return what was said last."""
        return self._sentence or self._line


def _limit(process: Process, limits: Limits) -> None:
    """Give a process that has just been started its limits; what it starts has them, too.

    Raises:
        OSError: this program may not give them. The process is killed then.
    """
    try:
        for kind, limit in ((resource.RLIMIT_DATA, limits.memory_bytes), (resource.RLIMIT_NOFILE, limits.open_files)):
            if limit is not None:
                _set_limit(process.pid, kind, limit)
        if limits.nice is not None:
            os.setpriority(os.PRIO_PROCESS, process.pid, max(limits.nice, os.getpriority(os.PRIO_PROCESS, 0)))
    except ProcessLookupError:
        return  # it has ended; whoever waits for it sees that
    except (OSError, ValueError) as error:
        os.kill(process.pid, signal.SIGKILL)
        raise OSError(f"this program may not set its limits ({error}); lower them, or raise those of this program") from error


def _set_limit(pid: int, kind: int, limit: int) -> None:
    # Linux lets one process limit another. Elsewhere `reading` refuses limits.
    set_limits: Callable[..., object] = resource.prlimit
    set_limits(pid, kind, (limit, limit))
