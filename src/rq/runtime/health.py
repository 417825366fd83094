"""Answers over HTTP whether all is well, for load balancers, containers and monitors: `/live` and `/ready`."""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from rq.model.health import Health
from rq.version import VERSION

PATIENCE_SECONDS = 10.0


def health_as_json(health: Health) -> str:
    """Return what programs read."""
    return json.dumps(
        {
            "healthy": health.is_healthy,
            "message": health.sentence,
            "queues": {queue: list(workers) for queue, workers in health.queues},
            "overdue": list(health.overdue),
            "suspended": health.is_suspended,
        }
    )


class HealthServer(socketserver.ThreadingTCPServer):
    """Serves two questions, each with 200 for yes and 503 for no: `/live` (does this program go on?) and `/ready` (are jobs being taken care of?).

    Args:
        address: host and port; port 0 for any that is free.
        check: looks how things are; called for each question about readiness, in a thread of its own.
        is_alive: whether the program goes on.

    Raises:
        OSError: it cannot listen there.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], check: Callable[[], Health], is_alive: Callable[[], bool] = lambda: True) -> None:
        self.check = check
        self.is_alive = is_alive
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        shown = str(host)
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a probe that hung up, as those of load balancers do every few seconds; tell of anything else as ever."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve in a thread, and stop afterwards."""
        thread = threading.Thread(target=self.serve_forever, name="rq-health", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: HealthServer
    timeout = PATIENCE_SECONDS
    server_version = f"rq/{VERSION}"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a question."""
        path = self.path.partition("?")[0]
        if path == "/live":
            is_alive = self.server.is_alive()
            self._answer(HTTPStatus.OK if is_alive else HTTPStatus.SERVICE_UNAVAILABLE, json.dumps({"alive": is_alive}))
        elif path == "/ready":
            health = self.server.check()
            self._answer(HTTPStatus.OK if health.is_healthy else HTTPStatus.SERVICE_UNAVAILABLE, health_as_json(health))
        else:
            self._answer(HTTPStatus.NOT_FOUND, json.dumps({"message": "ask for /live or /ready"}))

    do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a probe comes every few seconds."""

    def _answer(self, status: HTTPStatus, body: str) -> None:
        content = f"{body}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
