"""Jobs that are sent before they are made: as those that are made first, unless anybody has a hand in making them."""

from __future__ import annotations

import gc
import sys
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

import pytest

from rq import Callback, serializers
from rq.core.errors import InvalidOptionError, OptionTypeError, TimeoutFormatError, UnimportableFunctionError
from rq.job import Job, JobStatus
from rq.queue import Queue
from tests.client import tasks
from tests.support.wrapping import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

OWN = {b"created_at", b"enqueued_at", b"x_enqueue"}  # dates, and the name of the call
LIMITS: dict[str, Any] = {"job_timeout": "1h", "result_ttl": 60, "ttl": 1000, "failure_ttl": "2d"}


class Witness(int):
    """An argument that sees who describes it."""

    files: ClassVar[list[str]] = []

    def __repr__(self) -> str:
        self.files[:] = [Path(frame.filename).name for frame in traceback.extract_stack()]
        return "witness"


def sends_first(queue: Queue, **options: Any) -> bool:
    """Say whether the queue sends a job before it makes it."""
    queue.enqueue(tasks.add, Witness(1), 2, **options)
    return "send_first.py" in Witness.files


@pytest.fixture
def warm(redis_client: redis.Redis) -> Queue:
    """A queue that has had a call, so that the next is sent first."""
    queue = Queue(connection=redis_client)
    queue.enqueue(tasks.add, 1, 2)
    return queue


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("options", [{}, LIMITS, {"at_front": True}, {"job_timeout": -1}], ids=["plain", "limits", "at front", "no limit"])
@pytest.mark.parametrize("serializer", ["pickle", "json"])
def test_the_hash_and_the_job_are_those_of_a_job_that_was_made_first(redis_client, options, serializer):
    queue = Queue("häfen", connection=redis_client, serializer=None if serializer == "pickle" else serializers.JSONSerializer)
    first = queue.enqueue(tasks.add, "ä" * 100, b=[1, 2], **options)
    later = queue.enqueue(tasks.add, "ä" * 100, b=[1, 2], **options)
    assert sends_first(queue, **options)
    hashes = [redis_client.hgetall(job.key) for job in (first, later)]
    assert hashes[0].keys() == hashes[1].keys()
    assert {name: value for name, value in hashes[0].items() if name not in OWN} == {name: value for name, value in hashes[1].items() if name not in OWN}
    assert [redis_client.ttl(job.key) for job in (first, later)] == [options.get("ttl", -1)] * 2
    assert vars(first).keys() == vars(later).keys()
    assert type(later) is type(first) is Job
    for name in ("args", "kwargs", "func_name", "timeout", "result_ttl", "ttl", "failure_ttl", "description", "origin", "meta", "dependency_ids", "serializer"):
        assert getattr(first, name) == getattr(later, name), name
    assert (later.get_status(refresh=False), later.enqueued_at) == (
        JobStatus.QUEUED,
        later.get_status() and Job.fetch(later.id, redis_client, serializer=queue.serializer).enqueued_at,
    )
    later.meta["key"] = 1
    assert first.meta == {}


def test_it_is_one_round_trip(warm, watched):
    with watched() as seen:
        warm.enqueue(tasks.add, 3, 4)
    assert [command.split()[0] for command in seen.commands] == ["EVALSHA"]


def test_jobs_are_in_order_and_each_has_its_own_call(warm, redis_client):
    jobs = [warm.enqueue(func, number) for number in range(3) for func in (tasks.add, "some.where.else", tasks.Greeter(str(number)).greet)]
    assert warm.job_ids[1:] == [job.id for job in jobs]
    fetched = Job.fetch_many([job.id for job in jobs], redis_client)
    assert [(job.func_name, job.args) for job in fetched if job] == [(job.func_name, job.args) for job in jobs]
    assert [job.instance.greeting for job in jobs if job.func_name == "greet"] == ["0", "1", "2"]


@pytest.mark.usefixtures("hasty")
def test_threads_that_share_a_queue_enqueue_their_own_calls(warm, redis_client):
    def enqueue(name: str) -> list[tuple[str, str]]:
        return [(warm.enqueue(f"some.{name}", number).id, f"some.{name}({number})") for number in range(200)]

    with ThreadPoolExecutor(8) as threads:
        calls = [call for part in threads.map(enqueue, "abcdefgh") for call in part]
    stored = [redis_client.hget(f"rq:job:{job_id}", "description").decode() for job_id, _ in calls]
    assert stored == [description for _, description in calls]
    assert {job.func_name + str(job.args) for job in warm.get_jobs()[1:]} == {f"some.{name}({number},)" for name in "abcdefgh" for number in range(200)}


