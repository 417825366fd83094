"""Webhooks, sent to a real HTTP server."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError

import pytest

from rq.client.webhooks import send_webhook
from rq.webhook import Webhook

JOB: Any = SimpleNamespace(id="a", func_name="tasks.f", enqueued_at=None, ended_at=None)


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as the path says: /<status>."""

    received: list[tuple[str, str, dict[str, str], bytes]]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.received.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if self.path == "/silent":
            self.server.patience.wait()  # type: ignore[attr-defined] # given by the fixture
        if self.path == "/hesitant":
            self.pour(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self.send_response(int(self.path[1:]) if self.path[1:].isdigit() else 200)
        self.send_header("Location", "/200")
        self.end_headers()
        if self.path == "/endless":
            self.pour(b"x" * 65536)

    def pour(self, chunk: bytes) -> None:
        try:
            while True:
                self.wfile.write(chunk)
        except OSError:
            self.received.append(("hung up", self.path, {}, b""))

    do_GET = answer  # noqa: N815 - http.server's name
    do_POST = answer  # noqa: N815 - likewise

    def log_message(self, format, *args) -> None:
        pass


@pytest.fixture
def receiver():
    handler = type("ThisReceiver", (Receiver,), {"received": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.patience = threading.Event()  # type: ignore[attr-defined] # for the handler
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", received=handler.received)  # type: ignore[attr-defined] # made above
        server.patience.set()  # type: ignore[attr-defined] # for the handler
        server.shutdown()
        thread.join()


def test_a_get_has_no_body(receiver):
    Webhook(f"{receiver.url}/200", "finished", headers={"X-Key": "1"}).send(JOB)
    ((method, path, headers, body),) = receiver.received
    assert (method, path, body) == ("GET", "/200", b"")
    assert headers["x-key"] == "1"
    assert "content-type" not in headers


def test_a_post_describes_the_job_as_json(receiver):
    webhook = Webhook(f"{receiver.url}/200", "failed", method="POST")
    webhook.send(JOB, exc_string="text")
    ((method, _, headers, body),) = receiver.received
    assert method == "POST"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == webhook.get_payload(JOB, exc_string="text")


def test_headers_of_the_user_win(receiver):
    Webhook(f"{receiver.url}/200", "failed", method="POST", headers={"content-type": "application/x-job"}).send(JOB)
    assert receiver.received[0][2]["content-type"] == "application/x-job"


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_a_redirect_or_an_error_is_a_failure_and_is_not_followed(receiver, status):
    with pytest.raises(HTTPError):
        send_webhook(f"{receiver.url}/{status}", "GET", None, 5, {})
    assert [path for _, path, _, _ in receiver.received] == [f"/{status}"]


def test_an_answer_without_end_is_not_read_to_its_end(receiver):
    send_webhook(f"{receiver.url}/endless", "GET", None, 30, {})
    assert receiver.received[0][1] == "/endless"


def test_a_receiver_that_does_not_answer_is_given_up(receiver):
    with pytest.raises(TimeoutError):
        send_webhook(f"{receiver.url}/silent", "GET", None, 0.1, {})


def test_a_receiver_that_never_comes_to_the_answer_is_given_up(receiver):
    with pytest.raises(TimeoutError, match="did not come in time"):
        send_webhook(f"{receiver.url}/hesitant", "GET", None, 1, {})


def test_no_other_protocol_is_spoken(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with pytest.raises(OSError, match="unknown url type"):
        send_webhook(f"file://{secret}", "GET", None, 5, {})


@pytest.mark.parametrize("job", [JOB, SimpleNamespace(id="a")], ids=["unsent", "undescribed"])
def test_what_goes_wrong_is_logged_and_never_raised(receiver, job, caplog):
    with caplog.at_level(logging.WARNING, logger="rq.webhook"):
        Webhook(f"{receiver.url}/500", "finished", method="POST").send(job)
    assert f"Job a: the webhook {receiver.url}/500 could not be sent" in caplog.text
