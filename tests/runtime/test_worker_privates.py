"""What RQ keeps to itself by names with an underscore, and programs override, patch or call all the same."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import redis

from rq import Queue, SimpleWorker, Worker
from rq.command import send_shutdown_command
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from types import FrameType


@pytest.fixture
def queue(redis_client):
    return Queue("high", connection=redis_client)


def due(queue):
    """A job that should have been queued a moment ago."""
    return queue.enqueue_at(datetime.now(UTC) - timedelta(seconds=1), worker_jobs.nothing)


# --- connections ---


def test_a_worker_may_choose_its_connection_itself(queue, redis_client):
    class Choosy(SimpleWorker):
        def _set_connection(self, connection: redis.Redis) -> redis.Redis:
            assert self.connection_timeout == 15
            return super()._set_connection(other)

    other = redis.Redis(connection_pool=redis_client.connection_pool)
    assert Choosy([queue], connection=redis_client, worker_ttl=20).connection is other
    assert Choosy([queue], worker_ttl=20).connection is other


def test_a_worker_may_say_itself_from_where_it_is_seen(queue, redis_client):
    class Hidden(SimpleWorker):
        def _set_ip_address(self, connection: redis.Redis) -> None:
            self.ip_address = "behind a proxy"

    worker = Hidden([queue], name="w", connection=redis_client)
    worker.register_birth()
    assert redis_client.hget(worker.key, "ip_address") == b"behind a proxy"


def test_the_address_of_a_worker_is_looked_up_by_hand(queue, redis_client):
    worker = Worker([queue], connection=redis_client)
    assert worker.ip_address == "unknown"
    worker._set_ip_address(redis_client)
    assert worker.ip_address.startswith("127.0.0.1:")


def test_the_serializer_is_known_as_it_was_given(queue, redis_client):
    worker = Worker([queue], connection=redis_client, serializer="json")
    assert (worker._serializer_arg, worker.serializer) == ("json", JSONSerializer)
    assert Worker([queue], connection=redis_client)._serializer_arg is None


def test_the_version_of_the_server_is_remembered(queue, redis_client):
    worker = Worker([queue], connection=redis_client)
    assert worker.redis_server_version is None
    version = worker.get_redis_server_version()
    assert worker.redis_server_version == version


def test_the_state_has_methods_that_are_deprecated(queue, redis_client):
    worker = Worker([queue], connection=redis_client)
    with pytest.warns(DeprecationWarning, match="set_state"):
        worker._set_state("busy")
    with pytest.warns(DeprecationWarning, match="get_state"):
        assert worker._get_state() == "busy"


# --- stopping ---


class Told(SimpleWorker):
    """Writes down what happens when it is asked to stop."""

    told: list[str]

    def request_stop(self, signum: int | None, frame: FrameType | None) -> None:
        self.told.append("request_stop")
        super().request_stop(signum, frame)

    def handle_warm_shutdown_request(self) -> None:
        self.told.append("handle_warm_shutdown_request")
        super().handle_warm_shutdown_request()

    def _shutdown(self) -> None:
        self.told.append("_shutdown")
        super()._shutdown()

    def request_force_stop(self, signum: int | None, frame: FrameType | None) -> None:
        self.told.append("request_force_stop")
        super().request_force_stop(signum, frame)


STOPPING = ["request_stop", "handle_warm_shutdown_request", "_shutdown"]


def work_in_thread(worker):
    thread = threading.Thread(target=worker.work, kwargs={"logging_level": "CRITICAL"})
    thread.start()
    wait_until(lambda: worker._supervisor is not None and worker._supervisor.listener._thread.is_alive())
    return thread


def test_a_stop_goes_through_the_methods_of_a_worker_in_rqs_order(queue, redis_client):
    worker = Told([queue], connection=redis_client)
    worker.told = []
    thread = work_in_thread(worker)
    assert worker._shutdown_requested_date is None
    worker.request_stop(signal.SIGTERM, None)
    thread.join(20)
    assert not thread.is_alive()
    assert worker.told == STOPPING
    assert isinstance(worker._shutdown_requested_date, datetime)


def test_a_command_to_shut_down_goes_through_them_too(queue, redis_client):
    worker = Told([queue], name="w", connection=redis_client)
    worker.told = []
    thread = work_in_thread(worker)
    send_shutdown_command(redis_client, "w")
    thread.join(20)
    assert not thread.is_alive()
    assert worker.told == STOPPING


def test_shutdown_by_hand_lets_a_worker_leave(queue, redis_client):
    worker = SimpleWorker([queue], connection=redis_client)
    thread = work_in_thread(worker)
    worker._shutdown()
    thread.join(20)
    assert not thread.is_alive()


def test_a_worker_that_does_not_want_to_stop_is_made_to_by_the_next_signal(queue, redis_client):
    class Stubborn(Told):
        def _shutdown(self) -> None:
            self.told.append("stays")

    worker = Stubborn([queue], connection=redis_client)
    worker.told = []
    thread = work_in_thread(worker)
    worker.request_stop(signal.SIGTERM, None)
    job = queue.enqueue(worker_jobs.nothing)
    wait_until(lambda: job.get_status() == "finished")
    worker.request_stop(signal.SIGTERM, None)
    thread.join(20)
    assert not thread.is_alive()
    assert worker.told == ["request_stop", "handle_warm_shutdown_request", "stays", "request_stop", "request_force_stop"]


def test_what_breaks_when_a_worker_is_asked_to_stop_does_not_keep_it(queue, redis_client):
    class Broken(SimpleWorker):
        def _shutdown(self) -> None:
            raise ZeroDivisionError

    worker = Broken([queue], connection=redis_client)
    thread = work_in_thread(worker)
    worker.request_stop(signal.SIGTERM, None)
    thread.join(20)
    assert not thread.is_alive()


# --- the scheduler ---


def test_a_worker_with_scheduler_starts_it_in_its_own_way(queue, redis_client):
    class Starting(SimpleWorker):
        started: Any = None

        def _start_scheduler(self, *arguments: Any) -> None:
            self.started = arguments
            super()._start_scheduler(*arguments)

    worker = Starting([queue], connection=redis_client)
    worker.work(burst=True, with_scheduler=True, logging_level="CRITICAL")
    assert worker.started == (True, "CRITICAL", "%H:%M:%S", "%(asctime)s %(message)s")
    assert worker.scheduler is None  # it does by itself what a scheduler does
    worker.started = None
    worker.work(burst=True, logging_level="CRITICAL")
    assert worker.started is None


def test_a_scheduler_started_by_hand_for_a_burst_queues_what_is_due(queue, redis_client):
    job = due(queue)
    worker = Worker([queue], connection=redis_client)
    worker._start_scheduler(burst=True)
    assert job.get_status() == "queued"
    assert worker.scheduler.acquired_locks == set()
    assert redis_client.keys("rq:scheduler*") == []


def test_a_scheduler_started_by_hand_runs_until_it_is_stopped(queue, redis_client):
    worker = Worker([queue], connection=redis_client)
    worker.stop_scheduler()
    worker._start_scheduler()
    process = worker.scheduler._process
    job = due(queue)
    wait_until(lambda: job.get_status() == "queued")
    worker.stop_scheduler()
    assert not process.is_alive()
    assert redis_client.keys("rq:scheduler*") == []


# --- hearing commands ---


def test_a_worker_hears_of_errors_of_the_connection_that_brings_commands(processes, valkey, redis_client, redis_url):
    code = """
        import sys, redis
        from rq import Worker
        class Hearing(Worker):
            def _pubsub_exception_handler(self, exc, pubsub, pubsub_thread):
                print("heard", type(exc).__name__, type(pubsub).__name__, pubsub_thread.is_alive(), flush=True)
                raise exc
        Hearing(["high"], name="w", connection=redis.Redis.from_url(sys.argv[1])).work()
    """
    process = processes.python(code, redis_url)
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1)
    valkey.stop()
    process.wait_for_output("heard ConnectionError PubSub True")
    valkey.start()
    wait_until(lambda: redis_client.pubsub_numsub("rq:pubsub:w")[0][1] == 1)
    send_shutdown_command(redis_client, "w")
    assert process.wait() == 0


def test_a_listener_of_redis_py_is_ended_by_errors_that_are_none_of_the_connection(queue, redis_client, caplog, monkeypatch):
    worker = Worker([queue], connection=redis_client)
    caplog.set_level(logging.ERROR, "rq.worker")
    monkeypatch.setattr("rq.runtime.worker_privates._PUBSUB_PAUSE_SECONDS", 0.0)
    worker._pubsub_exception_handler(redis.ConnectionError("gone"), None, None)
    assert "the server did not answer (gone)" in caplog.text
    with pytest.raises(ZeroDivisionError):
        worker._pubsub_exception_handler(ZeroDivisionError(), None, None)


def test_a_tracer_may_replace_them_on_the_class(queue, redis_client, monkeypatch):
    asked = []
    monkeypatch.setattr(BaseWorker, "_set_ip_address", lambda _, connection: asked.append(connection))
    SimpleWorker([queue], connection=redis_client).work(burst=True, logging_level="CRITICAL")
    assert asked == [redis_client]
