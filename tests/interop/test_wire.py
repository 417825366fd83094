"""The same call writes the same as with RQ 2.12: job hashes field by field, and every other key that RQ knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.hashes import differences, written_hash, written_keys

CALLBACK = {"func": "succeeded"}
WEBHOOK = {"url": "http://localhost:1/", "job_status": "finished"}
POST = {"url": "https://localhost:1/x", "job_status": "failed", "method": "POST", "headers": {"X-A": "ü"}, "timeout": 3}

# What is meant to differ (docs/differences.md says why): option -> fields and keys.
KNOWN = {
    "depends and at_front": {b"enqueue_at_front"},  # RQ forgets it when the job has to wait
    # RQ lets the set expire with a job that still waits; here it goes when the job is found to be gone.
    "depends and ttl": {b"rq:job::job:dependencies"},
    "many things": {b"rq:job::job:dependencies"},
    # Nobody tells the dependents of a job that does not exist: RQ lists them all the same.
    "depends on what is there and what is not": {b"rq:job::job:dependencies", b"rq:job:nobody:dependents"},
}

# The same for jobs of a group that depend on others.
KNOWN_OF_MANY = KNOWN | {
    # RQ forgets that a job that has to wait may not wait for ever.
    "depends and ttl": {b"rq:job::job:dependencies", b"rq:job:job"},
    "many things": {b"rq:job::job:dependencies", b"rq:job:job"},
    # RQ enqueues jobs with dependencies after all others, and lists a parent that does not exist.
    "depends on what is not there": {b"rq:job::job:dependencies", b"rq:job:nobody:dependents", b"rq:queue:shared"},
}

# Options of `enqueue`, each with what is special about it.
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "meta": {"meta": {"a": [1, {"b": None}], "ü": "ß"}},
    "empty meta": {"meta": {}},
    "timeout as text": {"job_timeout": "1h"},
    "no timeout": {"job_timeout": -1},
    "ttl": {"ttl": 60},
    "ttl as text": {"ttl": "10m"},
    "result_ttl": {"result_ttl": 7},
    "result_ttl 0": {"result_ttl": 0},
    "result_ttl for ever": {"result_ttl": -1},
    "failure_ttl": {"failure_ttl": "1h"},
    "failure_ttl 0": {"failure_ttl": 0},
    "failure_ttl for ever": {"failure_ttl": -1},
    "description": {"description": "ein Gruß"},
    "empty description": {"description": ""},
    "at_front": {"at_front": True},
    "retry": {"retry": {"max": 3}},
    "retry with an interval": {"retry": {"max": 3, "interval": 10}},
    "retry with intervals": {"retry": {"max": 3, "interval": [1, 2, 3]}},
    "retry at front": {"retry": {"max": 1, "enqueue_at_front": True}},
    "repeat": {"repeat": {"times": 2}},
    "repeat with an interval": {"repeat": {"times": 2, "interval": 60}},
    "repeat with intervals": {"repeat": {"times": 3, "interval": [1, 2]}},
    "on_success": {"on_success": CALLBACK},
    "on_failure": {"on_failure": {"func": "failed", "timeout": 5}},
    "on_stopped": {"on_stopped": CALLBACK | {"timeout": "2m"}},
    "all callbacks": {"on_success": CALLBACK, "on_failure": CALLBACK, "on_stopped": CALLBACK},
    "webhook": {"webhooks": [WEBHOOK]},
    "webhooks": {"webhooks": [WEBHOOK, POST]},
    "unique": {"unique": True},
    "depends on an id": {"depends_on": "waiting"},
    "depends on several": {"depends_on": ["waiting", "other"]},
    "depends on what is not there": {"depends_on": "nobody"},
    "depends on what is there and what is not": {"depends_on": ["nobody", "waiting"]},
    "depends and ttl": {"depends_on": "waiting", "ttl": 90},
    "dependency": {"depends_on": {"jobs": ["waiting"]}},
    "lenient dependency": {"depends_on": {"jobs": ["waiting"], "allow_failure": True}},
    "dependency at front": {"depends_on": {"jobs": ["waiting"], "enqueue_at_front": True}},
    "depends and at_front": {"depends_on": "waiting", "at_front": True},
    "many things": {"retry": {"max": 2}, "meta": {"a": 1}, "ttl": 99, "result_ttl": 5, "on_success": CALLBACK, "webhooks": [POST], "depends_on": "other"},
}


@pytest.fixture
def written(theirs, ours, redis_client):
    """Lets RQ and us do the same on an empty server; returns the hash and all other keys that each wrote."""

    def write(do, serializer=None):
        found = []
        for side in (theirs, ours):
            redis_client.flushdb()
            do(side.with_serializer(serializer) if serializer else side)
            found.append((written_hash(redis_client, "job"), written_keys(redis_client)))
        return found

    return write


def prepare(side):
    for job_id in ("waiting", "other"):
        side.enqueue("shared", "add", job_id=job_id)


def assert_same(found, known=frozenset()):
    (their_hash, their_keys), (our_hash, our_keys) = found
    assert differences(their_hash, our_hash, known) == []
    assert differences(their_keys, our_keys, known) == []


@pytest.mark.parametrize("special", OPTIONS)
def test_enqueue_writes_what_rqs_does(written, special):
    def do(side):
        prepare(side)
        side.enqueue("shared", "add", 1, "ü", job_id="job", **OPTIONS[special])

    assert_same(written(do), KNOWN.get(special, ()))


@pytest.mark.parametrize("special", [special for special in OPTIONS if "depend" not in special and special != "many things"])
def test_enqueue_at_writes_what_rqs_does(written, special):
    def do(side):
        prepare(side)
        side.enqueue_at("shared", "2100-01-02T03:04:05+00:00", "add", job_id="job", **OPTIONS[special])

    assert_same(written(do))


@pytest.mark.parametrize("special", [special for special in OPTIONS if special != "unique"])
def test_enqueue_many_writes_what_rqs_does(written, special):
    own = {"timeout" if name == "job_timeout" else name: value for name, value in OPTIONS[special].items()} | {"job_id": "job"}

    def do(side):
        prepare(side)
        side.enqueue_group("shared", "some", [["add", [1], own], ["add", [2], {"job_id": "next"}]])

    assert_same(written(do), KNOWN_OF_MANY.get(special, ()))


def test_enqueue_writes_json_as_rqs_does(written):
    assert_same(written(lambda side: side.enqueue("shared", "add", 1, b=[2.5, "ü"], job_id="job", meta={"a": "ü"}), "json"))


@pytest.mark.parametrize("function", ["add", "fail"])
def test_a_queue_that_runs_its_jobs_writes_what_rqs_does(written, function):
    found = written(lambda side: side.enqueue("shared", function, job_id="job", is_async=False, meta={"a": 1}, result_ttl=60))
    # RQ does not say when a job failed, and keeps its results for ever.
    assert_same(found, {b"ended_at", b"rq:results:job"} if function == "fail" else ())
