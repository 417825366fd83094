"""Workers with ways of their own, as programs that use RQ have them. Each writes down what is called, and where, into the file that the test gave its job."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.timeouts import BaseDeathPenalty, TimerDeathPenalty
from rq.worker import BaseWorker, StopRequested


def note(job: Job, *words: object) -> None:
    with Path(job.args[0]).open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


class Telling:
    """Writes down the methods that are called where a job runs, and lets them do their work."""

    def main_work_horse(self: Any, job: Job, queue: Queue) -> None:
        note(job, "main_work_horse", queue.name)
        super().main_work_horse(job, queue)  # type: ignore[misc]

    def perform_job(self: Any, job: Job, queue: Queue) -> bool:
        note(job, "perform_job", os.getpid() if self.is_horse else "no horse")
        answer: bool = super().perform_job(job, queue)  # type: ignore[misc]
        note(job, "performed", answer)
        return answer

    def prepare_job_execution(self: Any, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        note(job, "prepare_job_execution", job.get_status(refresh=False).value)
        super().prepare_job_execution(job, remove_from_intermediate_queue)  # type: ignore[misc]

    def handle_execution_ended(self: Any, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        note(job, "handle_execution_ended")
        super().handle_execution_ended(job, queue, heartbeat_ttl)  # type: ignore[misc]

    def handle_job_success(self: Any, job: Job, queue: Queue, started_job_registry: Any) -> None:
        note(job, "handle_job_success", started_job_registry.name)
        super().handle_job_success(job, queue, started_job_registry)  # type: ignore[misc]

    def handle_job_failure(self: Any, job: Job, queue: Queue, started_job_registry: Any = None, exc_string: str = "") -> None:
        note(job, "handle_job_failure", exc_string.rstrip().rsplit("\n", 1)[-1])
        super().handle_job_failure(job, queue, started_job_registry, exc_string=f"{exc_string}and more")  # type: ignore[misc]

    def handle_job_retry(self: Any, job: Job, queue: Queue, retry: Any, started_job_registry: Any, execution: Any) -> None:
        note(job, "handle_job_retry", retry.max)
        super().handle_job_retry(job, queue, retry, started_job_registry, execution)  # type: ignore[misc]

    def handle_exception(self: Any, job: Job, *exc_info: Any) -> None:
        note(job, "handle_exception", exc_info[0].__name__, job.get_status(refresh=False).value)
        super().handle_exception(job, *exc_info)  # type: ignore[misc]


class TellingWorker(Telling, Worker):
    pass


class TellingSimpleWorker(Telling, SimpleWorker):
    pass


class ExitingWorker(Worker):
    """Ends the process of a job by `os._exit`, as RQ says it must."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        self.perform_job(job, queue)
        note(job, "leaving")
        os._exit(0)


class ForgetfulWorker(Worker):
    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Forget to run the job."""


class OwnPerformer(Worker):
    """Runs and ends the job by itself."""

    def perform_job(self, job: Job, queue: Queue) -> bool:
        self.prepare_job_execution(job)
        try:
            job.perform()
        except Exception as error:  # noqa: BLE001 - the job's
            self.handle_job_failure(job, queue, exc_string=f"{error} in its own way")
            return False
        self.handle_job_success(job, queue, queue.started_job_registry)
        return True


class AnsweringWorker(Worker):
    """Says no more than how it went."""

    def perform_job(self, job: Job, queue: Queue) -> bool:
        return bool(job.perform())


class BrokenHandler(Worker):
    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        raise RuntimeError("the handler of the worker broke")


class ThreadWorker(BaseWorker):
    """Runs each job in a thread, and waits for no one."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        self.prepare_execution(job)
        threading.Thread(target=self.perform_job, args=(job, queue)).start()


