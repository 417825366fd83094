"""The events of a pool as log lines of the logger `rq.worker_pool`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from rq.observe import pool_events as e

logger = logging.getLogger("rq.worker_pool")
if logger.level == logging.NOTSET:
    logger.setLevel(logging.INFO)


def log_pool_event(event: e.PoolEvent) -> None:
    """Write the line of one event."""
    _LINES[type(event)](event)


def _started(event: e.PoolStarted) -> None:
    logger.info("Pool %s: started with PID %s, %s process(es)", event.pool, event.pid, event.size)


def _stopping(event: e.PoolStopping) -> None:
    if event.cold:
        logger.warning("Pool %s: cold shut down requested by %s", event.pool, event.signal_name)
    else:
        logger.info("Pool %s: warm shut down requested by %s; running jobs are finished first", event.pool, event.signal_name)


def _stopped(event: e.PoolStopped) -> None:
    logger.info("Pool %s: stopped", event.pool)


def _scaled(event: e.PoolScaled) -> None:
    logger.info("Pool %s: scaled from %s to %s", event.pool, event.former_size, event.size)


def _roll_began(event: e.RollBegan) -> None:
    logger.info("Pool %s: restarting %s process(es), one after another", event.pool, event.size)


def _roll_ended(event: e.RollEnded) -> None:
    logger.info("Pool %s: all processes were restarted", event.pool)


def _roll_failed(event: e.RollFailed) -> None:
    logger.error("Pool %s: the restart was given up, for %s did not come up (%s); the former processes go on", event.pool, event.child, event.reason)


def _child_started(event: e.ChildStarted) -> None:
    logger.info("Pool %s: started %s with PID %s", event.pool, event.child, event.pid)


def _child_cannot_start(event: e.ChildCannotStart) -> None:
    logger.error("Pool %s: could not start %s: %s", event.pool, event.child, event.reason)


def _starts_fail(event: e.StartsFail) -> None:
    logger.error(
        "Pool %s: %s HAS FAILED TO START %s TIMES IN A ROW: %s. Mend that; it is tried again, at least once a minute",
        *(event.pool, event.place),
        event.times,
        event.reason,
    )


def _child_ready(event: e.ChildReady) -> None:
    logger.debug("Pool %s: %s came up after %.3f seconds", event.pool, event.child, event.seconds)


def _child_ended(event: e.ChildEnded) -> None:
    after = "" if event.pause_seconds is None else "; starting another one " + (f"in {event.pause_seconds:.1f} seconds" if event.pause_seconds else "now")
    level = logging.INFO if event.orderly else logging.WARNING
    logger.log(level, "Pool %s: %s %s%s", event.pool, event.child, event.reason, after)


def _child_killed(event: e.ChildKilled) -> None:
    logger.warning("Pool %s: killed %s: %s", event.pool, event.child, event.reason)


def _taken_back(event: e.JobsTakenBack) -> None:
    if event.queued:
        logger.warning("Pool %s: put back what the dead %s had: %s", event.pool, event.child, ", ".join(event.queued))
    if event.failed:
        logger.warning(
            "Pool %s: set aside as failed what the dead %s had, because that happened too often: %s", event.pool, event.child, ", ".join(event.failed)
        )


def _not_taken_back(event: e.JobsNotTakenBack) -> None:
    logger.error("Pool %s: could not put back what the dead %s had (%s); its lease will", event.pool, event.child, event.reason)


def _reloaded(event: e.Reloaded) -> None:
    server = () if event.server is None else (event.server,)
    parts = (("added", event.added), ("removed", event.removed), ("changed", event.changed), ("server", server))
    news = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    logger.info("Pool %s: read the settings again (%s)", event.pool, news or "nothing changed")


def _reload_refused(event: e.ReloadRefused) -> None:
    logger.error("Pool %s: the settings of before go on, for the new ones cannot be used: %s", event.pool, event.reason)


_LINES: dict[type[e.PoolEvent], Callable[[Any], None]] = {
    e.PoolStarted: _started,
    e.PoolStopping: _stopping,
    e.PoolStopped: _stopped,
    e.PoolScaled: _scaled,
    e.RollBegan: _roll_began,
    e.RollEnded: _roll_ended,
    e.RollFailed: _roll_failed,
    e.ChildStarted: _child_started,
    e.ChildCannotStart: _child_cannot_start,
    e.StartsFail: _starts_fail,
    e.ChildReady: _child_ready,
    e.ChildEnded: _child_ended,
    e.ChildKilled: _child_killed,
    e.JobsTakenBack: _taken_back,
    e.JobsNotTakenBack: _not_taken_back,
    e.Reloaded: _reloaded,
    e.ReloadRefused: _reload_refused,
}
