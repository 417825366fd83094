"""Clients of the store that are no workers: producers, operators, and whoever sends what lies in the outbox. And how a client sends anything at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from rq.core.errors import CorruptDataError
from rq.store.cancel import cancel_job, stop_job
from rq.store.channels import KEPT, tell_worker
from rq.store.codec import encode_job, encode_shared
from rq.store.delete import delete_job
from rq.store.dependents import list_releases, release_dependents, sweep_deferred
from rq.store.enqueue import MOST_PROMOTIONS, NewJob, enqueue_job, enqueue_jobs, promote_jobs
from rq.store.outbox import end_delivery, take_deliveries
from rq.store.purge import purge_queue
from rq.store.replies import Enqueued
from rq.store.requeue import requeue_job
from rq.store.suspension import find_pauses, pause, resume
from tests.properties.model import Model
from tests.properties.waiting_and_running import Entry
from tests.properties.wire import Fate, Message, Wire
from tests.properties.world import STOPPER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    import redis

    from rq.model.record import JobRecord
    from rq.store.calls import Argument
    from rq.store.scripts import ScriptLibrary

HISTORY = 12
DELIVERY_SECONDS = 30
# What is sent again if no answer comes, after whatever happened meanwhile.
SENT_AGAIN = frozenset({"enqueue", "enqueue many", "delete", "requeue", "cron tick"})


class Sender(Protocol):
    """Who waits for the answer to one message, and sends it again before any other."""

    unanswered: Message | None


class Producers:
    """Everybody who sends without being a worker.

    Attributes:
        unanswered: the messages to which no answer came.
        history: the last messages, to arrive once more.
        accepted: the nonce of each job's last enqueue call that the server carried out.
    """

    def __init__(self, client: redis.Redis, connection: redis.Connection, scripts: ScriptLibrary) -> None:
        self.model = Model()
        self.wire = Wire(client, connection, scripts, self.model)
        self.scripts = scripts
        self.unanswered: list[Message] = []
        self.history: list[Message] = []
        self.accepted: dict[str, str] = {}
        self._numbers = count(1)

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, message: Message, fate: Fate, sender: Sender | None = None) -> None:
        """Send a message; without an answer its sender keeps it, to send it again."""
        self.history = [*self.history[1 - HISTORY :], message]
        if fate is Fate.LOST_REQUEST:
            self._keep(message, sender)
            return
        answer = self.deliver(message)
        if fate is Fate.LOST_REPLY:
            self._keep(message, sender)
            return
        if fate is Fate.TWICE:
            answer = self.deliver(message)
        if sender:
            sender.unanswered = None
        message.receive(answer)

    def _keep(self, message: Message, sender: Sender | None) -> None:
        if sender:
            sender.unanswered = message
        elif message.name in SENT_AGAIN:
            self.unanswered.append(message)

    def deliver(self, message: Message) -> Any:
        return self.wire.deliver(message)

    def next(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    # --- producers ----------------------------------------------------------------------------------------------------

    def new_job(
        self, record: JobRecord, *, nonce: str = "", at_front: bool = False, due: float | timedelta | None = None, unique: bool = False
    ) -> tuple[NewJob, Entry]:
        """A job on its way, as the product says it and as the model does."""
        nonce = nonce or self.next("n")
        where: str | float | timedelta = due if due is not None else "front" if at_front else "back"
        entry = Entry(record.id, record.origin, nonce, where, record.ttl, flat(encode_job(record)), tuple(record.dependency_ids), unique, record.group_id)
        return NewJob(record, nonce, at_front, due, unique), entry

    def enqueue(self, record: JobRecord, fate: Fate, *, at_front: bool = False, due: float | timedelta | None = None, unique: bool = False) -> None:
        new, entry = self.new_job(record, at_front=at_front, due=due, unique=unique)

        def predict() -> Enqueued | type[CorruptDataError]:
            self.forgive_entries_out_of_reach(record.id)
            return self._accept(entry, self.model.enqueue(entry))

        self.send(Message("enqueue", enqueue_job(self.scripts, new), predict), fate)

    def enqueue_many(self, records: Sequence[JobRecord], fate: Fate) -> None:
        nonce = self.next("n")
        new_jobs = [self.new_job(replace(record, created_at=LONG_AGO, description=record.id), nonce=nonce) for record in records]
        say_what_is_alike([new for new, _ in new_jobs])

        def predict() -> list[Enqueued] | type[CorruptDataError]:
            broken = [entry for _, entry in new_jobs if self.model.is_broken(entry.job_id)]
            for _, entry in new_jobs:
                self.forgive_entries_out_of_reach(entry.job_id)
            answers = self.model.enqueue_many([entry for _, entry in new_jobs])
            for _, entry in new_jobs:
                if self.has_entered(entry):
                    self.accepted[entry.job_id] = entry.nonce
            assert bool(broken) == (answers is CorruptDataError)
            return answers

        call = enqueue_jobs(self.scripts, [new for new, _ in new_jobs])
        self.send(Message("enqueue many", call, predict, is_one_thing=False), fate)

    def has_entered(self, entry: Entry) -> bool:
        job, note = self.model.job(entry.job_id), self.model.notes.get(entry.job_id)
        return job.fields.get("x_enqueue") == entry.nonce if job else bool(note and note.nonce == entry.nonce)

    def _accept(self, entry: Entry, answer: Enqueued | type[CorruptDataError]) -> Enqueued | type[CorruptDataError]:
        if isinstance(answer, Enqueued) and answer.code == "ok":
            self.accepted[entry.job_id] = entry.nonce
        return answer

    def forgive_entries_out_of_reach(self, job_id: str) -> None:
        """An id that woke a worker, or that RQ's worker is about to start, is not taken out of there when its job moves on: it is dropped later.

        And a job that has gone no longer knows who waits for it.
        """
        lists = [*self.model.caught.values(), *self.model.intermediate.values()]
        if any(job_id in ids for ids in lists):
            self.wire.known.strays.add(job_id)
        if job_id not in self.model.jobs and any(job_id in parents for parents in self.model.pending.values()):
            self.wire.known.untold.add(job_id)

    # --- operators ----------------------------------------------------------------------------------------------------

    def cancel(self, job_id: str, fate: Fate, seen_in: str | None = None, *, lets_go_on: bool = False, forgets_parents: bool = False) -> None:
        call = cancel_job(
            *(self.scripts, job_id, self._queue_of(job_id, seen_in)),
            enqueue_dependents=lets_go_on,
            remove_from_dependencies=forgets_parents,
        )

        def predict() -> tuple[str, str]:
            self.forgive_entries_out_of_reach(job_id)
            return self.model.cancel(job_id, lets_go_on=lets_go_on, forgets_parents=forgets_parents)

        self.send(Message("cancel", call, predict), fate)

    def _queue_of(self, job_id: str, seen_in: str | None) -> str:
        job = self.model.job(job_id)
        return seen_in or (job.fields["origin"] if job else "q1")

    def delete(self, job_id: str, fate: Fate, *, stays_listed: bool = False) -> None:
        nonce, queue = self.next("n"), self._queue_of(job_id, None)

        def predict() -> tuple[str, str]:
            self.forgive_entries_out_of_reach(job_id)
            if stays_listed:
                self.wire.known.strays.add(job_id)
            return self.model.delete(job_id, queue, nonce, stays_listed=stays_listed)

        call = delete_job(self.scripts, job_id, queue, nonce, remove_from_queue=not stays_listed)
        self.send(Message("delete", call, predict), fate)

    def stop(self, job_id: str, fate: Fate) -> None:
        self.send(Message("stop", stop_job(self.scripts, job_id, STOPPER), partial(self.model.stop, job_id)), fate)

    def requeue(self, job_id: str, kind: str, queue: str, fate: Fate, *, front: bool) -> None:
        nonce = self.next("n")

        def predict() -> Enqueued | type[CorruptDataError]:
            self.forgive_entries_out_of_reach(job_id)
            answer = self.model.requeue(job_id, kind, queue, nonce, front=front)
            if isinstance(answer, Enqueued) and answer.code == "ok":
                self.accepted[job_id] = nonce
            return answer

        self.send(Message("requeue", requeue_job(self.scripts, job_id, kind, queue, nonce, at_front=front), predict), fate)

    def purge(self, queue: str, limit: int, fate: Fate) -> None:
        self.send(Message("purge", purge_queue(self.scripts, queue, limit), partial(self.model.purge, queue, limit)), fate)

    def pause(self, seconds: float | None, queues: Sequence[str], workers: Sequence[str], fate: Fate) -> None:
        self.send(Message("pause", pause(self.scripts, seconds, queues, workers), partial(self.model.pause, seconds, queues, workers)), fate)

    def resume(self, queues: Sequence[str], workers: Sequence[str], fate: Fate) -> None:
        self.send(Message("resume", resume(self.scripts, queues, workers), partial(self.model.resume, queues, workers)), fate)

    def find_pauses(self, worker: str, queues: Sequence[str]) -> None:
        self.send(Message("find pauses", find_pauses(self.scripts, worker, queues), partial(self.model.find_pauses, worker, queues)), Fate.OK)

    def tell_worker(self, worker: str, command: str, fate: Fate) -> None:
        command_id = self.next("c")
        call = tell_worker(self.scripts, worker, {"command": command}, command_id)
        self.send(Message(f"tell {command}", call, partial(self.model.tell_worker, worker, KEPT[command], command_id)), fate)

    # --- what any worker does now and then ----------------------------------------------------------------------------

    def promote(self, queue: str, fate: Fate, limit: int = MOST_PROMOTIONS, worker: str = "") -> None:
        call = promote_jobs(self.scripts, queue, limit, worker)
        self.send(Message("promote", call, partial(self.model.promote, queue, limit, worker)), fate)

    def release_dependents(self, parent: str, fate: Fate) -> None:
        self.send(Message("release dependents", release_dependents(self.scripts, parent), partial(self.model.release_dependents, parent)), fate)

    def carry_out_releases(self) -> None:
        """Read the notes that ended jobs left, and tell those who were not told."""
        found: list[list[str]] = []
        self.send(Message("list releases", list_releases(self.scripts), lambda: list(self.model.releases), found.append), Fate.OK)
        for parent in found[0]:
            self.release_dependents(parent, Fate.OK)

    def sweep_deferred(self, queue: str, first: int, limit: int, fate: Fate) -> int | None:
        """Look at some jobs that wait. Returns where to go on, None if that was the end or no answer came."""
        ranks: list[tuple[int, int | None]] = []
        message = Message(
            *("sweep deferred", sweep_deferred(self.scripts, queue, first, limit)),
            partial(self.model.sweep_deferred, queue, first, limit),
            ranks.append,
        )
        self.send(message, fate)
        return ranks[0][1] if ranks else None

    def take_deliveries(self, most: int, fate: Fate) -> list[str]:
        """Take some of what is to be sent. Returns their names, none if no answer came."""
        taken: list[list[tuple[str, bytes]]] = []
        call = take_deliveries(self.scripts, most, DELIVERY_SECONDS)
        self.send(Message("take deliveries", call, partial(self.model.take_deliveries, most, DELIVERY_SECONDS), taken.append), fate)
        return [name for name, _ in taken[0]] if taken else []

    def end_delivery(self, name: str, fate: Fate, rest: str = "") -> None:
        """It was sent; or `rest` of it is to be tried again."""
        call = end_delivery(self.scripts, name, rest.encode(), 5.0)
        self.send(Message("end delivery", call, partial(self.model.end_delivery, name, rest, 5.0)), fate)


LONG_AGO = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)


def say_what_is_alike(new_jobs: Sequence[NewJob]) -> None:
    """Let jobs of one call that differ only in what is their own be sent as such."""
    known: dict[str, list[Argument]] = {}
    for new in new_jobs:
        if not new.record.dependency_ids:
            shared = encode_shared(new.record)
            new.shared = known.setdefault(repr(shared), shared)


def flat(arguments: Sequence[Argument]) -> dict[str, str]:
    """Fields as a call carries them: name, value, name, value, ..."""
    texts = [item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in arguments]
    return dict(zip(texts[::2], texts[1::2], strict=True))
