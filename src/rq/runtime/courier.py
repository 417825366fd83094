"""The courier: sends what stands in the outbox. Every worker has one; none of them is the leader.

A delivery is taken alone, so that those behind one with slow receivers go to the couriers of other workers. What fails is tried again, later each time; after
`MOST_FAILURES` it is given up, with a line in the log. A courier that dies with a delivery in its hands leaves it in the outbox: receivers may hear of an end
twice, never not at all.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from rq.client.webhooks import send_webhook
from rq.runtime.deliveries import Delivery
from rq.runtime.running import WorkerContext
from rq.store.connection import Caller
from rq.store.outbox import end_delivery, take_deliveries

logger = logging.getLogger("rq.webhook")

# Longer than one delivery of a few requests of which each times out; one that takes longer is told twice.
HELD_SECONDS = 300.0
MOST_FAILURES = 10
FIRST_RETRY_SECONDS = 10.0
LONGEST_RETRY_SECONDS = 3600.0


class Courier:
    """One round: everything that is due.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker.
    """

    def __init__(self, caller: Caller, context: WorkerContext) -> None:
        self._caller = caller
        self._context = context

    def run_once(self, until: float | None = None) -> None:
        """Send what is due. `until` is a `time.monotonic()` after which nothing more is taken."""
        while until is None or time.monotonic() < until:
            taken = self._caller.run(take_deliveries(self._context.scripts, 1, HELD_SECONDS))
            if not taken:
                return
            for name, body in taken:
                self._deliver(name, body)

    def _deliver(self, name: str, body: bytes) -> None:
        try:
            delivery = Delivery.decode(body)
        except ValueError as error:
            logger.warning("A webhook in the outbox cannot be read and is dropped (%s)", error)
            self._caller.run(end_delivery(self._context.scripts, name))
            return
        failed = [request for request in delivery.requests if not self._send(request)]
        rest = delivery.after_failure(failed)
        if failed and rest.failures >= MOST_FAILURES:
            logger.error("The webhook %s of job %s was given up after %s tries", failed[0].get("url"), _job_of(failed[0]), rest.failures)
            failed = []
        delay = min(FIRST_RETRY_SECONDS * 2 ** min(rest.failures - 1, MOST_FAILURES), LONGEST_RETRY_SECONDS)
        self._caller.run(end_delivery(self._context.scripts, name, rest.encode() if failed else b"", delay))

    def _send(self, request: dict[str, Any]) -> bool:
        try:
            send_webhook(**request)
        except (OSError, ValueError, TypeError) as error:
            logger.warning("The webhook %s of job %s could not be sent: %s", request.get("url"), _job_of(request), error)
            return False
        logger.debug("The webhook %s of job %s was sent", request["url"], _job_of(request))
        return True


def _job_of(request: dict[str, Any]) -> str:
    payload = request.get("payload")
    return str(payload.get("job_id")) if isinstance(payload, dict) else "?"
