"""Workers and janitors, as the product's programs behave: what they believe, what they send, and what they do with the answers.

Nobody here looks into the model to decide what to send. `Fleet` adds up what really happened, so that promises about time and counting can be checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rq.model.fate import Fate as AttemptFate
from rq.model.outcome import AskedRetry, Died, Outcome, Raised, Released, Returned, Stopped
from rq.model.presence import WorkerIdentity
from rq.model.settlement import PutBack, settle
from rq.store.claim import ClaimRequest, claim_jobs, claim_when_woken
from rq.store.codec import decode_job
from rq.store.lease import Beat, extend_leases
from rq.store.presence import Birth, register_worker, unregister_worker
from rq.store.reap import Reclaimed, Suspect, WorkerLease, list_worker_leases, reclaim_jobs, reclaim_worker, sweep_queue
from rq.store.replies import Claimed, Settled
from rq.store.settle import AttemptKey, settle_attempt
from tests.properties.producers import Producers, flat
from tests.properties.wire import Fate, Message

if TYPE_CHECKING:
    import redis

    from rq.model.record import JobRecord
    from rq.store.scripts import ScriptLibrary

MOST_CRASHES = 1
# What is known of every attempt besides its outcome; it goes into the results, which the model does not read.
FATE = AttemptFate("", b"said", 1024, 0.5)
WORKER_TTL = 480
JANITOR_LEASE = 30.0
RQ_BEAT_SECONDS = 35
HOOKED = ("a", "c")  # somebody is to hear of the end of these jobs
BIRTH_FIELDS_AT = 10  # behind the fixed arguments of `birth` and the names of the queues
UNRECORDED = "raised, and nobody keeps that"
OUTCOMES: dict[str, Outcome] = {
    "returned": Returned(b"value"),
    "returned nothing": Returned(None),
    "asked": AskedRetry(b"again", 1, (5,), at_front=True),
    "asked at once": AskedRetry(b"again", 1, ()),
    "raised": Raised("Traceback\nValueError: no", "ValueError"),
    UNRECORDED: Raised("Traceback\nValueError: no", "ValueError"),
    "died": Died("killed by signal 9", 9),
    "stopped": Stopped("stopped by hand"),
    "released": Released("the worker shuts down"),
}


@dataclass
class Attempt:
    """An attempt that a worker believes to run."""

    key: AttemptKey
    record: JobRecord


@dataclass
class Process:
    """One run of a worker program.

    Attributes:
        unanswered: the message it waits for an answer to, and sends again before any other.
        lines: by queue, the claim that lies on the server behind its blocking connection, which has caught nothing yet; both outlive the process for a while.
        unread: what those claims answered that were carried out, and the process has not read.
        given: the executions under which they gave it jobs.
        adopted: the executions that it has ever known to be its own.
        heard: the commands that the last heartbeat brought.
    """

    identity: WorkerIdentity
    lease: float
    alive: bool = True
    registered: bool = False
    leaving: bool = False
    sequence: int = 0
    last_answer: float = 0.0
    attempts: dict[str, Attempt] = field(default_factory=dict)
    unanswered: Message | None = None
    lines: dict[str, Message] = field(default_factory=dict)
    unread: list[Claimed] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def queues(self) -> tuple[str, ...]:
        return self.identity.queues

    def die(self) -> None:
        self.alive = False
        self.registered = False
        self.attempts.clear()
        self.unread.clear()
        self.unanswered = None


class Fleet(Producers):
    """All clients of one server.

    Attributes:
        monotonic: seconds that really passed; the server's clock may jump beside it.
        latest: the latest time that the server's clock showed before a jump.
        beaten: when each execution's, and each incarnation's, lease was last written, by `monotonic`.
        counted: per worker name what its counters must say: outcomes that were answered ok, superseded or gone.
    """

    def __init__(self, client: redis.Redis, connection: redis.Connection, scripts: ScriptLibrary) -> None:
        super().__init__(client, connection, scripts)
        self.processes: list[Process] = []
        self.monotonic = 0.0
        self.latest = 0.0
        self.beaten: dict[str, float] = {}
        self.leases: dict[str, float] = {}
        self.counted: dict[str, list[int]] = {}
        self.suspects: dict[str, dict[str, tuple[float, float]]] = {}
        self.watched: dict[tuple[str, str, float], float] = {}

    # --- the life of a worker -----------------------------------------------------------------------------------------

    def start(self, name: str, queues: tuple[str, ...], lease: float, fate: Fate, replaceable: str = "") -> Process:
        identity = WorkerIdentity(name, self.next("i"), queues, "host", 7, "8", "127.0.0.1", "1", "3.11")
        process = Process(identity, lease)
        self.processes.append(process)
        self.leases[identity.incarnation] = lease
        self.register(process, fate, replaceable)
        return process

    def register(self, process: Process, fate: Fate, replaceable: str = "") -> None:
        identity = process.identity
        call = register_worker(self.scripts, identity, process.lease, WORKER_TTL, MOST_CRASHES, replaceable)
        written = flat(call.arguments[BIRTH_FIELDS_AT + len(identity.queues) :])

        def predict() -> Birth:
            side = self.model.sides.get(identity.name)
            fresh = side is None or side.incarnation != identity.incarnation
            fresh = fresh or identity.name not in self.model.worker_hashes
            self._forgive_what_runs_and_was_caught()
            answer = self.model.birth(identity, written, process.lease, WORKER_TTL, MOST_CRASHES, replaceable)
            if answer.code == "ok":
                self.beaten[identity.incarnation] = self.monotonic
                if fresh:
                    self.counted[identity.name] = [0, 0]
            return answer

        def receive(answer: Birth) -> None:
            if answer.code == "ok":
                process.registered, process.last_answer = True, self.monotonic
            else:
                process.die()

        self.send(Message("birth", call, predict, receive), fate, process)

    def claim_request(self, process: Process, places: int) -> ClaimRequest:
        process.sequence += 1
        return self._request(process, process.sequence, places)

    def _request(self, process: Process, sequence: int, places: int) -> ClaimRequest:
        executions = [self.next("e") for _ in range(places)]
        self.leases.update(dict.fromkeys(executions, process.lease))
        identity = process.identity
        return ClaimRequest(identity.name, identity.incarnation, sequence, process.lease, executions, identity.queues)

    def claim(self, process: Process, places: int, fate: Fate) -> None:
        request = self.claim_request(process, places)
        message = Message(
            *("claim", claim_jobs(self.scripts, request)),
            lambda: self._note_claimed(self.model.claim(request)),
            partial(self._received_claim, process),
        )
        self.send(message, fate, process)

    def _note_claimed(self, answer: Claimed) -> Claimed:
        if answer.code == "ok":
            self.beaten.update({job.execution_id: self.monotonic for job in answer.jobs})
        return answer

    def _received_claim(self, process: Process, answer: Claimed) -> None:
        """A worker hears what a call of its own gave; and thereby of all that it was given before, but for what came while that call was sent again."""
        self._adopt(process, answer)
        side = self.model.sides.get(process.name)
        if answer.code in {"ok", "replay"} and side:
            owners = {execution for job_id, execution in side.held if self.model.x_execution(job_id) == execution}
            untold = owners & process.given - process.adopted
            assert not untold, f"{process.name} was given {untold}, and never hears of it"

    def _adopt(self, process: Process, answer: Claimed) -> None:
        if answer.code == "unknown":
            process.registered = False
        for job in answer.jobs:
            key = AttemptKey(job.job_id, job.execution_id, job.queue, process.name)
            process.adopted.add(job.execution_id)
            process.attempts[job.execution_id] = Attempt(key, decode_job(job.job_id, job.fields))

    def settle(self, process: Process, attempt: Attempt, outcome: str, places: int, fate: Fate) -> None:
        decision = settle(attempt.record, OUTCOMES[outcome], 500, records_failures=outcome != UNRECORDED)
        if outcome == UNRECORDED:
            self.wire.known.unrecorded.add(attempt.key.job_id)
        key, may_claim = attempt.key, places and not isinstance(decision, PutBack)
        request = self.claim_request(process, places) if may_claim else None
        delivery = f"{key.job_id} ended" if key.job_id in HOOKED else ""
        beside = next((other.key.job_id for other in process.attempts.values() if other is not attempt), "")

        def predict() -> Settled:
            hash_ = self.model.worker_hashes.get(process.name)
            answer = self.model.settle(key, decision, MOST_CRASHES, request, delivery, beside)
            if hash_ and not isinstance(decision, PutBack) and answer.code in {"ok", "superseded", "gone"}:
                self.counted[process.name][outcome not in {"returned", "returned nothing"}] += 1
            if answer.claimed:
                self._note_claimed(answer.claimed)
            return answer

        def receive(answer: Settled) -> None:
            process.attempts.pop(key.execution_id, None)
            if answer.claimed:
                self._received_claim(process, answer.claimed)

        call = settle_attempt(self.scripts, key, decision, MOST_CRASHES, request, delivery.encode(), FATE, beside)
        self.send(Message(f"settle as {outcome}", call, predict, receive), fate, process)

    def beat(self, process: Process, fate: Fate = Fate.OK) -> None:
        """A heartbeat. It comes from a thread of its own: it does not wait for the worker's unanswered message, and is not sent again."""
        identity, running = process.identity, [(a.key.job_id, e) for e, a in process.attempts.items()]

        heard = process.heard

        def predict() -> Beat:
            answer = self.model.heartbeat(identity.name, identity.incarnation, process.lease, WORKER_TTL, running, heard)
            if answer.known:
                lost = {execution for _, execution, code in answer.exceptions if code != "stop"}
                alive = [identity.incarnation, *(execution for _, execution in running if execution not in lost)]
                self.beaten.update(dict.fromkeys(alive, self.monotonic))
            return answer

        def receive(answer: Beat) -> None:
            process.registered = process.registered and answer.known
            if answer.known:
                process.last_answer, process.heard = self.monotonic, [command.command_id for command in answer.commands]
            for _, execution, code in answer.exceptions:
                if code != "stop":
                    process.attempts.pop(execution, None)

        arguments = (identity.name, identity.incarnation, process.lease, WORKER_TTL, running)
        message = Message("heartbeat", extend_leases(self.scripts, *arguments, heard=heard), predict, receive)
        unanswered = process.unanswered
        self.send(message, fate, process)
        process.unanswered = unanswered

    def beat_in_time(self) -> None:
        """Every living worker whose turn it is sends a heartbeat: three in a lease."""
        for process in self.processes:
            silent = self.monotonic - self.beaten.get(process.identity.incarnation, 0)
            if process.alive and process.registered and silent >= process.lease / 3:
                self.beat(process)

    def resend(self, process: Process, fate: Fate) -> None:
        if process.unanswered:
            self.send(process.unanswered, fate, process)

    def leave(self, process: Process, fate: Fate) -> None:
        identity = process.identity
        process.leaving = True  # it has closed its waiting connections
        message = Message(
            *("death", unregister_worker(self.scripts, identity.name, identity.incarnation)),
            partial(self.model.death, identity.name, identity.incarnation),
            lambda _: process.die(),
        )
        self.send(message, fate, process)

    def arm(self, process: Process, places: int) -> None:
        """The worker waits: a blocking connection for each queue that has none, and behind each of them a claim, for the case that it catches something."""
        for queue in process.queues:
            if queue not in process.lines:
                process.lines[queue] = self._claim_when_woken(self._request(process, 0, places))

    def _claim_when_woken(self, request: ClaimRequest) -> Message:
        return Message(
            *("claim of who waits", claim_when_woken(self.scripts, request)),
            lambda: self._note_claimed(self.model.claim_when_woken(request)),
        )

    def wake_armed(self, process: Process, queue: str, *, is_heard: bool) -> None:
        """A blocking connection catches an id, and its claim is carried out at once: whoever lives or dies, and whatever became of the registration.

        `is_heard`: the connection lives, so that the process can read the answer.
        """
        if queue in process.lines and self.model.queue(queue):
            self._catch(queue)
            self._carry_out(process, queue, is_heard=is_heard)

    def wake_all_armed(self, queue: str) -> list[Process]:
        """All that waits for a queue catches an id each, as long as there are any, before the claims behind the waits are carried out. Returns the woken.

        What the claims give back wakes nobody who waits behind those.
        """
        waiting = [process for process in self.processes if queue in process.lines]
        woken = waiting[: len(self.model.queue(queue))]
        for _ in woken:
            self._catch(queue)
        for process in woken:
            self._carry_out(process, queue, is_heard=True)
        return woken

    def _carry_out(self, process: Process, queue: str, *, is_heard: bool) -> None:
        answer = self.deliver(process.lines.pop(queue))
        process.given.update(job.execution_id for job in answer.jobs)
        if is_heard and process.alive:
            process.unread.append(answer)

    def read_what_woke(self, process: Process) -> None:
        """The worker reads what its blocking connections brought: late, perhaps, so that a call of its own has told it already."""
        for answer in process.unread:
            if not answer.jobs or answer.sequence > process.sequence:
                process.sequence = max(process.sequence, answer.sequence if answer.jobs else 0)
                self._adopt(process, answer)
        process.unread.clear()

    def wake(self, process: Process, queue: str) -> None:
        """The same without a claim behind it. Such a wait must end before half a lease passed since the last answered heartbeat."""
        waits = process.alive and process.registered and not process.leaving
        is_fresh = self.monotonic - process.last_answer < process.lease / 2
        if waits and is_fresh and self.model.queue(queue):
            self._catch(queue)

    def _catch(self, queue: str) -> None:
        keys = self.scripts.keyspace
        self.model.caught.setdefault(queue, []).append(self.model.queue(queue).pop(0))
        self.wire.write(("LMOVE", keys.queue(queue), keys.caught(queue), "LEFT", "RIGHT"))

    # --- janitors -----------------------------------------------------------------------------------------------------

    def reclaim(self, queue: str, fate: Fate) -> None:
        """Reclaim what was seen unchanged, and remember what the answer names."""
        remembered = self.suspects.get(queue, {})
        suspects = [Suspect(member, score, self.monotonic - since) for member, (score, since) in remembered.items()]

        def predict() -> Reclaimed:
            self._forgive_what_runs_and_was_caught()
            before = dict(self.model.wip.get(queue, {}))
            answer = self.model.reclaim(queue, suspects, JANITOR_LEASE, MOST_CRASHES)
            for _, execution in before.keys() - self.model.wip.get(queue, {}).keys():
                self._assert_dead(execution)
            return answer

        def receive(answer: Reclaimed) -> None:
            known = self.suspects.get(queue, {})
            self.suspects[queue] = {
                member: known[member] if known.get(member, (None,))[0] == score else (score, self.monotonic) for member, score in answer.suspects
            }

        call = reclaim_jobs(self.scripts, queue, suspects, JANITOR_LEASE, MOST_CRASHES)
        self.send(Message("reclaim", call, predict, receive), fate)

    def _assert_dead(self, name: str) -> None:
        """Whoever extends its leases in time keeps them, whatever the server's clock does."""
        needed = RQ_BEAT_SECONDS if name.startswith("rq") else self.leases.get(name, 0) / 2
        if name in self.beaten:
            silent = self.monotonic - self.beaten[name]
            assert silent >= needed, f"{name} was reclaimed {silent} s after its last heartbeat"

    def _forgive_what_runs_and_was_caught(self) -> None:
        """A queued job whose run ends without a word goes back to its queue if no list there names it, although a waiting worker may have caught it."""
        running = {job_id for leases in self.model.wip.values() for job_id, _ in leases}
        for job_id in running:
            self.forgive_entries_out_of_reach(job_id)

    def look_at_workers(self, fate: Fate, *, just_in_time: bool = False) -> None:
        """Read the leases of workers, and reclaim those that expired and were seen unchanged for half a lease.

        `just_in_time`: those that live after all beat before they are reclaimed.
        """
        answers: list[list[WorkerLease]] = []
        message = Message("worker leases", list_worker_leases(self.scripts), self.model.worker_leases, answers.append)
        self.send(message, Fate.OK)
        seen = {(lease.worker, lease.incarnation, lease.ends_at) for lease in answers[0]}
        self.watched = {key: self.watched.get(key, self.monotonic) for key in seen}
        for lease in answers[0]:
            since = self.watched[lease.worker, lease.incarnation, lease.ends_at]
            if lease.expired and self.monotonic - since >= (lease.lease_seconds or JANITOR_LEASE) / 2:
                for process in self.processes:
                    if just_in_time and process.alive and process.name == lease.worker:
                        self.beat(process)
                self.reclaim_worker(lease.worker, lease.incarnation, fate, seen_dead=False)

    def reclaim_worker(self, name: str, incarnation: str, fate: Fate, *, seen_dead: bool) -> None:
        reason = "its process is gone"

        def predict() -> tuple[str, list[tuple[str, str, str]], int]:
            self._forgive_what_runs_and_was_caught()
            answer = self.model.reclaim_worker(name, incarnation, reason, MOST_CRASHES, seen_dead=seen_dead)
            if answer[0] == "ok" and not seen_dead:
                self._assert_dead(incarnation)
            return answer

        call = reclaim_worker(self.scripts, name, incarnation, reason, MOST_CRASHES, seen_dead=seen_dead)
        self.send(Message("reclaim worker", call, predict), fate)
        if not seen_dead:
            self.history.pop()  # it rests on what was just seen; minutes later it would not be sent

    def sweep(self, queue: str, fate: Fate) -> None:
        keys = self.scripts.keyspace
        locks = (keys.name("maintenance_lock", queue), keys.name("scheduler_lock", queue))
        message = Message(
            *("sweep", sweep_queue(self.scripts, queue, "janitor")),
            partial(self.model.sweep, queue, "janitor", locks),
        )
        self.send(message, fate)

    # --- time ---------------------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Time passes for everybody."""
        self.monotonic += seconds
        self.model.offset += seconds

    def jump(self, seconds: float) -> None:
        """Only the server's clock moves."""
        self.latest = max(self.latest, self.model.now)
        self.model.offset += seconds