class WaitingWorker(Worker):
    """Runs jobs here, in the way that many have it for a debugger or a framework."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        execution = self.prepare_execution(job)
        note(job, "execution", execution.id, execution.worker_name)
        self.perform_job(job, queue)
        self.set_state("idle")


class WatchingWorker(Worker):
    """Forks for each job as RQ does, and writes down what came of the process."""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        super().fork_work_horse(job, queue)
        note(job, "forked", self.horse_pid > 0, os.getpgid(self.horse_pid) == self.horse_pid)

    def monitor_work_horse(self, job: Job, queue: Queue) -> None:
        super().monitor_work_horse(job, queue)
        note(job, "watched", self.horse_pid)


class PatientWorker(Worker):
    death_penalty_class = TimerDeathPenalty


class LastQueueFirst(SimpleWorker):
    def reorder_queues(self, reference_queue: Queue) -> None:
        self._ordered_queues = [queue for queue in reversed(self.queues) if queue != reference_queue] + [reference_queue]


def write(path: Path, *words: object) -> None:
    with path.open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


class Attentive(SimpleWorker):
    """Writes down what is called in the process of the worker, into the file that `log` names."""

    log_file: Path

    def bootstrap(self, *arguments: Any) -> None:
        write(self.log_file, "bootstrap")
        super().bootstrap(*arguments)

    def register_birth(self) -> None:
        super().register_birth()
        write(self.log_file, "born", self.connection.exists(self.key))

    def subscribe(self) -> None:
        write(self.log_file, "subscribe")

    def check_for_suspension(self, burst: bool) -> None:
        write(self.log_file, "check_for_suspension", burst)
        super().check_for_suspension(burst)

    def run_maintenance_tasks(self) -> None:
        super().run_maintenance_tasks()
        write(self.log_file, "maintained", self.should_run_maintenance_tasks)

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: float | None = None) -> tuple[Job, Queue] | None:
        result = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        write(self.log_file, "dequeued", result and result[1].name)
        return result

    def set_state(self, state: Any, pipeline: Any = None) -> None:
        super().set_state(state, pipeline)
        write(self.log_file, "state", self.get_state(), state.value)

    def prepare_execution(self, job: Job) -> Any:
        write(self.log_file, "prepare_execution", job.id)
        return super().prepare_execution(job)

    def unsubscribe(self) -> None:
        write(self.log_file, "unsubscribe")

    def register_death(self) -> None:
        super().register_death()
        write(self.log_file, "dead", self.death_date is not None)

    def teardown(self) -> None:
        write(self.log_file, "teardown")
        super().teardown()


class Beating(Worker):
    log_file: Path

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        write(self.log_file, "heartbeat")

    def maintain_heartbeats(self, job: Job) -> None:
        write(self.log_file, "maintain_heartbeats", job.id)
        raise RuntimeError("the worker broke at its heartbeat")


class TakingWorker(SimpleWorker):
    """Takes jobs by itself, in RQ's way."""

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: float | None = None) -> tuple[Job, Queue] | None:
        return self.queue_class.dequeue_any(self.queues, None, connection=self.connection)


class UnluckyWorker(TakingWorker):
    """Answers with something else the first time; whenever it has taken a job, it is told, and goes on when the other side is ready."""

    answers = 0
    taken: Any = staticmethod(lambda: None)

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: float | None = None) -> Any:
        self.answers += 1
        if self.answers == 1:
            return "a job"
        result = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        if result:
            self.taken()
        return result


class LimitedWorker(SimpleWorker):
    """Leaves when it has had enough."""

    def check_for_suspension(self, burst: bool) -> None:
        if self.connection.exists("enough"):
            raise StopRequested


