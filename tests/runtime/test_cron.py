"""Cron schedulers: several of them, clocks that are turned, processes that die and come back."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import redis

from rq import Queue
from rq.core.errors import CronConfigError, InvalidOptionError, OptionTypeError, UnimportableFunctionError
from rq.cron import CronJob, CronScheduler, create_cron, get_cron_job_ids, register
from rq.cron_job_registry import get_names
from rq.cron_scheduler_registry import get_keys
from rq.job import Callback, Job, Retry
from rq.store.connection import Caller
from rq.webhook import Webhook
from tests.runtime import worker_jobs
from tests.store.harness import Store, scripts_with_a_clock
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600


@pytest.fixture
def store(redis_client: redis.Redis) -> Store:
    return Store(redis_client, Caller(redis_client))


@pytest.fixture
def new_scheduler(redis_url: str, store: Store) -> Iterator[Callable[[], CronScheduler]]:
    """Makes schedulers as if each were a process, under a clock that is turned by hand."""
    clients = []

    def make() -> CronScheduler:
        client = redis.Redis.from_url(redis_url)
        clients.append(client)
        scheduler = CronScheduler(client)
        scheduler._session.scripts = scripts_with_a_clock(store.keys)
        return scheduler

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def scheduler(new_scheduler: Callable[[], CronScheduler]) -> CronScheduler:
    return new_scheduler()


def set_clock(store: Store, moment: datetime) -> None:
    store.turn_clock(moment.timestamp() - store.now)


def times_of(store: Store, cron_job: CronJob) -> list[str]:
    """When a cron job was enqueued, oldest first, on a clock in Berlin."""
    scores = sorted(store.dump()[cron_job.job_history_key].value.values())
    return [f"{datetime.fromtimestamp(score, BERLIN):%H:%M}" for score in scores]


# --- each tick once -------------------------------------------------------------------------------------------------------------------


def test_two_processes_enqueue_each_tick_once_while_the_clock_is_put_back(new_scheduler: Callable[[], CronScheduler], store: Store):
    set_clock(store, datetime(2026, 10, 25, 1, 50, 30, tzinfo=BERLIN))
    schedulers = [new_scheduler(), new_scheduler()]
    for scheduler in schedulers:
        fixed = scheduler.register(worker_jobs.add, "q", (1, 2), cron="30 2 * * *", timezone="Europe/Berlin", name="fixed")
        even = scheduler.register(worker_jobs.add, "q", (1, 2), cron="*/20 * * * *", timezone="Europe/Berlin", name="even")
        interval = scheduler.register(worker_jobs.add, "q", (1, 2), interval=1800, name="interval")
    makers: Counter[int] = Counter()
    for step in range(150):  # minutes: from ten to two until twenty past three, which is two and a half hours
        for number in (0, 1) if step % 3 else (1, 0):
            makers[number] += len(schedulers[number].enqueue_jobs())
        store.turn_clock(60)
    assert times_of(store, fixed) == ["02:30"]
    assert times_of(store, even) == ["02:00", "02:20", "02:40", "02:00", "02:20", "02:40", "03:00"]
    assert times_of(store, interval) == ["01:50", "02:20", "02:50", "02:20", "02:50"]
    assert min(makers.values()) > 0
    assert len(store.waiting()) == sum(makers.values()) == 13


def test_two_processes_enqueue_each_tick_once_while_the_clock_is_put_forward(new_scheduler: Callable[[], CronScheduler], store: Store):
    set_clock(store, datetime(2026, 3, 29, 1, 30, 30, tzinfo=BERLIN))
    schedulers = [new_scheduler(), new_scheduler()]
    for scheduler in schedulers:
        fixed = scheduler.register(worker_jobs.add, "q", (1, 2), cron="30 2 * * *", timezone="Europe/Berlin", name="fixed")
        even = scheduler.register(worker_jobs.add, "q", (1, 2), cron="*/20 * * * *", timezone="Europe/Berlin", name="even")
    for _ in range(60):
        for scheduler in schedulers:
            scheduler.enqueue_jobs()
        store.turn_clock(60)
    assert times_of(store, fixed) == ["03:00"]
    assert times_of(store, even) == ["01:40", "03:00", "03:20"]


def test_processes_in_real_time_enqueue_each_tick_once(redis_url: str, redis_client: redis.Redis):
    clients = [redis.Redis.from_url(redis_url) for _ in range(3)]
    schedulers = [CronScheduler(client) for client in clients]
    for scheduler in schedulers:
        scheduler.register(worker_jobs.add, "q", (1, 2), interval=1, missed="all", name="often")
    threads = [threading.Thread(target=scheduler.start) for scheduler in schedulers]
    for thread in threads:
        thread.start()
    wait_until(lambda: redis_client.llen("rq:queue:q") >= 3)
    for scheduler in schedulers:
        scheduler.request_stop()
    for thread in threads:
        thread.join()
    [key] = redis_client.keys("rq:x:cron:*")
    since, last = (int(moment or 0) for moment in redis_client.hmget(key, "since", "last"))
    assert redis_client.llen("rq:queue:q") == last - since + 1
    assert get_keys(redis_client) == []
    for client in clients:
        client.close()


def test_two_cron_jobs_that_differ_in_nothing_are_two(new_scheduler: Callable[[], CronScheduler], store: Store):
    for scheduler in (new_scheduler(), new_scheduler()):
        for _ in range(2):
            scheduler.register(worker_jobs.add, "q", (1, 2), interval=60)
        scheduler.enqueue_jobs()
    assert len(store.waiting()) == 2


# --- when ---------------------------------------------------------------------------------------------------------------------------------


def test_an_interval_begins_at_once_and_a_cron_string_at_its_time(scheduler: CronScheduler, store: Store):
    interval = scheduler.register(worker_jobs.add, "q", (1, 2), interval=600)
    string = scheduler.register(worker_jobs.add, "q", (1, 2), cron="30 8 * * *", name="half past eight")
    assert scheduler.enqueue_jobs() == [interval]
    assert scheduler.calculate_sleep_interval() == pytest.approx(60, abs=1)
    store.turn_clock(30 * 60)
    assert scheduler.enqueue_jobs() == [interval, string]
    assert string.latest_enqueue_time == datetime(2027, 1, 15, 8, 30, tzinfo=UTC)
    assert string.next_enqueue_time == datetime(2027, 1, 16, 8, 30, tzinfo=UTC)


def test_a_scheduler_sleeps_until_the_next_tick(scheduler: CronScheduler):
    scheduler.register(worker_jobs.add, "q", (1, 2), interval=10)
    scheduler.enqueue_jobs()
    assert scheduler.calculate_sleep_interval() == pytest.approx(9.75, abs=1)  # ticks are whole seconds; the clock stands at a quarter


def test_a_process_that_starts_again_goes_on_where_the_last_one_was(new_scheduler: Callable[[], CronScheduler], store: Store):
    for expected in (1, 0, 0):
        scheduler = new_scheduler()
        scheduler.register(worker_jobs.add, "q", (1, 2), interval=100)
        assert len(scheduler.enqueue_jobs()) == expected
        store.turn_clock(40)
    scheduler = new_scheduler()
    scheduler.register(worker_jobs.add, "q", (1, 2), interval=100)
    assert len(scheduler.enqueue_jobs()) == 1


@pytest.mark.parametrize(("missed", "expected"), [("skip", 0), ("once", 1), ("all", 3)])
def test_what_was_missed_is_decided_by_the_policy(new_scheduler: Callable[[], CronScheduler], store: Store, missed: str, expected: int):
    set_clock(store, datetime(2026, 6, 1, 10, 30, tzinfo=BERLIN))
    new_scheduler_with_hourly(new_scheduler, missed).enqueue_jobs()
    set_clock(store, datetime(2026, 6, 1, 13, 59, tzinfo=BERLIN))
    new_scheduler_with_hourly(new_scheduler, missed).enqueue_jobs()
    assert len(store.waiting()) == expected
    set_clock(store, datetime(2026, 6, 1, 14, 0, 10, tzinfo=BERLIN))
    new_scheduler_with_hourly(new_scheduler, missed).enqueue_jobs()
    assert len(store.waiting()) == expected + 1


def new_scheduler_with_hourly(new_scheduler: Callable[[], CronScheduler], missed: str) -> CronScheduler:
    scheduler = new_scheduler()
    scheduler.register(worker_jobs.add, "q", (1, 2), cron="0 * * * *", timezone="Europe/Berlin", missed=missed, name="hourly")
    return scheduler


def test_a_server_that_lost_everything_is_told_again(scheduler: CronScheduler, store: Store):
    cron_job = scheduler.register(worker_jobs.add, "q", (1, 2), interval=100)
    scheduler.enqueue_jobs()
    store.client.flushdb()
    store.turn_clock(100)
    assert scheduler.enqueue_jobs() == [cron_job]
    assert get_keys(store.client) == [scheduler.name]
    assert scheduler.enqueue_jobs() == []


def test_one_cron_job_whose_queue_is_broken_does_not_stop_the_others(scheduler: CronScheduler, store: Store, caplog: pytest.LogCaptureFixture):
    store.client.set(store.keys.queue("broken"), "something else")
    scheduler.register(worker_jobs.add, "broken", (1, 2), interval=100, name="broken")
    good = scheduler.register(worker_jobs.add, "q", (1, 2), interval=100, name="good")
    assert scheduler.enqueue_jobs() == [good]
    assert "cron job broken was not enqueued: " in caplog.text
    assert scheduler.calculate_sleep_interval() > 0


@pytest.mark.parametrize("value", ["soon", "nan"])
@pytest.mark.parametrize("field", ["since", "last", "resumed"])
def test_one_cron_job_whose_progress_is_garbled_stops_no_other_and_keeps_its_interval(scheduler: CronScheduler, store: Store, field: str, value: str):
    garbled = scheduler.register(worker_jobs.add, "q", (1, 2), interval=100, name="garbled")
    good = scheduler.register(worker_jobs.add, "q", (1, 2), interval=100, name="good")
    assert scheduler.enqueue_jobs() == [garbled, good]
    store.client.hset(store.keys.cron(garbled.key.identity), field, value)
    store.turn_clock(100)
    assert scheduler.enqueue_jobs() == [garbled, good]
    store.turn_clock(1)
    assert scheduler.enqueue_jobs() == []


# --- what ---------------------------------------------------------------------------------------------------------------------------------


def test_the_jobs_of_a_cron_job_have_its_options(scheduler: CronScheduler, redis_client: redis.Redis):
    cron_job = scheduler.register(
        *(worker_jobs.add, "q", (1,), {"b": 2}, 60, None, "2m", 7, 8, "1h", {"a": "b"}, [Webhook("http://localhost/", "failed")], "sums"),
        description="a sum",
        at_front=True,
        retry=Retry(3),
        on_success=Callback(worker_jobs.add),
    )
    Queue("q", connection=redis_client).enqueue(worker_jobs.add, 1, 2)
    scheduler.enqueue_jobs()
    job = Queue("q", connection=redis_client).jobs[0]
    assert (job.func_name, job.args, job.kwargs, job.origin, job.description) == ("tests.runtime.worker_jobs.add", (1,), {"b": 2}, "q", "a sum")
    assert (job.timeout, job.result_ttl, job.ttl, job.failure_ttl, job.meta, job.retries_left) == (120, 7, 8, 3600, {"a": "b"}, 3)
    assert [webhook.url for webhook in job.webhooks or ()] == ["http://localhost/"]
    assert job.success_callback is worker_jobs.add
    assert cron_job.get_job_ids(redis_client) == get_cron_job_ids("sums", redis_client) == [job.id]
    assert get_names(redis_client) == ["sums"]


def test_the_jobs_of_a_scheduler_are_written_with_its_serializer(redis_client: redis.Redis):
    scheduler = CronScheduler(redis_client, serializer="json")
    scheduler.register("tasks.greet", "q", ("bob",), interval=60)
    scheduler.enqueue_jobs()
    [job] = Queue("q", connection=redis_client, serializer="json").jobs
    assert (job.func_name, list(job.args)) == ("tasks.greet", ["bob"])


def test_a_cron_job_enqueues_itself_without_a_scheduler(redis_client: redis.Redis):
    job = CronJob("q", worker_jobs.add, args=(1, 2), interval=60, name="sums").enqueue(redis_client)
    assert Job.fetch(job.id, connection=redis_client).get_status().value == "queued"
    assert get_cron_job_ids("sums", redis_client) == [job.id]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"func": worker_jobs.add}, InvalidOptionError),
        ({"func": worker_jobs.add, "interval": 5, "cron": "* * * * *"}, InvalidOptionError),
        ({"interval": 5}, InvalidOptionError),
        ({"func": worker_jobs.add, "cron": "at noon"}, InvalidOptionError),
        ({"func": worker_jobs.add, "interval": 5, "missed": "sometimes"}, InvalidOptionError),
        ({"func": worker_jobs.add, "interval": 5, "timezone": "Nowhere"}, InvalidOptionError),
        ({"func": worker_jobs.add, "interval": 5, "webhooks": ["http://localhost/"]}, OptionTypeError),
        ({"func": worker_jobs.add, "interval": 5, "job_timeout": 0}, InvalidOptionError),
        ({"func": lambda: None, "interval": 5}, UnimportableFunctionError),
        ({"func": "tasks.", "interval": 5}, UnimportableFunctionError),
        ({"func": "", "interval": 5}, UnimportableFunctionError),
        ({"func": worker_jobs.add, "interval": 5, "args": "ab"}, OptionTypeError),
        ({"func": worker_jobs.add, "interval": 5, "job_id": "one"}, OptionTypeError),
    ],
)
def test_a_cron_job_that_makes_no_sense_is_refused(options: dict[str, Any], error: type[Exception]):
    with pytest.raises(error):
        CronJob("q", **options)


def test_what_cannot_be_serialized_is_refused_when_it_is_registered(scheduler: CronScheduler):
    with pytest.raises(TypeError, match="pickle"):
        scheduler.register(worker_jobs.add, "q", (threading.Lock(), 2), interval=60)
    assert scheduler.get_jobs() == []


def test_a_cron_job_without_a_function_is_there_to_be_looked_at(redis_client: redis.Redis):
    with pytest.raises(InvalidOptionError, match="has no function"):
        CronJob("q", func_name="tasks.greet", interval=5).enqueue(redis_client)


# --- by hand ------------------------------------------------------------------------------------------------------------------------------


def test_a_run_now_is_one_more(scheduler: CronScheduler, store: Store):
    scheduler.register(worker_jobs.add, "q", (1, 2), interval=100, name="sums")
    scheduler.enqueue_jobs()
    [job] = scheduler.run_now("sums")
    assert (job.func_name, job.args, job.origin) == ("tests.runtime.worker_jobs.add", (1, 2), "q")
    assert len(store.waiting()) == 2
    assert scheduler.enqueue_jobs() == []


def test_a_run_now_tells_the_server_first_what_it_is(scheduler: CronScheduler, redis_client: redis.Redis):
    scheduler.register(worker_jobs.add, "q", (1, 2), interval=100, name="sums", retry=Retry(3, interval=[5], backoff=2), at_front=True, description="a sum")
    Queue("q", connection=redis_client).enqueue(worker_jobs.add, 1, 2)
    [job] = scheduler.run_now("sums")
    found = Queue("q", connection=redis_client).jobs[0]
    assert (found.id, found.description, found.retries_left, found.retry_intervals) == (job.id, "a sum", 3, job.retry_intervals)


def test_a_run_now_of_something_unknown_is_refused(scheduler: CronScheduler):
    with pytest.raises(InvalidOptionError, match="There is no cron job named 'nothing'"):
        scheduler.run_now("nothing")


def test_a_pause_is_for_all_processes_and_is_not_made_up_for(new_scheduler: Callable[[], CronScheduler], store: Store):
    first, second = new_scheduler(), new_scheduler()
    first.register(worker_jobs.add, "q", (1, 2), interval=100, missed="all", name="sums")
    first.enqueue_jobs()
    assert second.pause("sums")
    store.turn_clock(250)
    assert first.enqueue_jobs() == []
    assert second.resume("sums")
    assert first.enqueue_jobs() == []
    store.turn_clock(50)
    assert len(first.enqueue_jobs()) == 1
    assert len(store.waiting()) == 2


def test_a_subclass_may_learn_its_connection_later(redis_client: redis.Redis):
    class Late(CronScheduler):
        def register(self, *args: Any, **options: Any) -> CronJob:
            self.connection = redis_client
            return super().register(*args, **options)

    late = Late(None)  # type: ignore[arg-type]
    late.register(worker_jobs.add, "q", (1, 2), interval=100)
    assert len(late.enqueue_jobs()) == 1


# --- files ----------------------------------------------------------------------------------------------------------------------------------

CONFIG = "from rq.cron import register\nregister('tasks.greet', 'q', interval=60, name='hello')\n"


def test_a_cron_string_that_never_comes_is_refused_unless_it_is_only_looked_at(scheduler: CronScheduler):
    for never in ("0 0 31 2 *", "0 0 1 1 * 0 2020"):
        with pytest.raises(InvalidOptionError, match="never"):
            scheduler.register(worker_jobs.add, "q", cron=never)
        assert CronJob("q", func_name="tasks.add", cron=never).cron == never


def test_a_scheduler_takes_what_was_registered_before(redis_client: redis.Redis):
    entry = register(worker_jobs.add, "q", (1, 2), interval=60, missed="skip")
    assert entry["func"] is worker_jobs.add
    assert [(cron_job.func_name, cron_job.missed) for cron_job in create_cron(redis_client).get_jobs()] == [("tests.runtime.worker_jobs.add", "skip")]
    assert create_cron(redis_client).get_jobs() == []


def test_a_scheduler_takes_what_a_file_registers(scheduler: CronScheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cron_of_test.py").write_text(CONFIG)
    scheduler.load_config_from_file(str(tmp_path / "cron_of_test.py"))
    monkeypatch.chdir(tmp_path)
    scheduler.load_config_from_file("cron_of_test.py")  # no import path leads there
    monkeypatch.syspath_prepend(tmp_path)
    scheduler.load_config_from_file("cron_of_test")
    scheduler.load_config_from_file("cron_of_test.py")
    assert [cron_job.name for cron_job in scheduler.get_jobs()] == ["hello"] * 4
    assert scheduler.config_file == "cron_of_test.py"


def test_an_entry_that_makes_no_sense_is_left_out(scheduler: CronScheduler, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "config.py").write_text(CONFIG + "register('tasks.greet', 'q', cron='at noon', name='bad')\n")
    scheduler.load_config_from_file(str(tmp_path / "config.py"))
    assert [cron_job.name for cron_job in scheduler.get_jobs()] == ["hello"]
    assert "Cron job bad of" in caplog.text
    assert "is no cron string" in caplog.text


def test_a_file_that_is_not_there_or_fails_is_an_error(scheduler: CronScheduler, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        scheduler.load_config_from_file(str(tmp_path / "nothing.py"))
    with pytest.raises(IsADirectoryError):
        scheduler.load_config_from_file(str(tmp_path))
    with pytest.raises(CronConfigError, match="There is no file or module no_such_config"):
        scheduler.load_config_from_file("no_such_config.py")
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(ImportError, match="failed with ZeroDivisionError"):
        scheduler.load_config_from_file(str(tmp_path / "broken.py"))
