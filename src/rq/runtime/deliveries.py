"""What is to be sent to others about the end of a job: its webhooks, made ready when the outcome is known, kept in the outbox until they were sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rq.core.clock import utc_now
from rq.core.formats import parse_date
from rq.model.record import JobRecord
from rq.model.settlement import Crash, Decision, Fail, Finish, GiveUp
from rq.model.webhook import Webhook
from rq.runtime.executors.called_module import function_name


@dataclass(frozen=True, slots=True)
class Delivery:
    """Requests that were not sent yet.

    Args:
        requests: each as `send_webhook` takes it: url, method, headers, timeout, payload.
        failures: how many times sending failed.
    """

    requests: list[dict[str, Any]]
    failures: int = 0

    def encode(self) -> bytes:
        """Return the delivery as it stands in the outbox; nothing if there is nothing to send."""
        return json.dumps({"requests": self.requests, "failures": self.failures}).encode() if self.requests else b""

    @classmethod
    def decode(cls, body: bytes) -> Delivery:
        """Return a delivery from the outbox.

        Raises:
            ValueError: if it cannot be read.
        """
        try:
            fields = json.loads(body)
            return cls([dict(request) for request in fields["requests"]], int(fields["failures"]))
        except (TypeError, KeyError, OverflowError, RecursionError) as error:
            raise ValueError(f"it is no delivery: {error!r}") from error

    def after_failure(self, requests: list[dict[str, Any]]) -> Delivery:
        """Return what is left to send when these requests failed."""
        return replace(self, requests=requests, failures=self.failures + 1)


@dataclass(frozen=True, slots=True)
class _EndedJob:
    """A job as its webhooks describe it."""

    id: str
    func_name: str | None
    enqueued_at: datetime | None
    ended_at: datetime


def delivery_about(record: JobRecord, fields: Mapping[bytes, bytes], decision: Decision) -> bytes:
    """Return what is to be sent about the end of an attempt, '' for nothing. An attempt that is tried again, stopped or put back tells nobody.

    Args:
        record: the job as it was claimed.
        fields: its raw hash; the function's name is read off the payload, which is not loaded.
        decision: what becomes of the job.
    """
    if not record.webhooks:
        return b""
    match decision:
        case Finish():
            status, exc_text = "finished", None
        case Fail(exc_text=exc_text):
            status = "failed"
        case GiveUp():
            status, exc_text = "failed", ""
        case Crash(reason=exc_text):
            status = "failed"  # sent only if that was one crash too many
        case _:
            return b""
    job = _EndedJob(record.id, function_name(fields.get(b"data", b"")), _enqueued_at(fields), utc_now())
    webhooks = [webhook for webhook in Webhook.read_all(record.webhooks) if webhook.job_status == status]
    return Delivery([_request(webhook, webhook.get_payload(job, exc_string=exc_text)) for webhook in webhooks]).encode()


def _request(webhook: Webhook, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": webhook.url, "method": webhook.method, "headers": webhook.headers, "timeout": webhook.timeout, "payload": payload}


def _enqueued_at(fields: Mapping[bytes, bytes]) -> datetime | None:
    value = fields.get(b"enqueued_at")
    try:
        return parse_date(value) if value else None
    except ValueError:
        return None
