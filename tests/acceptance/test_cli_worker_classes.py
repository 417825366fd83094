"""`rq worker` with orders of queues, workers of the user's own, and programs that patch ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq import Queue
from rq.job import Job

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq

OWN_WORKER = """
from rq import Worker
class Clean(Worker):
    def main_work_horse(self, job, queue):
        print("closing connections", flush=True)
        super().main_work_horse(job, queue)
"""

# What error trackers do when they are switched on.
TRACKING_SETTINGS = """
from rq.worker import BaseWorker
perform_job, handle_exception = BaseWorker.perform_job, BaseWorker.handle_exception
def traced(self, job, *args, **kwargs):
    answer = perform_job(self, job, *args, **kwargs)
    print("flushed" if self.is_horse else "no horse", flush=True)
    return answer
def caught(self, job, *exc_info, **kwargs):
    print("captured", exc_info[0].__name__, flush=True)
    return handle_exception(self, job, *exc_info, **kwargs)
BaseWorker.perform_job, BaseWorker.handle_exception = traced, caught
"""


def order_of(output: str) -> str:
    """The letters with which jobs greet, in the order in which they did."""
    return "".join(line.split("Job OK: tasks.greet('")[1][0] for line in output.splitlines() if "Job OK" in line)


def enqueue_twice_each(rq: Rq) -> None:
    for name in "ab":
        for _ in range(2):
            rq.enqueue("tasks.greet", name, queue=name)


@pytest.mark.parametrize(("options", "order"), [([], "aabb"), (["--dequeue-strategy", "default"], "aabb"), (["-ds", "round_robin"], "abab")])
def test_the_dequeue_strategy_says_which_queue_is_next(rq: Rq, options: list[str], order: str):
    enqueue_twice_each(rq)
    assert order_of(rq.run("worker", "a", "b", "--burst", *options)) == order


def test_a_random_order_serves_all_queues(rq: Rq):
    enqueue_twice_each(rq)
    assert sorted(order_of(rq.run("worker", "a", "b", "--burst", "--dequeue-strategy", "random"))) == list("aabb")


def test_an_order_that_does_not_exist_is_refused(rq: Rq):
    assert "'best'" in rq.refuse("worker", "--dequeue-strategy", "best", status=2)


@pytest.mark.parametrize("option", ["--disable-default-exception-handler", "-d"])
def test_no_record_is_kept_of_failed_jobs_if_that_is_wanted(rq: Rq, redis_client: redis.Redis, option: str):
    job = Job.fetch(rq.enqueue("tasks.fail"), connection=redis_client)
    rq.start("worker", "--burst", option).succeed()
    assert job.get_status() == "failed"
    assert job.latest_result() is None
    assert len(Queue(connection=redis_client).failed_job_registry) == 0


def test_an_older_class_says_what_to_use_instead(rq: Rq):
    enqueue_twice_each(rq)
    worker = rq.start("worker", "a", "b", "--burst", "-w", "rq.worker.RoundRobinWorker")
    assert order_of(worker.succeed()) == "abab"
    assert "RoundRobinWorker is deprecated; use --dequeue-strategy" in worker.stderr


def test_the_methods_of_a_worker_of_the_users_are_called(rq: Rq):
    (rq.folder / "mine.py").write_text(OWN_WORKER)
    rq.enqueue("tasks.greet")
    output = rq.run("worker", "--burst", "-w", "mine.Clean")
    assert "closing connections" in output
    assert "Job OK" in output


def test_an_error_tracker_that_the_settings_switch_on_hears_of_every_job(rq: Rq):
    (rq.folder / "tracking.py").write_text(TRACKING_SETTINGS)
    rq.enqueue("tasks.fail")
    worker = rq.start("worker", "--burst", "-c", "tracking")
    output = worker.succeed()
    assert "captured RuntimeError" in output
    assert "flushed" in output