def test_a_queue_of_one_job_prepares_nothing(redis_client):
    queue = Queue(connection=redis_client)
    assert [sends_first(queue), sends_first(queue)] == [False, True]


@pytest.mark.parametrize(
    "options",
    [
        {"depends_on": "other"},
        {"job_id": "mine"},
        {"meta": {"a": 1}},
        {"job_id": "mine", "unique": True},
        {"on_success": Callback(tasks.add)},
    ],
    ids=lambda options: next(reversed(options)),
)
def test_a_job_that_says_more_is_made_first(warm, options):
    assert not sends_first(warm, **options)


def test_what_is_set_on_the_queue_later_counts(warm, redis_client):
    warm.default_timeout, warm.serializer, warm.name = 77, serializers.JSONSerializer, "renamed"
    job = warm.enqueue(tasks.add, 1, 2)
    stored = Job.fetch(job.id, redis_client, serializer=serializers.JSONSerializer)
    assert (stored.timeout, stored.origin, stored.args) == (77, "renamed", [1, 2])
    assert redis_client.lrange("rq:queue:renamed", 0, -1) == [job.id.encode()]


class Heard(Queue):
    """A queue that has a hand in what is enqueued, as tracing libraries have."""

    def enqueue_job(self, job: Job, *args: Any, **kwargs: Any) -> Job:
        job.meta["heard"] = True
        return super().enqueue_job(job, *args, **kwargs)


class OwnJob(Job):
    """A class of jobs of somebody's own."""


def test_what_a_subclass_overrides_is_called(redis_client):
    queue = Heard(connection=redis_client)
    jobs = [queue.enqueue(tasks.add, 1, 2) for _ in range(3)]
    assert [Job.fetch(job.id, redis_client).meta for job in jobs] == [{"heard": True}] * 3


def test_a_class_of_jobs_of_its_own_is_made(redis_client):
    queue = Queue(connection=redis_client, job_class=OwnJob)
    assert [type(queue.enqueue(tasks.add, 1, 2)) for _ in range(3)] == [OwnJob] * 3


@pytest.mark.parametrize("name", ["create_job", "setup_dependencies", "enqueue_job", "_enqueue_job", "own"])
@pytest.mark.parametrize("where", ["class", "queue"])
def test_a_method_that_is_replaced_later_is_called(warm, name, where):
    assert sends_first(warm)
    owner = Queue if where == "class" else warm
    with mock.patch.object(owner, name, autospec=where == "class", side_effect=getattr(owner, name)) as replaced:
        warm.enqueue(tasks.add, 1, 2)
        warm.enqueue(tasks.add, 1, 2)
    assert replaced.call_count == 2
    warm.enqueue(tasks.add, 1, 2)
    assert sends_first(warm)


@pytest.mark.parametrize("name", ["__init__", "create", "take_record", "packed_record", "take_as_stored"])
@pytest.mark.parametrize("is_late", [False, True], ids=["before", "later"])
def test_a_method_of_jobs_that_is_replaced_is_called(redis_client, name, is_late):
    queue = Queue(connection=redis_client)
    for _ in range(2 * is_late):
        queue.enqueue(tasks.add, 1, 2)
    own = Job.__dict__.get(name) or getattr(Job, name)
    called = []

    def replaced(*args: Any, **options: Any) -> Any:
        called.append(name)
        return getattr(own, "__func__", own)(*args, **options)

    with mock.patch.object(Job, name, classmethod(replaced) if name == "create" else replaced):
        for _ in range(3):
            queue.enqueue(tasks.add, 1, 2)
    assert len(called) >= 3


@pytest.mark.parametrize("name", ["Queue.create_job", "Queue.enqueue_job", "Queue._enqueue_job", "Job.create", "Job.__init__"])
@pytest.mark.parametrize("is_late", [False, True], ids=["before", "later"])
def test_what_is_wrapped_by_something_that_looks_alike_is_called(redis_client, name, is_late):
    owner: Any = Queue if name.startswith("Queue") else Job
    method = name.split(".")[1]
    queue = Queue(connection=redis_client)
    for _ in range(2 * is_late):
        queue.enqueue(tasks.add, 1, 2)
    seen: list[str] = []
    raw = next(vars(kind)[method] for kind in owner.__mro__ if method in vars(kind))
    with mock.patch.object(owner, method, Wrapper(raw, lambda name, _: seen.append(name))):
        for _ in range(3):
            queue.enqueue(tasks.add, 1, 2)
    assert seen == [method] * 3


