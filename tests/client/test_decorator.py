"""`@job`: functions that enqueue themselves."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import redis

from rq import Queue, SimpleWorker
from rq.decorators import JobOptions, job
from rq.job import Job, JobStatus
from tests.client import decorated

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def numbers(redis_client: redis.Redis) -> Iterator[Queue]:
    """The queue of the decorated functions, on the server of this test."""
    decorated.LENT.append(redis_client)
    yield Queue("numbers", connection=redis_client)
    decorated.LENT.remove(redis_client)


def result_of(job: Job[Any], queue: Queue) -> Any:
    SimpleWorker([queue], connection=queue.connection).work(burst=True, logging_level="CRITICAL")
    return job.return_value()


# --- the function ---


def test_a_decorated_function_is_the_function_that_was_written():
    def written(a):
        return a

    assert job("numbers")(written) is written
    assert decorated.add(1, 2) == 3
    assert inspect.iscoroutinefunction(decorated.add_later)


def test_delay_and_enqueue_are_the_same():
    assert decorated.add.delay is decorated.add.enqueue


def test_a_module_of_decorated_functions_is_imported_without_a_connection_and_without_a_client_library():
    script = "import rq.decorators, sys\n@rq.decorators.job('numbers')\ndef f(): pass\nprint('redis' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "False"


def test_a_bare_decorator_says_what_it_needs():
    def function():
        pass

    with pytest.raises(TypeError, match=r'@job\("default", connection=\.\.\.\)'):
        job(function)  # type: ignore[type-var]


# --- its jobs ---


def test_a_worker_runs_the_job(numbers):
    assert result_of(decorated.add.delay(2, b=3), numbers) == 5


def test_a_worker_awaits_a_coroutine_function(numbers):
    assert result_of(decorated.add_later.delay(2, 3), numbers) == 5


def test_a_method_takes_its_object_as_the_first_argument(numbers):
    greeter = decorated.Greeter()
    assert greeter.greet("ada") == "hello ada"
    assert result_of(decorated.Greeter.greet.delay(greeter, "ada"), numbers) == "hello ada"


@pytest.mark.parametrize("name", ["inner_static", "outer_static"])
def test_a_static_method_is_decorated_before_or_after_it_is_made_one(numbers, name):
    method = getattr(decorated.Greeter, name)
    assert method("ada") == "ADA"
    assert result_of(method.delay("ada"), numbers) == "ADA"


@pytest.mark.parametrize("name", ["inner_class", "outer_class"])
def test_a_class_method_is_decorated_before_or_after_it_is_made_one(numbers, name):
    method = getattr(decorated.Greeter, name)
    assert method("ada") == "hello ada"
    assert result_of(method.delay("ada"), numbers) == "hello ada"


# --- options ---


def test_the_options_of_the_decorator_are_those_of_every_job(numbers):
    for created in (decorated.anything.delay(1), decorated.anything.delay(2)):
        stored = numbers.fetch_job(created.id)
        assert (stored.timeout, stored.ttl, stored.failure_ttl, stored.meta, stored.description) == (3600, 60, -1, {"team": "blue"}, "words")
    assert [waiting.args for waiting in numbers.jobs] == [(2,), (1,)]


def test_results_are_kept_for_500_seconds_unless_the_decorator_says_otherwise(redis_client):
    def result_ttl(**options: Any) -> int | None:
        return job("numbers", redis_client, **options)(decorated.plain).delay(1).result_ttl

    assert [result_ttl(), result_ttl(result_ttl=0), result_ttl(result_ttl=None)] == [500, 0, None]


def test_delay_takes_three_options_and_leaves_all_other_keywords_to_the_function(numbers):
    created = decorated.anything.delay(1, job_id="mine", at_front=False, depends_on=None, ttl=7, meta=8)
    assert (created.id, created.args, created.kwargs, created.ttl) == ("mine", (1,), {"ttl": 7, "meta": 8}, 60)


def test_a_job_can_go_to_the_front(numbers):
    ids = [decorated.add.delay(1).id, decorated.add.delay(2, at_front=True).id, decorated.add.using(at_front=True).enqueue(3).id]
    assert numbers.job_ids == [ids[2], ids[1], ids[0]]


def test_using_takes_every_option_and_leaves_all_keywords_to_the_function(numbers):
    created = decorated.anything.using(job_id="mine", ttl=10, meta=None, timeout=None).enqueue(1, job_id="yours", args=2, ttl=3, self=4)
    assert (created.id, created.args, created.kwargs) == ("mine", (1,), {"job_id": "yours", "args": 2, "ttl": 3, "self": 4})
    assert (created.ttl, created.meta, created.timeout, created.failure_ttl) == (10, {}, 180, -1)
    assert numbers.job_ids == ["mine"]


def test_what_using_says_replaces_what_the_decorator_says(numbers):
    first = decorated.add.delay(1)
    assert decorated.anything.using(at_front=False).delay(2).get_position() == 1
    assert first.get_position() == 0


def test_using_can_be_kept_for_many_jobs():
    urgent = decorated.add.using(at_front=True, ttl=10)
    assert [urgent.delay(number).ttl for number in range(2)] == [10, 10]
    assert decorated.add.delay(1).ttl is None


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match=r"using\(\) has no option prioritty; there are at_front, "):
        decorated.add.using(prioritty=1)  # type: ignore[call-arg]


def test_a_job_can_be_for_later(numbers):
    at_new_year = decorated.add.using(timeout=7).enqueue_at(datetime(2040, 1, 1, tzinfo=UTC), 1, 2)
    in_a_minute = decorated.anything.using(job_id="mine").enqueue_in(timedelta(minutes=1), 1, job_id="yours", job_timeout=2)
    assert [created.get_status() for created in (at_new_year, in_a_minute)] == [JobStatus.SCHEDULED] * 2
    assert (at_new_year.timeout, at_new_year.result_ttl, at_new_year.args) == (7, 500, (1, 2))
    assert (in_a_minute.id, in_a_minute.timeout, in_a_minute.kwargs) == ("mine", 3600, {"job_id": "yours", "job_timeout": 2})


@pytest.mark.parametrize("option", sorted(JobOptions.__annotations__))
def test_every_option_reaches_the_queue(option):
    using: Any = decorated.noted.using
    using(**{option: "something"}).enqueue(1)
    assert decorated.NotingQueue.noted == {"args": (1,), "kwargs": {}, "result_ttl": 500, "at_front": True, "retry": "thrice", option: "something"}


def test_options_that_were_not_given_are_left_to_the_queue():
    decorated.noted.delay(1, at_front=False, depends_on=["a"])
    assert decorated.NotingQueue.noted == {"args": (1,), "kwargs": {}, "result_ttl": 500, "at_front": True, "retry": "thrice", "depends_on": ["a"]}


# --- where it goes ---


def test_a_queue_needs_no_connection_beside_it(redis_client):
    queue = Queue("of its own", connection=redis_client)
    job(queue)(decorated.plain).delay(1)
    assert queue.count == 1


def test_a_name_needs_a_connection_when_the_first_job_is_enqueued():
    with pytest.raises(TypeError, match="A connection is needed"):
        decorated.without_connection.delay()
    with pytest.raises(TypeError, match="neither a name nor a URL"):
        job("numbers", "redis://localhost")(decorated.plain).delay(1)  # type: ignore[arg-type]


def test_a_client_that_can_be_called_is_a_client_all_the_same(redis_client):
    class Proxy(redis.Redis):
        def __call__(self) -> None:
            raise AssertionError

    with Proxy(connection_pool=redis_client.connection_pool) as proxy:
        assert job("numbers", proxy)(decorated.plain).delay(1).connection is proxy


def test_a_class_of_queues_can_be_given_by_path_or_by_inheritance(redis_client):
    class job_of_noting_queues(job):  # noqa: N801 - a decorator
        queue_class = decorated.NotingQueue

    for decorator in (job("numbers", redis_client, queue_class="tests.client.decorated.NotingQueue"), job_of_noting_queues("numbers", redis_client)):
        assert isinstance(decorator.find_queue(), decorated.NotingQueue)
    with pytest.raises(ValueError, match="not a subclass"):
        job("numbers", queue_class="rq.job.Job")


# --- the types at runtime ---


def test_a_job_with_the_type_of_its_result_is_an_annotation_and_a_job(numbers, redis_client):
    created = decorated.add.delay(1, 2)
    annotation = Job[int]
    fetched = annotation.fetch(created.id, connection=redis_client)
    assert fetched == created
    assert type(fetched) is Job
    assert isinstance(created, Job)
    assert type(Job) is type  # so that isinstance() calls no Python
