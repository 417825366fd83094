"""Commands: what others say to this worker over its channel (`rq.command`): stop a job, kill the process of a job, shut down.

Whoever does not listen at that moment never hears of a command; a request to stop a job is also kept with its attempt, and the heartbeat brings it. What is no
command is ignored. Over a channel of each of its queues the worker hears when it is time for a look (`runtime/lookout.py`).
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rq.runtime.running import WorkerContext
from rq.store.calls import text, wire
from rq.store.connection import Meaning, meaning_of, private_client
from rq.store.waiting import wait_readable

logger = logging.getLogger("rq.worker")

RETRY_SECONDS = 2.0
# Permissions do not change by themselves.
REFUSED_SECONDS = 60.0
# A subscription that nothing came over for so long is asked whether it lives.
QUIET_SECONDS = 60.0


class CommandListener:
    """Listens in a thread of its own, over a connection of its own.

    Args:
        client: a client of the server, whose settings the connection has.
        context: the worker.
        notice: told (execution id, stop | kill) of every attempt that is to be ended.
        shut_down: called when the worker is to leave.
        look: called when one of its queues is worth a look.
        on_trouble: told about an error of the server, and the seconds until the next try.
    """

    def __init__(
        self,
        client: Any,
        context: WorkerContext,
        notice: Callable[[str, str], None],
        shut_down: Callable[[], None],
        look: Callable[[], None],
        on_trouble: Callable[[Exception, float], None],
    ) -> None:
        self._client = private_client(client)
        self._is_own_client = self._client is not client
        self._context = context
        self._notice = notice
        self._shut_down = shut_down
        self._look = look
        self._on_trouble = on_trouble
        keys = context.scripts.keyspace
        self._channel = keys.commands(context.name)
        self._wakes = [keys.wakes(queue) for queue in context.config.queues]
        self._reader = self._writer = -1
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=f"rq-commands-{context.name}", daemon=True)

    def start(self) -> None:
        """Start to listen. Only now is there anything that a process forked before could share."""
        self._reader, self._writer = os.pipe()
        self._thread.start()

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """Listen no more; a call that hangs on the network is not waited for longer than that."""
        self._stopping = True
        if self._writer < 0:
            return
        os.write(self._writer, b"!")
        self._thread.join(timeout_seconds)
        if not self._thread.is_alive():
            os.close(self._reader)
            os.close(self._writer)

    def _loop(self) -> None:
        while not self._stopping:
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - a listener that ends in silence would never hear a command again
                if not self._stopping:
                    pause = REFUSED_SECONDS if meaning_of(error) is Meaning.NO_PERMISSION else RETRY_SECONDS
                    self._on_trouble(error, pause)
                    wait_readable([self._reader], pause)
        if self._is_own_client:
            self._client.close()

    def _listen(self) -> None:
        subscribe: Callable[..., Any] = self._client.pubsub
        with subscribe() as subscription:
            subscription.subscribe(*map(wire, (self._channel, *self._wakes)))
            while not self._stopping:
                message = subscription.get_message(timeout=0.0)
                if message is not None:
                    self._hear(message)
                    continue
                # redis-py offers no way to wait for messages and for something else at once.
                socket: Any = subscription.connection._sock if subscription.connection else None  # noqa: SLF001 - see above
                if not wait_readable([self._reader, *([socket.fileno()] if socket else [])], QUIET_SECONDS):
                    subscription.ping()

    def _hear(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "message" and text(message["channel"]) == self._channel:
            self._obey(message["data"])
        elif message["type"] in {"message", "subscribe"}:  # whatever was said before it subscribed, nobody heard
            self._look()

    def _obey(self, data: Any) -> None:
        command: Any = None
        with suppress(ValueError, TypeError, RecursionError):
            command = json.loads(data)
        if not isinstance(command, dict):
            logger.warning("Worker %s: something that is no command came over its channel", self._context.name)
            return
        match command.get("command"):
            case "shutdown":
                self._shut_down()
            case "stop-job":
                self._end("stop", str(command.get("job_id")))
            case "kill-horse":
                self._end("kill", None)
            case other:
                logger.info("Worker %s: the command %r is not known here", self._context.name, other)

    def _end(self, code: str, job_id: str | None) -> None:
        for attempt in self._context.running.snapshot():
            if job_id is None or attempt.key.job_id == job_id:
                self._notice(attempt.key.execution_id, code)