@pytest.mark.parametrize("limit", [complex(1), 1j, object()])
def test_a_limit_that_only_equals_another_is_judged_by_itself(warm, limit):
    warm.enqueue(tasks.add, 1, 2, job_timeout=1)
    with pytest.raises((TypeError, ValueError)):
        warm.enqueue(tasks.add, 1, 2, job_timeout=limit)


def test_what_enqueues_in_the_middle_of_enqueueing_mixes_up_nothing(warm):
    class Enqueuing:
        """Enqueues another call when it is forgotten."""

        def greet(self) -> None:
            """Be called."""

        def __del__(self) -> None:
            warm.enqueue(tasks.anything, "another")

        def __reduce__(self) -> Any:
            return (str, ())

    warm.enqueue(tasks.add, 1, 2)
    warm.enqueue(Enqueuing().greet)
    assert warm.enqueue(tasks.add, 3, 4).func_name == "tests.client.tasks.add"


def test_a_mock_in_the_place_of_a_method_is_called(warm):
    made = warm.create_job(tasks.add)
    with mock.patch.object(Job, "create", mock.Mock(return_value=made)) as create:
        assert warm.enqueue(tasks.add, 1, 2) is made
    create.assert_called_once()


def test_a_queue_that_nobody_has_is_gone_at_once(redis_client):
    gc.disable()
    try:
        queue = Queue(connection=redis_client)
        for _ in range(3):
            queue.enqueue(tasks.add, 1, 2)
        gone = weakref.ref(queue)
        del queue
        assert gone() is None
    finally:
        gc.enable()


def test_a_queue_keeps_nothing_that_was_enqueued(warm):
    greeter = tasks.Greeter("hi")
    for _ in range(3):
        warm.enqueue(greeter.greet, "x", job_timeout=77)
    gone = weakref.ref(greeter)
    del greeter
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda queue: queue.enqueue(lambda: None), UnimportableFunctionError),
        (lambda queue: queue.enqueue(OwnJob), OptionTypeError),
        (lambda queue: queue.enqueue(tasks.add, args=3), OptionTypeError),
        (lambda queue: queue.enqueue(tasks.add, job_timeout=0), InvalidOptionError),
        (lambda queue: queue.enqueue(tasks.add, ttl="soon"), TimeoutFormatError),
        (lambda queue: queue.enqueue(tasks.add, result_ttl=[1]), OptionTypeError),
        (lambda queue: queue.enqueue(tasks.add, job_timeout={}), OptionTypeError),
        (lambda queue: queue.enqueue(tasks.add, print), None),
        (lambda queue: queue.enqueue(tasks.add, meta=7), OptionTypeError),
        (lambda queue: queue.enqueue(tasks.add, (letter for letter in "abc")), TypeError),
    ],
)
def test_nonsense_is_refused_each_time_and_nothing_written(warm, redis_client, call, error):
    before = len(redis_client.keys())
    for _ in range(3):
        if error is None:
            call(warm)
            before += 1
        else:
            with pytest.raises(error):
                call(warm)
    assert len(redis_client.keys()) == before


def test_so_many_different_limits_are_no_burden(warm):
    jobs = [warm.enqueue(tasks.add, number, job_timeout=number) for number in range(1, 100)]
    assert [job.timeout for job in jobs] == list(range(1, 100))
    assert [job.id for job in jobs] == warm.job_ids[1:]


def test_a_queue_that_runs_its_jobs_itself_makes_them(redis_client):
    queue = Queue(connection=redis_client, is_async=False)
    assert [queue.enqueue(tasks.add, 1, 2).return_value() for _ in range(3)] == [3, 3, 3]


def test_a_server_that_forgets_its_scripts_is_taught_again(warm, redis_client):
    redis_client.script_flush()
    job = warm.enqueue(tasks.add, 1, 2)
    assert warm.job_ids[1:] == [job.id]


def test_a_queue_whose_list_is_none_refuses(warm, redis_client):
    redis_client.delete(warm.key)
    redis_client.set(warm.key, "no list")
    before = set(redis_client.keys())
    with pytest.raises(ValueError, match="was not enqueued: the key rq:queue:default holds something of another type"):
        warm.enqueue(tasks.add, 1, 2)
    assert set(redis_client.keys()) == before
