from __future__ import annotations

import logging

from rq.observe import events
from rq.observe.bus import EventBus
from rq.observe.logs import LogLines


def test_a_subscriber_that_fails_does_not_keep_others_from_hearing(caplog):
    heard: list[events.WorkerEvent] = []
    bus = EventBus()

    def fail(event: events.WorkerEvent) -> None:
        raise ValueError(event)

    bus.subscribe(fail)
    bus.subscribe(heard.append)
    event = events.WorkerSuspended("w")
    with caplog.at_level(logging.ERROR, "rq.observe"):
        bus.emit(event)
    assert heard == [event]
    assert "A subscriber failed at WorkerSuspended" in caplog.text


def test_the_lines_that_programs_filter_on_are_there(caplog):
    lines = LogLines()
    with caplog.at_level(logging.DEBUG, "rq.worker"):
        lines(events.WorkerStarted("w", 7, "1.0", ("high", "low")))
        lines(events.JobFinished("w", "high", "id1", "f(1)", 0.25, 500))
    assert "started with PID 7" in caplog.text
    assert "*** Listening on high, low" in caplog.text
    assert "Job OK" in caplog.text


def test_descriptions_are_kept_out_of_the_log_on_request(caplog):
    with caplog.at_level(logging.DEBUG, "rq.worker"):
        LogLines(describe_jobs=False)(events.JobTaken("w", "q", "id1", "login('secret')", 1))
    assert "id1" in caplog.text
    assert "secret" not in caplog.text


def test_every_event_of_a_worker_has_a_line(caplog):
    samples = [
        events.WorkerReplaced("w", ("a",)),
        events.WorkerRegisteredAgain("w"),
        events.WorkerSuspended("w"),
        events.WorkerResumed("w"),
        events.ShutdownRequested("w", "SIGTERM", cold=False, running=1),
        events.ShutdownRequested("w", "SIGTERM", cold=True, running=1),
        events.WorkerStopped("w", "burst", 3),
        events.ServerTrouble("w", "refused", 0.5),
        events.ServerRefused("w", "WRONGTYPE", "set aside"),
        events.JobTaken("w", "q", "a", None, 1),
        events.JobFailed("w", "q", "a", "d", "Traceback", 0.1),
        events.JobRetried("w", "q", "a", "d", "Traceback", 0, 1),
        events.JobDied("w", "q", "a", "d", "signal 9", "queued"),
        events.JobStopped("w", "q", "a", "d", "by a user"),
        events.JobReleased("w", "q", "a", "d", "shutdown"),
        *(events.OutcomeRefused("w", "q", "a", "d", code) for code in ("dup", "fenced", "superseded", "gone", "badtype")),
        *(events.AttemptAbandoned("w", "q", "a", "d", code) for code in ("fenced", "gone", "canceled", "stop")),
        events.JobReclaimed("w", "a", "queued"),
    ]
    lines = LogLines()
    for event in samples:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, "rq.worker"):
            lines(event)
        assert len(caplog.records) == 1, event
        assert "w" in caplog.records[0].getMessage()
