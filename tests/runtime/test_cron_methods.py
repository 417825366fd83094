"""The methods of a cron scheduler that programs override or call, those with an underscore too."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rq import Queue
from rq.cron import CronJob, CronScheduler, StopRequested
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from types import FrameType

    import redis


class Telling(CronScheduler):
    """Notes which of its methods are called, and is told to end in its second round."""

    def __init__(self, connection: redis.Redis) -> None:
        super().__init__(connection, name="telling")
        self.told: list[str] = []
        self.register(worker_jobs.add, "q", (1, 2), interval=3600)

    def enqueue_jobs(self) -> list[CronJob]:
        self.told.append("enqueue_jobs")
        return super().enqueue_jobs()

    def save(self, pipeline: Any = None) -> None:
        self.told.append("save")
        super().save(pipeline)

    def heartbeat(self) -> None:
        self.told.append("heartbeat")
        super().heartbeat()

    def calculate_sleep_interval(self) -> float:
        self.told.append("calculate_sleep_interval")
        if self.told.count("calculate_sleep_interval") == 2:
            signal.raise_signal(signal.SIGTERM)
        return 0.0

    def register_birth(self) -> None:
        self.told.append("register_birth")
        super().register_birth()

    def register_death(self, pipeline: Any = None) -> None:
        self.told.append("register_death")
        super().register_death(pipeline)

    def _install_signal_handlers(self) -> None:
        self.told.append("_install_signal_handlers")
        super()._install_signal_handlers()

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.told.append("_request_stop")
        super()._request_stop(signum, frame)


def test_what_a_subclass_overrides_is_called_in_the_order_of_rq(redis_client: redis.Redis):
    scheduler = Telling(redis_client)
    scheduler.start()
    begin, end = ["_install_signal_handlers", "register_birth"], ["_request_stop", "register_death"]
    enqueues, rests = ["enqueue_jobs", "save", "heartbeat", "calculate_sleep_interval"], ["enqueue_jobs", "heartbeat", "calculate_sleep_interval"]
    assert scheduler.told == [*begin, *enqueues, *rests, *end]


def test_the_handlers_of_signals_are_put_back(redis_client: redis.Redis):
    before = signal.getsignal(signal.SIGTERM)
    Telling(redis_client).start()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_subclass_with_rounds_of_its_own_is_seen_to_live(redis_client: redis.Redis):
    class Own(Telling):
        def enqueue_jobs(self) -> list[CronJob]:
            alive.append([scheduler.name for scheduler in CronScheduler.all(redis_client)])
            redis_client.zadd("rq:cron_schedulers", {self.name: 1000})  # as if that had been its last sign of life
            return []

    alive: list[list[str]] = []
    Own(redis_client).start()
    assert alive == [["telling"], ["telling"]]


def test_a_stop_that_a_subclass_raises_ends_the_scheduler_as_one_that_is_asked_for(redis_client: redis.Redis):
    class Raising(Telling):
        def _request_stop(self, signum: int, frame: FrameType | None) -> None:
            raise StopRequested

    scheduler = Raising(redis_client)
    scheduler.start()
    assert scheduler.told[-1] == "register_death"
    assert CronScheduler.all(redis_client) == []


def test_a_program_with_a_loop_of_its_own_is_interrupted_by_signals(redis_client: redis.Redis):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        CronScheduler(redis_client)._install_signal_handlers()
        with pytest.raises(StopRequested):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_a_scheduler_that_was_stopped_before_it_starts_leaves_at_once_and_can_be_started_again(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client)
    scheduler.register(worker_jobs.add, "q", (1, 2), interval=3600)
    scheduler.request_stop()
    scheduler.start()
    assert redis_client.llen("rq:queue:q") == 0
    thread = threading.Thread(target=scheduler.start)
    thread.start()
    wait_until(lambda: redis_client.llen("rq:queue:q") == 1)
    scheduler.request_stop()
    thread.join()


@pytest.mark.parametrize("how", ["by a scheduler", "by hand"])
def test_what_tracers_wrap_is_on_the_way_of_a_cron_job_too_and_what_they_put_into_the_meta_is_kept(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, how: str
):
    told: list[str] = []

    def wrap(name: str) -> None:
        original = getattr(Queue, name)

        def wrapper(self: Queue, *args: Any, **kwargs: Any) -> Any:
            told.append(name)
            if name.endswith("enqueue_job"):
                args[0].meta[name] = "trace"
            return original(self, *args, **kwargs)

        monkeypatch.setattr(Queue, name, wrapper)

    scheduler = CronScheduler(redis_client)
    cron_job = scheduler.register(worker_jobs.add, "q", (1, 2), interval=3600, meta={"mine": 1}, job_timeout=7, at_front=True, description="sum")
    for name in ("enqueue_call", "create_job", "setup_dependencies", "enqueue_job", "_enqueue_job"):
        wrap(name)
    if how == "by hand":
        cron_job.enqueue(redis_client)
        assert told == ["enqueue_call", "create_job", "setup_dependencies", "enqueue_job", "_enqueue_job"]
    else:
        scheduler.enqueue_jobs()
        assert told[-5:] == ["enqueue_call", "create_job", "setup_dependencies", "enqueue_job", "_enqueue_job"]
    [job] = Queue("q", connection=redis_client).get_jobs()
    assert job.meta == {"mine": 1, "enqueue_job": "trace", "_enqueue_job": "trace"}
    assert (job.timeout, job.description, job.args) == (7, "sum", (1, 2))
