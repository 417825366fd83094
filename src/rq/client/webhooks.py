"""Sending webhooks (door: `rq.webhook`): one attempt, no redirects, and nothing of what the receiver answers is kept."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, overload

from rq.model import webhook
from rq.model.record import JobRecord

if TYPE_CHECKING:
    from typing import Self

    from rq.client.job_data import JobData

logger = logging.getLogger("rq.webhook")

_MOST_RESPONSE_BYTES = 64 * 1024
_LONGEST_SECONDS = 86400  # a socket knows no time limit of more than some weeks


class HasWebhooks(Protocol):
    """A handle of a job, as far as its webhooks go."""

    record: JobRecord


class Webhook(webhook.Webhook):
    """See `rq.model.webhook.Webhook`; this one can be sent."""

    __module__ = "rq.webhook"

    def send(self, job: JobData, *, exc_string: str | None = None) -> None:
        """Tell the receiver about a job, and wait for its answer (see `send_webhook`). What goes wrong is logged and never raised."""
        try:
            send_webhook(self.url, self.method, self.headers, self.timeout, self.get_payload(job, exc_string=exc_string))
        except Exception as error:  # noqa: BLE001 - a job must not suffer from its webhook
            logger.warning("Job %s: the webhook %s could not be sent: %s", job.id, self.url, error)


class WebhooksOfJob:
    """The attribute `webhooks` of a job: its record holds them as plain data, users see them as objects. To change the list, set it anew."""

    @overload
    def __get__(self, job: None, owner: type) -> Self: ...
    @overload
    def __get__(self, job: HasWebhooks, owner: type) -> list[Webhook]: ...
    def __get__(self, job: HasWebhooks | None, owner: type) -> Self | list[Webhook]:
        return self if job is None else Webhook.read_all(job.record.webhooks)

    def __set__(self, job: HasWebhooks, webhooks: Iterable[webhook.Webhook] | None) -> None:
        job.record.webhooks = [item.to_dict() for item in webhooks or ()]


def send_webhook(url: str, method: str, headers: Mapping[str, str] | None, timeout: float, payload: Mapping[str, Any]) -> None:
    """Send one request and wait for its answer, `timeout` seconds for each of: the connection, the head of the answer, and its body.

    Args:
        url: where to; http or https.
        method: "GET" sends no body, "POST" the payload.
        headers: further headers, which win over `Content-Type: application/json`; None for none.
        timeout: seconds.
        payload: what a POST says, as JSON.

    Raises:
        OSError: if the receiver cannot be reached, takes too long, or answers with a redirect, an error (urllib.error.URLError is one), or no HTTP.
        ValueError: if the url or a header cannot be sent.
    """
    from http.client import HTTPException  # noqa: PLC0415 - as below
    from urllib import request as urllib  # noqa: PLC0415 - 20 ms that programs without webhooks should not pay for
    from urllib.error import HTTPError  # noqa: PLC0415 - as above

    from rq.client.impatience import ImpatientHttpHandler, ImpatientHttpsHandler  # noqa: PLC0415 - as above

    body = json.dumps(payload).encode() if method == "POST" else None
    all_headers = {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.Request(url, body, method=method)  # noqa: S310 - the opener below knows http and https alone
    for name, value in {**all_headers, **(headers or {})}.items():
        request.add_header(name, value)
    opener = urllib.OpenerDirector()  # urllib's own would follow redirects, and read files
    for handler in (
        urllib.ProxyHandler,
        ImpatientHttpHandler,
        ImpatientHttpsHandler,
        urllib.HTTPErrorProcessor,
        urllib.HTTPDefaultErrorHandler,
        urllib.UnknownHandler,
    ):
        opener.add_handler(handler())
    try:
        with opener.open(request, timeout=min(timeout, _LONGEST_SECONDS)) as response:
            _drop(response, timeout)
    except HTTPError as error:
        error.close()  # it holds the connection, with an answer that nobody reads
        raise
    except HTTPException as error:
        raise OSError(f"what came back is no HTTP: {error!r}") from error


def _drop(response: Any, timeout: float) -> None:
    """Read an answer, so that its sender does not see a broken connection; but no endless one."""
    deadline, left = time.monotonic() + timeout, _MOST_RESPONSE_BYTES
    while left > 0 and time.monotonic() < deadline:
        chunk = response.read1(left)
        if not chunk:
            return
        left -= len(chunk)
