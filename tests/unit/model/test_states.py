from __future__ import annotations

from rq.core.keys import TEMPLATES
from rq.model.states import REGISTRY_OF, TERMINAL, TRANSITIONS, JobStatus, ended_as


def test_a_status_compares_equal_to_its_text_and_prints_as_rq_prints_it():
    assert JobStatus("queued") == "queued"
    assert str(JobStatus.QUEUED) == "JobStatus.QUEUED"
    assert JobStatus("canceled") is JobStatus.CANCELED


def test_every_status_can_be_reached_and_every_waiting_or_running_one_left():
    reached = {target for transition in TRANSITIONS for target in transition.targets}
    left = {source for transition in TRANSITIONS if transition.name not in {"enqueue", "heartbeat"} for source in transition.sources}
    assert set(JobStatus) - reached == {JobStatus.CREATED}
    assert set(JobStatus) - TERMINAL <= left


def test_a_job_ended_well_unless_it_ended_badly_or_is_gone():
    assert [ended_as(status) for status in (None, "failed", JobStatus.CANCELED, "stopped")] == ["gone", "failed", "canceled", "stopped"]
    assert {ended_as(status) for status in ("finished", JobStatus.STARTED, "unheard of")} == {"finished"}


def test_every_registry_has_a_key():
    assert set(REGISTRY_OF.values()) <= set(TEMPLATES)
