from __future__ import annotations

from rq.core.keys import TEMPLATES
from rq.model.states import REGISTRY_OF, TERMINAL, TRANSITIONS, JobStatus


def test_a_status_compares_equal_to_its_text_and_prints_as_rq_prints_it():
    assert JobStatus("queued") == "queued"
    assert str(JobStatus.QUEUED) == "JobStatus.QUEUED"
    assert JobStatus("canceled") is JobStatus.CANCELED


def test_every_status_can_be_reached_and_every_waiting_or_running_one_left():
    by_rule = [transition for transition in TRANSITIONS if transition.name != "save"]  # where its caller says what becomes of the job
    reached = {target for transition in by_rule for target in transition.targets}
    left = {source for transition in by_rule if transition.name not in {"enqueue", "heartbeat"} for source in transition.sources}
    assert set(JobStatus) - reached == {JobStatus.CREATED}
    assert set(JobStatus) - TERMINAL <= left


def test_every_registry_has_a_key():
    assert set(REGISTRY_OF.values()) <= set(TEMPLATES)
