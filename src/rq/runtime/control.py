"""Listening: what others say to this worker over its channel (`rq.command`), and over those of its queues, that it is time for a look (`runtime/lookout.py`).

What is said while it does not listen it does not hear; commands that are kept come with the heartbeat, see `runtime/orders.py`. What is no command is ignored.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rq.runtime.orders import Orders
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
        orders: obeys the commands.
        look: called when one of its queues is worth a look.
        on_trouble: told about an error of the server, and the seconds until the next try.

    Attributes:
        on_message: called with each message that comes over the channel, as redis-py gives it; by default obeys.
        on_error: called with each error, the subscription that it came over, and the thread, beside `on_trouble`.
    """

    def __init__(
        self,
        client: Any,
        context: WorkerContext,
        orders: Orders,
        look: Callable[[], None],
        on_trouble: Callable[[Exception, float], None],
    ) -> None:
        self._client = private_client(client)
        self._is_own_client = self._client is not client
        self._context = context
        self._orders = orders
        self._look = look
        self._on_trouble = on_trouble
        self.on_message: Callable[[Any], None] = lambda message: self.obey(message["data"])
        self.on_error: Callable[[Exception, Any, threading.Thread], object] = lambda *_: None
        self._subscription: Any = None
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
                    self._wait_out(error)
        if self._is_own_client:
            self._client.close()

    def _wait_out(self, error: Exception) -> None:
        """Tell of an error, and wait a while; whoever is told may have waited already."""
        pause = REFUSED_SECONDS if meaning_of(error) is Meaning.NO_PERMISSION else RETRY_SECONDS
        until = time.monotonic() + pause
        self._on_trouble(error, pause)
        self.on_error(error, self._subscription, self._thread)
        wait_readable([self._reader], max(until - time.monotonic(), 0.0))

    def _listen(self) -> None:
        subscribe: Callable[..., Any] = self._client.pubsub
        with subscribe() as subscription:
            self._subscription = subscription
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
            self.on_message(message)
        elif message["type"] in {"message", "subscribe"}:  # whatever was said before it subscribed, nobody heard
            self._look()

    def obey(self, data: Any) -> None:
        """Do what came over the channel, if it is a command."""
        command: Any = None
        with suppress(ValueError, TypeError, RecursionError):
            command = json.loads(data)
        if not isinstance(command, dict):
            logger.warning("Worker %s: something that is no command came over its channel", self._context.name)
            return
        self._orders.obey(command)
