"""Values that make no sense end a job all the same, and never strand it."""

from __future__ import annotations

import pytest

from rq.core.errors import CorruptDataError
from rq.model.settlement import Fail, Finish
from rq.store.fields import set_worker_fields, write_meta
from rq.store.settle import AttemptKey, settle_attempt
from tests.store.harness import Store

ABSURD = 10**17


@pytest.mark.parametrize(("decision", "status"), [(Finish(b"x", ABSURD), b"finished"), (Fail("it broke", ABSURD), b"failed")])
def test_an_absurd_time_to_live_ends_the_job_all_the_same(store: Store, decision, status):
    store.birth("w")
    store.enqueue("a")
    (job,) = store.claim("w").jobs
    settled = store.run(settle_attempt(store.scripts, AttemptKey("a", job.execution_id, "q", "w"), decision, 3))
    assert settled.code == "ok"
    assert store.client.hget(store.keys.job("a"), "status") == status
    assert store.client.zcard(store.keys.registry("wip", "q")) == 0


def test_a_negative_result_ttl_keeps_the_result_for_ever(store: Store):
    store.birth("w")
    store.enqueue("a")
    (job,) = store.claim("w").jobs
    store.run(settle_attempt(store.scripts, AttemptKey("a", job.execution_id, "q", "w"), Finish(b"x", -2), 3))
    assert store.client.ttl(store.keys.results("a")) == -1


def test_a_hash_that_is_gone_stays_gone(store: Store):
    assert store.run(write_meta(store.scripts, "a", b"meta")) is False
    assert store.run(set_worker_fields(store.scripts, "w", [("state", "idle")])) is False
    assert store.client.exists(store.keys.job("a"), store.keys.worker("w")) == 0


def test_what_is_no_hash_is_left_as_it_is(store: Store):
    store.client.set(store.keys.job("a"), "text")
    with pytest.raises(CorruptDataError, match="holds something that is no job"):
        store.run(write_meta(store.scripts, "a", b"meta"))
    assert store.client.get(store.keys.job("a")) == b"text"
