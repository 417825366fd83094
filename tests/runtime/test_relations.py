"""Jobs that wait for others, are repeated, and tell others how they ended, as workers carry it out."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rq import Queue, Repeat, SimpleWorker, Webhook, Worker
from rq.job import Dependency, Job, JobStatus
from tests.runtime import worker_jobs
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = pytest.mark.parametrize("worker_class", [SimpleWorker, Worker])
MANY = 350
PROGRAM = Path(__file__).parents[1] / "faults" / "worker_program.py"


@pytest.fixture
def queue(redis_client):
    return Queue("q", connection=redis_client)


def work(worker_class, queue):
    worker_class([queue], connection=queue.connection).work(burst=True, logging_level="CRITICAL")


@BOTH
def test_a_chain_is_run_in_order_and_each_job_sees_what_the_one_before_returned(worker_class, queue, tmp_path):
    log = str(tmp_path / "log")
    job = queue.enqueue(worker_jobs.append, log, "1")
    for word in ("2", "3", "4"):
        job = queue.enqueue(worker_jobs.append, log, word, depends_on=job)
    work(worker_class, queue)
    assert (tmp_path / "log").read_text().split() == ["1", "2", "3", "4"]
    assert list(job.dependency_results().values()) == ["3"]
    assert len(queue.deferred_job_registry) == 0


@BOTH
def test_what_a_failed_job_does_to_those_behind_it_goes_on_through_the_chain(worker_class, queue):
    first = queue.enqueue(worker_jobs.fail)
    second = queue.enqueue(worker_jobs.nothing, depends_on=Dependency(first, on_failure="cancel"))
    third = queue.enqueue(worker_jobs.nothing, depends_on=Dependency(second, on_failure="fail"))
    fourth = queue.enqueue(worker_jobs.nothing, depends_on=Dependency(third, allow_failure=True))
    waiting = queue.enqueue(worker_jobs.nothing, depends_on=first)
    work(worker_class, queue)
    assert [job.get_status() for job in (first, second, third, fourth, waiting)] == ["failed", "canceled", "failed", "finished", "deferred"]
    assert "DependencyFailedError" in (third.latest_result().exc_string or "")


def test_more_dependents_than_one_step_tells_are_all_run_once(queue, redis_client, tmp_path):
    parent = queue.enqueue(worker_jobs.nothing)
    datas = [Queue.prepare_data(worker_jobs.append, (str(tmp_path / "log"), str(number)), depends_on=parent) for number in range(MANY)]
    children = queue.enqueue_many(datas)
    work(SimpleWorker, queue)
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(MANY))
    assert {child.get_status() for child in children} == {JobStatus.FINISHED}
    assert redis_client.exists("rq:x:releases", parent.dependents_key) == 0


def test_a_worker_that_stays_lets_many_go_on_time_after_time(queue, processes, redis_client, redis_url):
    worker = processes.script(PROGRAM, redis_url, "SimpleWorker", "30", "w", "q")
    wait_until(lambda: redis_client.exists("rq:x:workers"))
    for parent in ("one", "two"):
        children = [Queue.prepare_data(worker_jobs.nothing, depends_on=parent, result_ttl=0) for _ in range(MANY)]
        queue.enqueue_many([Queue.prepare_data(worker_jobs.nothing, job_id=parent, result_ttl=0), *children])
        wait_until(lambda: not list(redis_client.scan_iter("rq:job:*", 10_000)), 20, lambda: worker.output)
    worker.terminate()
    assert worker.wait() == 0
    assert "did not answer" not in worker.output


@BOTH
def test_a_repeated_job_runs_once_more_than_it_is_repeated(worker_class, queue, tmp_path):
    job = queue.enqueue(worker_jobs.append, str(tmp_path / "log"), "again", repeat=Repeat(times=3))
    child = queue.enqueue(worker_jobs.append, str(tmp_path / "log"), "child", depends_on=job)
    work(worker_class, queue)
    assert (tmp_path / "log").read_text().split() == ["again", "child", "again", "again", "again"]
    assert (job.get_status(), child.get_status()) == ("finished", "finished")
    assert len(job.results()) == 4
    assert Job.fetch(job.id, connection=queue.connection).repeats_left == 0


# --- webhooks -----------------------------------------------------------------------------------------------------------------------


class Receiver(ThreadingHTTPServer):
    """Notes what it is told; refuses the first requests to `/late`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.refusals = 1

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class _Handler(BaseHTTPRequestHandler):
    server: ClassVar[Receiver]  # type: ignore[misc]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_refused = self.path == "/late" and self.server.refusals > 0
        self.server.refusals -= is_refused
        if not is_refused:
            self.server.told.append((self.path, body))
        self.send_response(503 if is_refused else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def post(receiver, path, status):
    return Webhook(receiver.url(path), status, method="POST")


@BOTH
def test_whoever_asked_is_told_how_a_job_ended(worker_class, queue, receiver):
    hooks = [post(receiver, "good", "finished"), post(receiver, "bad", "failed")]
    good = queue.enqueue(worker_jobs.add, 1, webhooks=hooks, result_ttl=0)
    bad = queue.enqueue(worker_jobs.fail, webhooks=hooks)
    work(worker_class, queue)
    told = dict(receiver.told)
    assert set(told) == {"/good", "/bad"}
    assert (told["/good"]["job_id"], told["/good"]["func_name"], told["/good"]["status"]) == (good.id, "tests.runtime.worker_jobs.add", "finished")
    assert told["/bad"]["job_id"] == bad.id
    assert "ValueError: it broke" in told["/bad"]["exc_info"]
    assert queue.connection.exists("rq:x:outbox", "rq:x:deliveries") == 0


def test_a_receiver_that_refuses_is_told_again_later_and_the_others_are_not(queue, receiver, redis_client):
    queue.enqueue(worker_jobs.nothing, webhooks=[post(receiver, "late", "finished"), post(receiver, "prompt", "finished")])
    work(SimpleWorker, queue)
    assert [path for path, _ in receiver.told] == ["/prompt"]
    [(delivery, due)] = redis_client.zrange("rq:x:outbox", 0, -1, withscores=True)
    seconds, _ = redis_client.time()
    assert seconds + 5 < due < seconds + 15
    redis_client.zadd("rq:x:outbox", {delivery: 0})
    work(SimpleWorker, queue)
    assert [path for path, _ in receiver.told] == ["/prompt", "/late"]
    assert redis_client.exists("rq:x:outbox", "rq:x:deliveries") == 0


def test_a_webhook_with_more_patience_than_a_socket_can_have_is_sent(queue, receiver):
    queue.enqueue(worker_jobs.nothing, webhooks=[Webhook(receiver.url("good"), "finished", method="POST", timeout=10**30)])
    work(SimpleWorker, queue)
    assert [path for path, _ in receiver.told] == ["/good"]


@pytest.mark.parametrize(
    "garbage", [b"", b"\xff", b"[", b"[" * 100_000, b"5", b"{}", b'{"requests": [5], "failures": 0}', b'{"requests": [], "failures": Infinity}']
)
def test_what_is_no_delivery_is_dropped_and_what_stands_behind_it_is_sent(garbage, queue, receiver, redis_client):
    redis_client.hset("rq:x:deliveries", "bad", garbage)
    redis_client.zadd("rq:x:outbox", {"bad": 0})
    queue.enqueue(worker_jobs.nothing, webhooks=[post(receiver, "good", "finished")])
    work(SimpleWorker, queue)
    assert [path for path, _ in receiver.told] == ["/good"]
    assert redis_client.exists("rq:x:outbox", "rq:x:deliveries") == 0
