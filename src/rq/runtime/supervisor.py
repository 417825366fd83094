"""The supervisor: claims jobs, hands them to an executor, writes down what came of them.

One thread, one loop. It owns the worker's place on the server and never runs user code, unless the user chose an executor that runs jobs in this very
process. In a busy worker every job costs one round trip: the call that settles one attempt claims the next.

A step ends in one of three ways: something happened (go on), there is something to wait for (wait), or there is a reason to leave. Leaving puts back what was
claimed and not begun; whatever this process cannot do any more, the lease does.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Any

from redis.exceptions import RedisError, ResponseError

from rq.core.defaults import DEFAULT_TIMEOUT
from rq.core.errors import CorruptDataError, StorePermissionError, TooLargeError
from rq.core.ids import new_execution_id
from rq.core.references import dotted_name
from rq.model.fate import Fate, what_ended
from rq.model.outcome import Raised, Released
from rq.model.presence import WorkerStatus
from rq.model.record import JobRecord
from rq.model.settlement import Decision, PutBack, settle
from rq.observe import events
from rq.runtime.announcer import Announcer
from rq.runtime.control import CommandListener
from rq.runtime.crew import Crew
from rq.runtime.deliveries import delivery_about
from rq.runtime.executors.base import Attempt, Ended, Executor, keep_time_limits
from rq.runtime.hooks import Hooks
from rq.runtime.orders import WISHES, Orders, ending_by
from rq.runtime.registration import NameOnServer, register_again
from rq.runtime.reporting import report_aftermath, report_settlement
from rq.runtime.running import Progress, RunningAttempt, WorkerContext
from rq.runtime.stop_switch import StopSwitch
from rq.store.claim import ClaimRequest, claim_jobs, claim_when_woken
from rq.store.codec import decode_claimed_job
from rq.store.connection import Caller, PersistentCaller, private_client
from rq.store.replies import Claimed, ClaimedJob, Settled
from rq.store.settle import AttemptKey, settle_attempt
from rq.store.suspension import Pauses
from rq.store.waiting import News, QueueWaiter, wait_readable

IDLE_TICK_SECONDS = 1.0
LAST_WORDS_SECONDS = 5.0


class Supervisor:
    """Runs one worker from its registration to its leaving.

    Args:
        context: the worker.
        client: a client of the server; connections of its own are made from its settings.
        executor: where attempts run.
        switch: tells when to stop.
        hooks: whom to tell what; None: nobody.
    """

    def __init__(self, context: WorkerContext, client: Any, executor: Executor, switch: StopSwitch, hooks: Hooks | None = None) -> None:
        self.context = context
        self.identity, self.config, self.scripts = context.identity, context.config, context.scripts
        self.bus, self.running = context.bus, context.running
        self.executor = executor
        self.switch = switch
        self.progress = Progress()
        self._hooks = hooks or Hooks(context.config.queues)
        self._name = context.name
        self._inbox: deque[ClaimedJob] = deque()
        self._refused: list[Ended] = []
        self._saw_overdue = False
        self._notices: deque[tuple[str, str]] = deque()
        self._given_client = client
        self._client = private_client(client)
        self._leaving_since: float | None = None
        self._longest_wait_seconds = max(0.75 * context.config.lease_seconds, 2 * IDLE_TICK_SECONDS)
        switch.on_press = self._on_press
        self.caller = PersistentCaller(self._client, self._must_give_up, self._report_trouble, self._pause)
        self.caller.backoff_factor, self.caller.longest_pause_seconds = context.config.backoff_factor, context.config.longest_pause_seconds
        self.name_on_server = NameOnServer(self.caller, context)
        self._services_caller = Caller(private_client(client))
        self._announcer = Announcer(self._services_caller, context)
        self._thread = threading.current_thread()
        self._waiter = QueueWaiter(client, self.scripts.keyspace, self.config.queues)
        orders = Orders(context, self._notice, lambda: self._hooks.shut_down(switch.press))
        self._crew = Crew(self._services_caller, context, self._notice, orders, self._note_look, self._report_trouble)
        self.listener = CommandListener(client, context, orders, self._crew.look_now, self._report_trouble)

    # --- from birth to death ----------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Work until there is a reason to leave. Returns how many attempts ended.

        Raises:
            WorkerNameTaken: a living worker has the name.
            StorePermissionError: the server refuses this user.
            redis.exceptions.ConnectionError: the server cannot be reached at the start; later the worker waits for it.
        """
        self._thread = threading.current_thread()
        self.executor.start()
        try:
            self._hooks.register_birth()
            self.name_on_server.take()
            self._crew.start()
            self._announcer.start()
            self.listener.start()
            self._hooks.start(self)
            reason = self._work()
        except (RedisError, OSError) as error:
            if not (self.name_on_server.is_taken and self.switch.warm):
                raise
            reason = f"asked to by {self.switch.signal_name} while the server was away ({error})"
        finally:
            try:
                self.executor.shutdown()
            finally:
                self._leave()
        self.bus.emit(events.WorkerStopped(self._name, reason, self.progress.ended))
        return self.progress.ended

    def _leave(self) -> None:
        """End the services, and give up the name; what that cannot do for want of a server, the leases do."""
        self._leaving_since = time.monotonic()
        self._hooks.stop()
        self._crew.stop()
        self.listener.stop()
        self._announcer.stop()
        self._waiter.close()  # what it may have claimed goes back with the name
        try:
            if self.name_on_server.is_taken:
                self._crew.send_last_messages()
                self._hooks.call("register_death")
                self.name_on_server.give_up()
        except (RedisError, OSError, StorePermissionError) as error:
            self.bus.emit(events.ServerRefused(self._name, str(error), "the worker left without a word; its lease tells the others"))
        finally:
            for caller in (self.caller, self._services_caller):
                if caller.client is not self._given_client:
                    caller.client.close()

    # --- the loop ---------------------------------------------------------------------------------------------------------------

    def _work(self) -> str:
        reason = ""
        while not reason:
            if not len(self.running):
                self._hooks.dequeue(self)
            self._begin_claimed()
            self.attend()
            if self._settle_ended():
                continue
            if self.switch.warm and self._waiter.is_armed():
                self._stop_waiting()
            else:
                reason = self._look_for_jobs()
        return reason

    def _look_for_jobs(self) -> str:
        """Claim jobs if that makes sense now, else wait for whatever comes; or return a reason to leave."""
        reason = self._reason_to_leave()
        if reason:
            return reason
        if not self._may_claim():
            self._wait()
            return ""
        if not len(self.running):
            self._hooks.before_claim()
        self._claim()
        return ""

    def wait_for_jobs(self) -> RunningAttempt | None:
        """Wait until there is a job to begin, and return it; None if there is a reason to leave before. Called by hooks, while nothing runs."""
        while not len(self.running) and not self._look_for_jobs():
            pass
        return next(iter(self.running.snapshot()), None)

    def give_back_claimed(self) -> None:
        """Put back what was claimed and has not begun. Called by hooks."""
        while self._inbox:
            self._settle(Ended(self._inbox.popleft().execution_id, Released("the worker's own dequeue_job_and_maintain_ttl() did not want it")))

    def _reason_to_leave(self) -> str:
        if self.switch.cold:
            self._put_back_running()
        if len(self.running) or self._inbox:
            return ""
        progress, config, reason = self.progress, self.config, ""
        if self.switch.warm:
            reason = f"asked to by {self.switch.signal_name}"
        elif config.max_jobs is not None and progress.taken >= config.max_jobs:
            reason = "max_jobs is reached"
        elif config.burst and progress.suspended:
            reason = "suspended" if progress.pauses.everything else "all its queues are paused"
        elif config.burst and progress.found_nothing and not self._may_come_back():
            reason = "nothing more to do"
        elif config.max_idle_seconds is not None and progress.found_nothing and time.monotonic() - progress.idle_since >= config.max_idle_seconds:
            reason = "idle for long enough"
        return reason

    def _may_come_back(self) -> bool:
        """Say whether jobs of dead workers, or jobs that waited for others, are about to get into our queues: what a burst worker would otherwise never see."""
        overdue = self._crew.janitor.count_overdue()
        if overdue:
            self._saw_overdue = True
            return True
        # The last overdue job has just gone back, or to somebody else; or jobs that waited have just been released: look once more.
        if self._saw_overdue or self._crew.release_waiting():
            self._saw_overdue, self.progress.found_nothing, self.progress.must_claim = False, False, True
            return True
        return False

    def _free_places(self, ending: int = 0) -> int:
        """Return how many more jobs may be claimed now, `ending` running attempts being about to be settled by the very call that claims."""
        if self.switch.warm:
            return 0
        free = self.executor.places - len(self.running) + ending
        if self.config.max_jobs is not None:
            free = min(free, self.config.max_jobs - self.progress.taken)
        return max(free, 0)

    def _may_claim(self) -> bool:
        progress = self.progress
        if progress.must_give_back or not self._free_places():
            return progress.must_give_back
        return not progress.is_resting and (progress.must_claim or (time.monotonic() >= progress.claim_at and not self._is_waiting()))

    def _is_waiting(self) -> bool:
        """Say whether every job that may be taken will wake this worker; then there is no need to ask."""
        return not self.progress.suspended and self._waiter.is_fully_armed()

    # --- claiming ---------------------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Take jobs for all free places; if there are none, only give back what was caught. Jobs that a waiting connection took come with it, too."""
        progress = self.progress
        progress.must_claim = progress.is_resting
        places = 0 if progress.must_claim else self._free_places()
        claimed = self.caller.run(claim_jobs(self.scripts, self._claim_request(places)))
        if claimed.code not in {"replay", "stale"} and (not places or len(claimed.jobs) < places):  # else it did not look into every queue
            progress.must_give_back = False
        if places or claimed.jobs:
            self._take(claimed)

    def _claim_request(self, places: int) -> ClaimRequest:
        self.progress.claims += 1
        return self._request(self.progress.claims, places)

    def _request(self, sequence: int, places: int) -> ClaimRequest:
        executions = [new_execution_id() for _ in range(places)]
        return ClaimRequest(self._name, self.identity.incarnation, sequence, self.config.lease_seconds, executions, self._hooks.order.names())

    def _begin_wait(self) -> None:
        """Wait on every queue; a claim lies behind each wait."""
        self._waiter.arm(self.config.block_seconds, lambda: claim_when_woken(self.scripts, self._request(0, self._free_places())))

    def _stop_waiting(self) -> None:
        """Catch no more jobs: what was caught goes back now, not when the jobs that run have ended."""
        self._waiter.close()
        self.progress.must_give_back = True  # until a claim did: a replay gives nothing back
        self._claim()

    def _take_what_came(self, news: News) -> None:
        """Take what the claim gave that lay behind a wait."""
        progress, answer = self.progress, news.answer
        if answer is None:
            progress.must_give_back = progress.must_give_back or news.caught
        if answer is None or answer.code == "idle":
            progress.must_claim = True  # what it did is not known, or there was nothing to take: claim in the ordinary way, then wait anew
        elif answer.code == "busy":
            progress.must_claim = progress.must_claim or answer.sequence >= progress.claims  # else a claim has looked since
        elif answer.code not in {"ok", "suspended"} or answer.sequence > progress.claims:  # else a claim has looked, and told of the jobs, since
            if answer.jobs:
                progress.claims = answer.sequence
            self._take(answer)

    def _take(self, claimed: Claimed) -> None:
        """Note what a claim gave, and when to claim again."""
        progress = self.progress
        now = time.monotonic()
        if claimed.code == "stale":  # meanwhile a job came that a waiting connection took: the next claim tells of it
            progress.must_claim = True
            return
        for job in claimed.jobs:
            self._adopt(job)
            self._hooks.order.note_served(job.queue)
        if claimed.code == "unknown":
            register_again(self.caller, self.context)
            progress.claim_at = now
            return
        if claimed.code != "ok" or claimed.paused or any(progress.pauses):  # nearly always there is nothing to note
            self._note_pauses(claimed)
        progress.found_nothing = not claimed.jobs and claimed.next_due_seconds != 0
        pause = IDLE_TICK_SECONDS if claimed.next_due_seconds is None else min(claimed.next_due_seconds, IDLE_TICK_SECONDS)
        progress.claim_at = now if claimed.jobs else now + pause
        if claimed.jobs:
            progress.idle_since = now
            progress.taken += len(claimed.jobs)

    def _adopt(self, job: ClaimedJob) -> None:
        """Keep the lease of a claimed job from now on, and put it before the executor."""
        key = AttemptKey(job.job_id, job.execution_id, job.queue, self._name)
        try:
            record = decode_claimed_job(job.job_id, job.fields)
        except CorruptDataError as error:
            self.running.add(RunningAttempt(key, JobRecord(job.job_id, origin=job.queue)))
            self._refused.append(Ended(job.execution_id, Raised(f"{dotted_name(type(error))}: {error}", dotted_name(type(error)))))
            return
        self.running.add(RunningAttempt(key, record, job.fields))
        self._inbox.append(job)

    def _note_pauses(self, claimed: Claimed) -> None:
        if claimed.code not in {"suspended", "ok"}:
            return
        suspended, progress = claimed.code == "suspended", self.progress
        paused = tuple(queue for queue in self.config.queues if queue in claimed.paused)  # as the lookout names them, whichever queue comes first now
        progress.pauses = Pauses(suspended and not paused, paused)
        if paused != progress.left_out and not progress.pauses.everything:  # which does not tell of queues that are paused by themselves
            progress.left_out = paused
            self._waiter.leave_out(paused)
            self.bus.emit(events.PausedQueues(self._name, paused))
        if suspended == progress.suspended:
            return
        progress.suspended = suspended
        if suspended or not len(self.running):
            self._announcer.tell(("state", (WorkerStatus.SUSPENDED if suspended else WorkerStatus.IDLE).value))
        self.bus.emit(events.WorkerSuspended(self._name, claimed.suspended_part) if suspended else events.WorkerResumed(self._name))

    # --- running ----------------------------------------------------------------------------------------------------------------

    def _begin_claimed(self) -> None:
        while self._inbox:
            job = self._inbox.popleft()
            attempt = self.running.get(job.execution_id)
            if attempt is None:
                continue
            if self.switch.warm:
                self._settle(Ended(job.execution_id, Released("the worker was asked to stop before the job began")))
                continue
            record = attempt.record
            attempt.began = time.monotonic()
            self.bus.emit(events.JobTaken(self._name, job.queue, job.job_id, record.description, record.attempt))
            self._hooks.begin(attempt)
            limit = DEFAULT_TIMEOUT if record.timeout is None else record.timeout
            self.executor.submit(Attempt(job.job_id, job.execution_id, job.queue, record.attempt, float(limit) if limit > 0 else None, job.fields))

    def _settle_ended(self) -> bool:
        """Write down every outcome that has come; says whether there was any."""
        keep_time_limits(self.executor)
        refused, self._refused = self._refused, []
        ended = [*refused, *self.executor.collect()]
        for attempt in ended:
            running = self.running.get(attempt.execution_id)
            report_aftermath(self.bus, running, attempt.aftermath)
            outcome = self._hooks.judge(running, attempt)
            self._settle(attempt if outcome is attempt.outcome else replace(attempt, outcome=outcome))
        if ended and not len(self.running):
            self._hooks.call("set_state", WorkerStatus.IDLE)
        return bool(ended)

    def _settle(self, ended: Ended) -> None:
        execution_id = ended.execution_id
        attempt = self.running.get(execution_id)
        if attempt is None:
            return
        rand = random.random()  # noqa: S311 - spreads retries, keeps no secret
        decision = settle(attempt.record, ended.outcome, self.config.default_result_ttl, rand, records_failures=self.config.records_failures)
        self.progress.ended += not isinstance(decision, PutBack)
        self.progress.idle_since = time.monotonic()
        places = self._places_after(decision)
        claim = self._claim_request(places) if places else None
        delivery = delivery_about(attempt.record, attempt.fields, decision)
        fate = Fate(what_ended(ended.outcome, self.config.memory_limit_mib), ended.output, ended.peak_memory_kib, ended.cpu_seconds)
        call = settle_attempt(self.scripts, attempt.key, decision, self.config.most_crashes, claim, delivery, fate, self.running.another_than(execution_id))
        try:
            settled: Settled = self.caller.run(call)
        except TooLargeError as error:
            self.progress.ended -= 1  # it is counted again
            self.progress.claims -= claim is not None  # a job that a waiting connection took meanwhile has that number: the next claim tells of it
            self._settle(Ended(execution_id, Raised(f"The outcome of the job could not be written: {error}\n", dotted_name(TooLargeError))))
            return
        except ResponseError as error:
            self.progress.claims -= claim is not None  # as above
            self.running.remove(execution_id)
            consequence = f"the outcome of job {attempt.key.job_id} could not be written; the job is taken back when its lease runs out"
            self.bus.emit(events.ServerRefused(self._name, str(error), consequence))
            return
        self.running.remove(execution_id)
        if isinstance(decision, PutBack):
            self.progress.must_claim = True
            if settled.code == "ok":  # it waits again: whatever kept it from running may keep it, or the next one, once more
                self.progress.rests_until = time.monotonic() + IDLE_TICK_SECONDS
        report_settlement(self.bus, attempt, decision, settled)
        if settled.leaves_dependents:
            self._crew.release_now()
        if delivery:
            self._crew.deliver_now()
        if settled.claimed is not None:
            self._take(settled.claimed)

    def _places_after(self, decision: Decision) -> int:
        """Return for how many jobs the call may ask that writes this down: while the worker rests, for one in its place."""
        if isinstance(decision, PutBack):
            return 0
        free = self._free_places(ending=1)
        return min(free, 1) if self.progress.is_resting else free

    def _put_back_running(self) -> None:
        """Take the running attempts away from the executor; they are put back once their processes are dead."""
        if len(self.running) and not self.progress.takes_away:
            self.progress.takes_away = True
            self._hooks.call("kill_horse")
        for attempt in self.running.snapshot():
            self.executor.kill(attempt.key.execution_id, self._stopped_at_once())

    def attend(self) -> None:
        """End attempts that lost their lease, or shall end; called also by an executor that is in the middle of `submit` for long."""
        while self._notices:
            execution_id, code = self._notices.popleft()
            attempt = self.running.get(execution_id)
            if attempt is None or (code == "stop" and attempt.was_stopped):
                continue  # the heartbeat says it again while the stopped callback runs
            attempt.was_stopped = code == "stop"
            key = attempt.key
            self.bus.emit(events.AttemptAbandoned(self._name, key.queue, key.job_id, attempt.record.description, code))
            if code in WISHES:
                self._hooks.call("kill_horse")
            self.executor.kill(execution_id, ending_by(code))

    # --- waiting ----------------------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Block until a job, an outcome, a signal or a deadline comes."""
        now = time.monotonic()
        until = [deadline for deadline in (self.executor.next_deadline(),) if deadline is not None]
        switch_fileno = self.switch.fileno()
        descriptors = [switch_fileno, *self.executor.filenos()]
        if self._free_places():
            if self.progress.is_resting:
                until.append(self.progress.rests_until)
            else:
                if not self.progress.suspended:
                    self._begin_wait()
                # While it waits, it looks after its connections now and then.
                until.append(now + IDLE_TICK_SECONDS if self._is_waiting() else self.progress.claim_at)
                if self.config.max_idle_seconds is not None and not len(self.running):
                    until.append(self.progress.idle_since + self.config.max_idle_seconds)
            descriptors += self._waiter.filenos()
        ready = wait_readable(descriptors, max(min(until) - now, 0.0) if until else None)
        if switch_fileno in ready:
            self.switch.reset()
        else:
            # After a wait that was too long, the process was frozen: what came may be somebody else's by now, and the next claim tells what is not.
            was_frozen = time.monotonic() - now > self._longest_wait_seconds
            for news in self._waiter.read(ready):
                self._take_what_came(News(news.caught, None) if was_frozen else news)

    def _pause(self, seconds: float) -> None:
        """Wait before a call is sent again; a signal ends the pause. However long the server is away, jobs are kept to their time limits."""
        wait_readable([self.switch.fileno()], seconds)
        self.switch.reset()
        keep_time_limits(self.executor)

    # --- signals ------------------------------------------------------------------------------------------------------------------

    def _on_press(self) -> None:
        """Called by a signal handler in the middle of anything, or by the listener. What needs locks or the network is another thread's; the job comes last."""
        self._announcer.announce_stop(self.switch.cold, self.switch.signal_name)
        if self.switch.cold and threading.current_thread() is self._thread:
            self.executor.interrupt(self._stopped_at_once())

    def _stopped_at_once(self) -> Released:
        return Released(f"the worker was told to stop at once by {self.switch.signal_name}")

    # --- what others ask and tell ------------------------------------------------------------------------------------------------

    def _must_give_up(self) -> bool:
        """Say whether a call that fails is not to be sent again: when nothing is at stake any more, or nobody wants to wait."""
        if self._leaving_since is not None:
            return time.monotonic() - self._leaving_since > LAST_WORDS_SECONDS
        return self.switch.cold or (self.switch.warm and not len(self.running))

    def _notice(self, execution_id: str, code: str) -> None:
        """Called by the heartbeat's thread."""
        self._notices.append((execution_id, code))
        self.switch.wake()

    def _note_look(self, pauses: Pauses) -> None:
        """Called by the lookout's thread. A claim finds out what has changed; what a look saw may be older than the last claim, but only once."""
        seen = Pauses(everything=True) if pauses.everything else pauses
        if seen != self.progress.pauses:
            self.progress.must_claim = True
            self.switch.wake()

    def _report_trouble(self, error: Exception, retry_seconds: float) -> None:
        self.bus.emit(events.ServerTrouble(self._name, f"{type(error).__name__}: {error}", retry_seconds))
