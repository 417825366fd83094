"""HTTP whose answers begin in time: `http.client` has a time limit for each packet alone, and a receiver that sends a byte now and then would hold it for ever.

Not to be imported before there is something to send: it loads `http.client` and `urllib`.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request


class _ImpatientConnection(HTTPConnection):
    """A connection over which the whole head of an answer comes within the time limit."""

    def getresponse(self) -> HTTPResponse:
        """Return the answer, whose body was not read yet.

        Raises:
            TimeoutError: if its head takes too long.
        """
        cut = _Cut(self.sock)
        timer = threading.Timer(self.timeout or 0, cut.make)
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()
        except Exception as error:
            cut.check(error)
            raise
        finally:
            timer.cancel()
        cut.check()  # an end in the middle of the headers passes for the end of the headers
        return response


class _Cut:
    """The end of a connection whose time is over: whoever reads from it reads on no more."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._is_made = False

    def make(self) -> None:
        """Cut the connection."""
        self._is_made = True
        with suppress(OSError):  # it may have ended by itself
            self._sock.shutdown(socket.SHUT_RDWR)

    def check(self, error: Exception | None = None) -> None:
        """Say so if the connection was cut; `error` is what came of it.

        Raises:
            TimeoutError: if it was.
        """
        if self._is_made:
            raise TimeoutError("the head of the answer did not come in time") from error


class _ImpatientTlsConnection(_ImpatientConnection, HTTPSConnection):
    """The same over TLS."""


class ImpatientHttpHandler(HTTPHandler):
    """Speaks HTTP."""

    def http_open(self, req: Request) -> HTTPResponse:
        """Send a request and return the answer."""
        return _open(self, _ImpatientConnection, req)


class ImpatientHttpsHandler(HTTPSHandler):
    """Speaks HTTP over TLS."""

    def https_open(self, req: Request) -> HTTPResponse:
        """Send a request and return the answer."""
        return _open(self, _ImpatientTlsConnection, req)


def _open(handler: Any, connection_class: type[HTTPConnection], request: Request) -> HTTPResponse:
    response: HTTPResponse = handler.do_open(connection_class, request)
    return response
