"""Carries out a producer's or the operator's part of a plan, and dies while it does.

`python producer_program.py URL SEED ROUNDS ROLE DEATHS DIRECTORY RECEIVER`. Each life is a process forked here. It goes on where the last one was sure to have
come; a step that was not known to be done is done again. A mortal life ends at a random moment of a random step: nobody handles the alarm, so the kernel ends
the process on the spot, as SIGKILL would.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis

from rq import Queue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.group import Group
from rq.job import Job
from tests.faults.families import Plan, Step, make_plan
from tests.support.waiting import wait_until

MOST_WAITING = 40  # jobs in the queue: producers go no faster than workers, so that both are killed at work
STEPS_PER_LIFE = 4
PATIENCE_SECONDS = 90.0


class Life:
    """One process: carries out the steps that are left."""

    def __init__(self, url: str, directory: str, receiver: str, random_numbers: random.Random | None) -> None:
        """`random_numbers` say when it dies; without them it does not."""
        self._client = redis.Redis.from_url(url)
        self._queue = Queue("faults", connection=self._client)
        self._audit = str(Path(directory) / "audit")
        self._done = Path(directory) / "done"
        self._receiver = receiver
        self._random = random_numbers

    def carry_out(self, plan: Plan, role: str) -> None:
        """Do what is left to do."""
        left = [step for step in plan.of(role) if not self._is_done(role, step)]
        fatal = self._random.randrange(STEPS_PER_LIFE) if self._random else None
        for number, step in enumerate(left):
            self._wait_for_turn(step)
            if self._random and number == fatal:
                signal.setitimer(signal.ITIMER_REAL, self._random.uniform(0.00001, 0.002 + 0.00005 * len(step.jobs)))
            DEEDS[step.deed](self, step)
            self._note_done(role, step)

    def _wait_for_turn(self, step: Step) -> None:
        if step.deed.startswith("enqueue"):
            wait_until(lambda: self._client.llen(self._queue.key) < MOST_WAITING, PATIENCE_SECONDS, "the workers do nothing")
        else:
            wait_until(lambda: self._are_enqueued(step), PATIENCE_SECONDS, f"{step.jobs[0].id} is not enqueued")

    def _are_enqueued(self, step: Step) -> bool:
        done = self._all_done()
        return all(f" enqueue:{job.id}\n" in done for job in step.jobs)

    def _all_done(self) -> str:
        return self._done.read_text() if self._done.exists() else ""

    def _is_done(self, role: str, step: Step) -> bool:
        return f"{role} {step.name}\n" in self._all_done()

    def _note_done(self, role: str, step: Step) -> None:
        descriptor = os.open(self._done, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{role} {step.name}\n".encode())
        os.close(descriptor)

    def enqueue(self, step: Step) -> None:
        """Enqueue one job, unless it is there."""
        data = step.jobs[0].prepared(self._audit, self._receiver)
        options = {name: value for name, value in data._asdict().items() if name not in {"func", "args", "kwargs"}}
        with suppress(DuplicateJobError):
            self._queue.enqueue_call(data.func, data.args, **options)

    def enqueue_many(self, step: Step) -> None:
        """Enqueue those that are not there."""
        with suppress(DuplicateJobError):
            self._queue.enqueue_many([job.prepared(self._audit, self._receiver) for job in step.jobs], group_id=step.group)

    def enqueue_group(self, step: Step) -> None:
        """Enqueue those of a group that are not there, and the job that runs when all have ended."""
        *members, last = [job.prepared(self._audit, self._receiver) for job in step.jobs]
        with suppress(DuplicateJobError):
            Group(self._client, step.group).enqueue_many(self._queue, members, on_complete=last._replace(depends_on=None))

    def cancel(self, step: Step, *, enqueue_dependents: bool = True) -> None:
        """Cancel a job, unless it has ended."""
        with suppress(InvalidJobOperation):
            self._job(step).cancel(enqueue_dependents=enqueue_dependents)

    def cancel_for_good(self, step: Step) -> None:
        """Cancel a job, unless it has ended, and with it those that wait for it."""
        self.cancel(step, enqueue_dependents=False)

    def restore(self, step: Step) -> None:
        """Cancel a job and put it back."""
        self.cancel_for_good(step)
        with suppress(InvalidJobOperation):
            self._queue.canceled_job_registry.requeue(step.jobs[0].id)

    def delete(self, step: Step) -> None:
        """Delete a job, unless it is gone."""
        with suppress(InvalidJobOperation, NoSuchJobError):
            self._job(step).delete()

    def requeue(self, step: Step) -> None:
        """Put a job back as often as it fails, until it succeeds."""

        def has_succeeded() -> bool:
            job = self._job(step)
            with suppress(InvalidJobOperation):
                if job.is_failed:
                    job.requeue()
            return job.is_finished

        wait_until(has_succeeded, PATIENCE_SECONDS, f"{step.jobs[0].id} does not succeed")

    def _job(self, step: Step) -> Job:
        return Job.fetch(step.jobs[0].id, connection=self._client)


DEEDS: dict[str, Callable[[Life, Step], None]] = {
    "enqueue": Life.enqueue,
    "enqueue many": Life.enqueue_many,
    "enqueue group": Life.enqueue_group,
    "cancel": Life.cancel,
    "cancel for good": Life.cancel_for_good,
    "restore": Life.restore,
    "delete": Life.delete,
    "requeue": Life.requeue,
}


def main() -> None:
    """Live as often as it takes, and say at last how often this one died."""
    url, seed, rounds, role, most_deaths, directory, receiver = sys.argv[1:]
    plan, deaths = make_plan(int(rounds)), 0
    while (pid := os.fork()) != 0:
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status):
            sys.stdout.write(f"{deaths}\n")
            sys.exit(os.WEXITSTATUS(status))
        assert os.WTERMSIG(status) == signal.SIGALRM
        deaths += 1
    random_numbers = random.Random(f"{seed} {role} {deaths}") if deaths < int(most_deaths) else None
    Life(url, directory, receiver, random_numbers).carry_out(plan, role)


if __name__ == "__main__":
    main()
