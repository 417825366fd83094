"""A worker gets its name on the server: when it begins, and again if the server has forgotten it."""

from __future__ import annotations

from rq.core.errors import WorkerNameTaken
from rq.model.presence import WorkerStatus
from rq.observe import events
from rq.runtime.identity import is_provably_dead
from rq.runtime.running import WorkerContext
from rq.store.connection import Caller, PersistentCaller
from rq.store.presence import Birth, register_worker, unregister_worker


class NameOnServer:
    """The name of a worker, from its beginning to its leaving.

    Args:
        caller: on a client of the server; at the beginning each call is sent once, at the end until it is answered.
        context: the worker.

    Attributes:
        is_taken: whether the worker is registered under it.
    """

    def __init__(self, caller: PersistentCaller, context: WorkerContext) -> None:
        self._caller = caller
        self._context = context
        self.is_taken = False

    def take(self) -> None:
        """Register the worker, unless it is registered; errors are those of `register`."""
        if not self.is_taken:
            register(Caller(self._caller.client), self._context)
            self.is_taken = True

    def give_up(self) -> None:
        """Let others have the name, unless that has been done; what the worker still holds goes back."""
        if self.is_taken:
            context = self._context
            self._caller.run(unregister_worker(context.scripts, context.name, context.identity.incarnation))
            self.is_taken = False


def register(caller: Caller, context: WorkerContext) -> None:
    """Register a worker that begins. What a dead owner of its name held goes back to its queues.

    Raises:
        WorkerNameTaken: a living worker has the name.
    """
    _take_name(caller, context, "There is")
    context.on_life()
    context.bus.emit(events.WorkerStarted(context.name, context.identity.pid, context.identity.version, context.config.queues))


def register_again(caller: Caller, context: WorkerContext) -> None:
    """Register a worker that the server has forgotten: it was emptied, or the registration expired.

    Raises:
        WorkerNameTaken: another worker has taken the name meanwhile.
    """
    _take_name(caller, context, "The server forgot this worker, and now there is")
    context.bus.emit(events.WorkerRegisteredAgain(context.name))


def _take_name(caller: Caller, context: WorkerContext, beginning: str) -> None:
    birth = _try(caller, context)
    if birth.code == "taken" and is_provably_dead(*birth.owner[1:]):
        birth = _try(caller, context, replaceable=birth.owner[0])
    if birth.code == "taken":
        _, hostname, pid, _ = birth.owner
        message = f"{beginning} an active worker named {context.name!r} already (pid {pid} on {hostname}); stop it, or choose another name"
        raise WorkerNameTaken(message)
    if birth.reclaimed:
        context.bus.emit(events.WorkerReplaced(context.name, tuple(job_id for _, job_id, _ in birth.reclaimed)))


def _try(caller: Caller, context: WorkerContext, replaceable: str = "") -> Birth:
    config = context.config
    is_busy = len(context.running) > 0
    ttl, state = config.hash_ttl_seconds(busy=is_busy), WorkerStatus.BUSY if is_busy else WorkerStatus.IDLE
    return caller.run(register_worker(context.scripts, context.identity, config.lease_seconds, ttl, config.most_crashes, replaceable, state=state))
