"""Orders: what others tell this worker to do (`rq.command`): stop a job, kill the process of a job, shut down.

They come over the worker's channel, as RQ says them; and those that were kept on the server come with the heartbeat as well, should the channel be cut or
refused. Each bears an id, and is obeyed once, whichever way it comes first.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from rq.model.outcome import Died, Outcome, Released, Stopped
from rq.runtime.running import WorkerContext
from rq.store.lease import KeptCommand

logger = logging.getLogger("rq.worker")

_ENDINGS: dict[str, Outcome] = {"stop": Stopped("The job was stopped by a user"), "kill": Died("somebody told the worker to kill it (kill-horse)")}

# Ends that somebody wishes, in RQ's worker by its `kill_horse()`.
WISHES = frozenset(_ENDINGS)

# A command is kept for a beat or two; what came before that many others comes no more.
MOST_REMEMBERED = 100


def ending_by(code: str) -> Outcome:
    """Return what an attempt ends as that is ended by an order, or because it lost its lease: then it never counted."""
    return _ENDINGS.get(code) or Released(f"the attempt was ended: {code}")


class Orders:
    """Obeys, in whichever thread hears.

    Args:
        context: the worker.
        notice: told (execution id, stop | kill) of every attempt that is to be ended.
        shut_down: called when the worker is to leave.
    """

    def __init__(self, context: WorkerContext, notice: Callable[[str, str], None], shut_down: Callable[[], None]) -> None:
        self._context = context
        self._notice = notice
        self._shut_down = shut_down
        self._heard: deque[str] = deque(maxlen=MOST_REMEMBERED)
        self._lock = threading.Lock()

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what was said over the channel; an RQ sender gives no id, and means what he says each time."""
        if not self._is_new(command.get("x_id")):
            return
        match command.get("command"):
            case "shutdown":
                self._shut_down()
            case "stop-job":
                self._end("stop", lambda attempt_job_id, _: attempt_job_id == str(command.get("job_id")))
            case "kill-horse":
                self._end("kill", lambda _job_id, _execution_id: True)
            case other:
                logger.info("Worker %s: the command %r is not known here", self._context.name, other)

    def obey_kept(self, command: KeptCommand) -> None:
        """Do what the heartbeat brought, unless it was heard before."""
        if not self._is_new(command.command_id):
            return
        if command.kind == "shutdown":
            self._shut_down()
        else:
            self._end("kill", lambda _, execution_id: execution_id in command.executions)

    def _is_new(self, command_id: object) -> bool:
        if not isinstance(command_id, str):
            return True
        with self._lock:
            if command_id in self._heard:
                return False
            self._heard.append(command_id)
        return True

    def _end(self, code: str, is_meant: Callable[[str, str], bool]) -> None:
        for attempt in self._context.running.snapshot():
            if is_meant(attempt.key.job_id, attempt.key.execution_id):
                self._notice(attempt.key.execution_id, code)
