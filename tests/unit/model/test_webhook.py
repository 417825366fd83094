from __future__ import annotations

import pickle
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.model.states import JobStatus
from rq.webhook import Webhook

URL = "https://example.com/hook"


def test_a_webhook_comes_back_as_it_was_stored():
    webhook = Webhook(URL, "failed", method="POST", headers={"X-Key": "1"}, timeout=3)
    assert webhook.to_dict() == {"url": URL, "job_status": "failed", "method": "POST", "headers": {"X-Key": "1"}, "timeout": 3}
    assert Webhook.from_dict(webhook.to_dict()) == webhook
    assert pickle.loads(pickle.dumps(webhook)) == webhook


def test_what_was_not_stored_has_its_default():
    assert Webhook.from_dict({"url": URL, "job_status": "finished"}) == Webhook(URL, "finished", method="GET", headers=None, timeout=10)
    assert repr(Webhook(URL, "finished")) == f"Webhook(url='{URL}', job_status='finished', method='GET', headers=None, timeout=10)"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        *(({"url": url}, "url of a webhook") for url in (None, "", "example.com", "ftp://example.com", "http://", "http://:80", "http://[::1")),
        *(({"job_status": status}, "job_status of a webhook") for status in ("started", None, "")),
        *(({"method": method}, "method of a webhook") for method in ("PUT", "get", None)),
        *(({"timeout": timeout}, "timeout of a webhook") for timeout in (0, -1, 1.5, None, "10")),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_values_that_make_no_sense_are_refused(arguments, names):
    with pytest.raises(InvalidOptionError, match=names):
        Webhook(**{"url": URL, "job_status": "finished", **arguments})


@pytest.mark.parametrize("headers", [["a"], "a: b", {"a": 1}, {1: "a"}], ids=repr)
def test_headers_that_are_no_dict_of_texts_are_refused(headers):
    with pytest.raises(OptionTypeError, match="headers"):
        Webhook(URL, "finished", headers=headers)


@pytest.mark.parametrize("status", ["failed", JobStatus.FAILED])
def test_the_payload_describes_the_job_and_its_exception_if_it_failed(status):
    ended_at = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    job = SimpleNamespace(id="a", func_name="tasks.f", enqueued_at=None, ended_at=ended_at)
    described = {"job_id": "a", "func_name": "tasks.f", "enqueued_at": None, "ended_at": "2027-01-15T08:00:00+00:00"}
    assert Webhook(URL, "finished").get_payload(job, exc_string="x") == {**described, "status": "finished"}
    assert Webhook(URL, status).get_payload(job, exc_string="x") == {**described, "status": "failed", "exc_info": "x"}