class NamedArguments:
    """Takes by name what RQ passes by name, and by position what RQ passes by position."""

    def prepare_job_execution(self: Any, work: Job, /, is_first: bool = False) -> None:
        note(work, "prepare_job_execution", is_first)
        super().prepare_job_execution(work, is_first)  # type: ignore[misc]

    def handle_job_success(self: Any, **about: Any) -> None:
        note(about["job"], "handle_job_success", *sorted(about))
        super().handle_job_success(**about)  # type: ignore[misc]

    def handle_job_failure(self: Any, *, job: Job, exc_string: str, queue: Queue, started_job_registry: Any) -> None:
        note(job, "handle_job_failure", queue.name, started_job_registry.name)
        super().handle_job_failure(job, queue, started_job_registry, exc_string)  # type: ignore[misc]

    def handle_job_retry(self: Any, **about: Any) -> None:
        note(about["job"], "handle_job_retry", *sorted(about))
        super().handle_job_retry(**about)  # type: ignore[misc]

    def reorder_queues(self: Any, *, reference_queue: Queue) -> None:
        super().reorder_queues(reference_queue)  # type: ignore[misc]


class NamedArgumentsWorker(NamedArguments, Worker):  # type: ignore[misc]  # its methods can be called as RQ calls them, and in no other way
    pass


class NamedArgumentsSimpleWorker(NamedArguments, SimpleWorker):  # type: ignore[misc]  # as above
    pass


class SayingWorker(Worker):
    """Wants to hear which job is the current one."""

    def set_current_job_id(self, job_id: str | None = None, pipeline: Any = None) -> None:
        super().set_current_job_id(job_id, pipeline)
        self.connection.rpush("said", f"current job {job_id}")

    def set_current_job_working_time(self, current_job_working_time: float, pipeline: Any = None) -> None:
        super().set_current_job_working_time(current_job_working_time, pipeline)
        self.connection.rpush("said", f"working for {current_job_working_time}")
        raise RuntimeError("it broke")


class LeavingBefore(SimpleWorker):
    """Leaves instead of running a job."""

    leaves_by: type[BaseException] = StopRequested

    def perform_job(self, job: Job, queue: Queue) -> bool:
        raise self.leaves_by


class LeavingAfter(SimpleWorker):
    """Leaves when it has run a job, as programs do whose memory has grown."""

    leaves_by: type[BaseException] = StopRequested

    def perform_job(self, job: Job, queue: Queue) -> bool:
        super().perform_job(job, queue)
        raise self.leaves_by


class LeavingAfterExecuting(Worker):
    """As above, in another method."""

    leaves_by: type[BaseException] = StopRequested

    def execute_job(self, job: Job, queue: Queue) -> None:
        super().execute_job(job, queue)
        raise self.leaves_by


class AlarmPenalty(BaseDeathPenalty):
    """Keeps time limits by an alarm, as RQ's own does."""

    def setup_death_penalty(self) -> None:
        signal.signal(signal.SIGALRM, self.ring)
        signal.alarm(self._timeout)  # type: ignore[arg-type]  # a whole number, if the job's is one

    def ring(self, signum: int, frame: object) -> None:
        raise self._exception(f"{self._timeout} seconds are over")

    def cancel_death_penalty(self) -> None:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


class AlarmWorker(Worker):
    death_penalty_class = AlarmPenalty


class AlarmSimpleWorker(SimpleWorker):
    death_penalty_class = AlarmPenalty


class ExecutionTelling:
    """Writes down which execution it is asked to run, and what it knows of itself meanwhile."""

    def perform_job(self: Any, job: Job, queue: Queue) -> bool:
        note(job, "running", self.execution.composite_key)
        answer: bool = super().perform_job(job, queue)  # type: ignore[misc]
        return answer

    def handle_job_retry(self: Any, job: Job, queue: Queue, retry: Any, started_job_registry: Any, execution: Any) -> None:
        note(job, "asked by", execution.composite_key)
        super().handle_job_retry(job, queue, retry, started_job_registry, execution)  # type: ignore[misc]


class ExecutionTellingWorker(ExecutionTelling, Worker):
    pass


class ExecutionTellingSimpleWorker(ExecutionTelling, SimpleWorker):
    pass


class ReadingWorker(SimpleWorker):
    """Reads afterwards what became of a job."""

    def perform_job(self, job: Job, queue: Queue) -> bool:
        answer = super().perform_job(job, queue)
        note(job, answer, job.get_status(refresh=False).value, (job._exc_info or "nothing").split()[-1])
        return answer
