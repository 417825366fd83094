"""The answers over HTTP, to probes that do not wait for them."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

from rq.model.health import Health
from rq.runtime.health import HealthServer

if TYPE_CHECKING:
    import pytest

NO_LINGER = struct.pack("ii", 1, 0)


def test_a_probe_that_hangs_up_is_nothing_to_tell(capsys: pytest.CaptureFixture[str]):
    asked, goes_on = threading.Event(), threading.Event()

    def check() -> Health:
        asked.set()
        goes_on.wait(10)
        return Health(is_healthy=True, sentence="all is well")

    with HealthServer(("127.0.0.1", 0), check) as server:
        with socket.create_connection(("127.0.0.1", server.server_address[1])) as probe:
            probe.sendall(b"GET /ready HTTP/1.1\r\n\r\n")
            threading.Thread(target=server.handle_request, name="process_request").start()
            assert asked.wait(10)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)  # closed by a reset, as load balancers do
        goes_on.set()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and "process_request" in thread.name:
                thread.join(10)
    assert capsys.readouterr().err == ""
