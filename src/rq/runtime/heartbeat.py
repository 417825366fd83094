"""The heartbeat: keeps the worker's lease and those of all it runs, whatever its jobs are doing."""

from __future__ import annotations

from collections.abc import Callable

from rq.runtime.orders import Orders
from rq.runtime.registration import register_again
from rq.runtime.running import WorkerContext
from rq.store.connection import Caller
from rq.store.lease import extend_leases


class Heartbeat:
    """One beat: all leases in one call.

    Args:
        caller: on a client that the main loop does not use.
        context: the worker.
        on_exception: told (execution id, code) of every attempt that lost its lease or is to be ended.
        orders: obeys the commands that were kept for the worker.
    """

    def __init__(self, caller: Caller, context: WorkerContext, on_exception: Callable[[str, str], None], orders: Orders) -> None:
        self._caller = caller
        self._context = context
        self._on_exception = on_exception
        self._orders = orders
        self._heard: list[str] = []

    def run_once(self) -> None:
        """Beat once. An attempt that was settled meanwhile is reported as `dup`, which is no news."""
        context = self._context
        attempts = context.running.snapshot()
        ttl = context.config.hash_ttl_seconds(busy=bool(attempts))
        beat = self._caller.run(
            extend_leases(
                context.scripts,
                context.name,
                context.identity.incarnation,
                context.config.lease_seconds,
                ttl,
                [(attempt.key.job_id, attempt.key.execution_id) for attempt in attempts],
                working_seconds=attempts[0].seconds if attempts else 0.0,
                heard=self._heard,
            )
        )
        if not beat.known:
            register_again(self._caller, context)
        context.on_life()
        for _, execution_id, code in beat.exceptions:
            if code != "dup":
                self._on_exception(execution_id, code)
        for command in beat.commands:
            self._orders.obey_kept(command)
        self._heard = [command.command_id for command in beat.commands]
