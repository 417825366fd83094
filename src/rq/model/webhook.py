"""An HTTP request that tells somebody how a job ended: what it is; `rq.client.webhooks` sends it (door: `rq.webhook`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

from rq.core.errors import InvalidOptionError, OptionTypeError

JOB_STATUSES = ("finished", "failed")
METHODS = ("GET", "POST")


@dataclass
class Webhook:
    """A request to `url` when a job has ended as `job_status`.

    Args:
        url: an http or https address.
        job_status: "finished" or "failed".
        method: "GET", without a body, or "POST", with a JSON object that describes the job; see `get_payload`.
        headers: further headers; they win over those that are sent anyway.
        timeout: the most seconds that a request may take.

    Raises:
        InvalidOptionError: for a value that makes no sense (a ValueError). OptionTypeError: for headers that are no dict of texts (a TypeError).
    """

    url: str
    job_status: str
    _: KW_ONLY
    method: str = "GET"
    headers: dict[str, str] | None = None
    timeout: int = 10

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if not _is_web_address(self.url):
            raise InvalidOptionError(f"The url of a webhook is {self.url!r}: it must begin with http:// or https:// and name a host")
        for name, choices in (("job_status", JOB_STATUSES), ("method", METHODS)):
            if (value := getattr(self, name)) not in choices:
                raise InvalidOptionError(f"The {name} of a webhook is {value!r}: it must be one of {', '.join(choices)}")
        if not isinstance(self.timeout, int) or self.timeout < 1:
            raise InvalidOptionError(f"The timeout of a webhook is {self.timeout!r}: it must be a whole number of seconds, at least 1")
        if self.headers:
            _check_headers(self.headers)

    def to_dict(self) -> dict[str, Any]:
        """Return the webhook as it is stored with a job."""
        return {"url": self.url, "job_status": self.job_status, "method": self.method, "headers": self.headers, "timeout": self.timeout}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return a webhook that was stored.

        Raises:
            KeyError: without url or job_status. InvalidOptionError, OptionTypeError: for a value that makes no sense.
        """
        optional = {name: data[name] for name in ("method", "headers", "timeout") if name in data}
        return cls(data["url"], data["job_status"], **optional)

    @classmethod
    def read_all(cls, stored: Iterable[Mapping[str, Any]]) -> list[Self]:
        """Return the webhooks that were stored with a job, without those that make no sense: a job is not lost for its webhooks, as in RQ."""
        found = []
        for data in stored:
            with suppress(KeyError, ValueError, TypeError):
                found.append(cls.from_dict(data))
        return found

    def get_payload(self, job: Any, *, exc_string: str | None = None) -> dict[str, Any]:
        """Return what a POST says about a job: its id, function, status and times (ISO 8601, or None); of a failed one also `exc_info`, the traceback."""
        payload = {
            "job_id": job.id,
            "func_name": job.func_name,
            "status": str(getattr(self.job_status, "value", self.job_status)),
            "enqueued_at": _iso(job.enqueued_at),
            "ended_at": _iso(job.ended_at),
        }
        return {**payload, "exc_info": exc_string} if self.job_status == "failed" else payload


def _is_web_address(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an unfinished IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _check_headers(headers: object) -> None:
    if not isinstance(headers, dict) or not all(isinstance(text, str) for item in headers.items() for text in item):
        raise OptionTypeError(f"The headers of a webhook are a dict of texts, not {headers!r}")


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
