"""What people wrote about RQ, from 0.4 to 1.14, still works: every code block of five documents, run as a reader would run it.

How blocks are kept and what is adapted in them is told in `seed_documents.py`; `NOT_RUN` has those that are left out, with the reason.
"""

from __future__ import annotations

import re
import shutil
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rq import Queue, Worker
from rq.cli.commands.worker import worker
from rq.job import Job
from rq.registry import FinishedJobRegistry
from tests.acceptance.seed_documents import SeedFolder, commands_of, read_blocks, serve_page
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes

BLOCKS = read_blocks()

NOT_RUN = {
    "000: a server is started": "the tests have a server of their own",
    "000: the latest release is installed": "would install from the internet what is on trial here",
    "000: the cutting edge is installed": "likewise",
}

_run: set[str] = set()


def of_documents(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test for each of these blocks; it gets the text as `block`."""
    _run.update(names)
    return pytest.mark.parametrize("block", [BLOCKS[name] for name in names], ids=names)


def block_of(name: str) -> str:
    """Return one more block that a test runs."""
    _run.add(name)
    return BLOCKS[name]


SOMEWHERE = """
import requests

def count_words_at_url(url):
    return len(requests.get(url).text.split())

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def generate_report():
    return "report"

def send_report():
    return "sent"

def foo():
    return "returned"

def func_without_rv():
    pass

def mytask(thing, bar):
    return thing, bar

def really_really_slow():
    return "done"

def say_hello():
    return "hello"
"""

# What the documents say before their blocks.
CONNECTED = "from somewhere import *\nredis_conn = my_redis_conn = Redis()\nq = Queue(connection=redis_conn)\n"
IN_USE = "from somewhere import *\nfrom rq import use_connection\nuse_connection()\nq = Queue()\n"


@pytest.fixture
def seeds(rq: Rq, processes: Processes) -> Iterator[SeedFolder]:
    """A folder with the module `somewhere`, an empty server, and a page of 889 words."""
    with serve_page() as url:
        folder = SeedFolder(rq, processes, url)
        folder.write("somewhere.py", SOMEWHERE)
        yield folder


def test_every_block_is_run_or_named_with_the_reason():
    assert _run | NOT_RUN.keys() == BLOCKS.keys()
    assert not _run & NOT_RUN.keys()


def if_there_is(feature: bool, what: str) -> pytest.MarkDecorator:
    """Expect a test to fail while something is missing, and to pass from the moment that it is there."""
    return pytest.mark.xfail(not feature, reason=f"{what} is not there yet", strict=True)


# --- enqueueing ----------------------------------------------------------------------------------------------------------


MY_MODULE = block_of("000: my_module.py: a function like any other")
ENQUEUED = block_of("000: a call is enqueued")
RQWORKER = block_of("000: rqworker runs it")


@of_documents("000: a queue on the connection that is in use")
def test_the_readme_of_rq_0_4_works(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.words = 818
    seeds.write("my_module.py", MY_MODULE)
    job_id = seeds.run(block, ENQUEUED, "print(result.id)").strip()
    [command] = commands_of(RQWORKER)
    running = seeds.start_command(*command)
    output = running.wait_for_output("Job OK")
    assert "*** Listening on default" in output
    assert "my_module.count_words_at_url('http://" in output
    assert f"Job result = {Job.fetch(job_id, connection=redis_client).return_value()}" in RQWORKER
    running.terminate()
    running.succeed()


@pytest.mark.parametrize(
    ("module", "program"),
    [
        (block_of(f"{document}: somewhere.py: a function like any other"), block_of(f"{document}: a call is enqueued, its result is looked at twice"))
        for document in ("001", "003")
    ],
    ids=["001", "003"],
)
def test_a_result_is_none_until_a_worker_has_run_the_job(module: str, program: str, seeds: SeedFolder):
    seeds.write("somewhere.py", module)
    running = seeds.start(program)
    running.wait_for_output("None\n")
    seeds.burst()
    assert running.succeed() == "None\n889\n"


@of_documents("001: a call is enqueued in a named queue", "003: a call is enqueued in a named queue")
def test_a_queue_may_have_any_name(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.run(CONNECTED, block)
    [job] = Queue("low", connection=redis_client).jobs
    seeds.burst("low")
    assert job.return_value() == 889


@of_documents("001: enqueue_call says what is whose")
def test_enqueue_call_keeps_arguments_and_options_apart(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.run(CONNECTED, block)
    jobs = Queue(connection=redis_client).jobs
    assert [job.timeout for job in jobs] == [180, 30]
    seeds.burst()
    assert [job.return_value() for job in jobs] == [889, 889]


@of_documents("003: arguments with the names of options")
def test_arguments_may_have_the_names_of_options(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.write("somewhere.py", "def count_words_at_url(url, *, description, ttl): return description, ttl")
    seeds.run(CONNECTED, block)
    [job] = Queue("low", connection=redis_client).jobs
    assert job.ttl == 30
    seeds.burst("low")
    assert job.return_value() == ("Function description", 15)


@of_documents("001: a function is named by its path")
def test_a_function_may_be_named_by_its_path(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    job_id = seeds.run(CONNECTED, block, "print(q.job_ids[0])").strip()
    # Only the worker has the code.
    seeds.write("my_package/my_module.py", "def my_func(x, y): return x + y")
    seeds.burst("low")
    assert Job.fetch(job_id, connection=redis_client).return_value() == 7


LOOKED_AT = "assert (queued_job_ids, queued_jobs, job.id) == (['my_id'], [job], 'my_id')"


@of_documents("001: what else a queue can do")
def test_a_queue_can_be_looked_at(block: str, seeds: SeedFolder):
    assert seeds.run(CONNECTED, "q.enqueue(foo, job_id='my_id')", block, LOOKED_AT) == "1\n"


@of_documents("003: what else a queue can do")
def test_a_queue_can_be_emptied_and_deleted(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    assert seeds.run(CONNECTED, "q.enqueue(foo, job_id='my_id')", block, LOOKED_AT) == "1\n"
    assert not Job.exists("my_id", connection=redis_client)
    assert Queue.all(connection=redis_client) == []


@of_documents("001: a decorated function", "003: a decorated function")
def test_a_decorated_function_enqueues_itself(block: str, seeds: SeedFolder):
    # The worker imports the module of a function; so what enqueues stands in another one, as the older document says.
    module, program = re.split(r"^(?=作业|job = )", block, maxsplit=1, flags=re.MULTILINE)
    seeds.write("adding.py", f"from redis import Redis\nmy_redis_conn = Redis()\n{module}")
    running = seeds.start("from adding import add", program)
    wait_until(lambda: Queue("low", connection=client_of(seeds)).job_ids)
    seeds.burst("low")
    assert running.succeed() == "7\n"


@of_documents("001: a queue without workers (async=False)", "003: a queue without workers (is_async=False)")
def test_a_queue_may_run_its_jobs_itself(block: str, seeds: SeedFolder):
    seeds.run_session(CONNECTED, block)


@of_documents("001: a job that depends on another", "003: a job that depends on another")
def test_a_job_may_depend_on_another(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.run(CONNECTED, block, "assert q.job_ids == [report_job.id]")
    seeds.burst("low")
    finished = FinishedJobRegistry("low", connection=redis_client).get_job_ids()
    assert {Job.fetch(job_id, connection=redis_client).return_value() for job_id in finished} == {"report", "sent"}


@of_documents("001: how long results are kept")
def test_results_are_kept_as_long_as_the_job_says(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.run(CONNECTED, block)
    jobs = Queue(connection=redis_client).jobs
    seeds.burst()
    lifetimes = [redis_client.ttl(job.key) for job in jobs]
    assert lifetimes == [pytest.approx(500, abs=60), pytest.approx(86400, abs=60), -2, -1, pytest.approx(500, abs=60)]


@of_documents("001: a job with a longer timeout")
def test_a_job_may_have_a_longer_timeout(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.run(IN_USE, "foo, qux = 1, 2", block)
    [job] = Queue(connection=redis_client).jobs
    assert job.timeout == 600
    seeds.burst()
    assert job.return_value() == (1, 2)


@of_documents("001: queues with timeouts of their own")
def test_queues_may_have_timeouts_of_their_own(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.run(IN_USE, block, "high.enqueue(foo)", "low.enqueue(foo)")
    jobs = [job for name in ("high", "low") for job in Queue(name, connection=redis_client).jobs]
    assert [job.timeout for job in jobs] == [8, 3600, 600]
    seeds.burst("high", "low")
    assert [job.return_value() for job in jobs] == ["returned", "done", "returned"]


SUCCESS_CALLBACK = block_of("003: a success callback")
REPORTS = """
def report_failure(job, connection, type, value, traceback): pass
def report_stopped(job, connection): pass
"""


@of_documents("003: callbacks with timeouts")
def test_callbacks_may_have_timeouts(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.write("reports.py", SUCCESS_CALLBACK.replace("pass", "job.meta['reported'] = result; job.save_meta()") + REPORTS)
    seeds.run(IN_USE, "from reports import *\nqueue = q", block)
    [job] = Queue(connection=redis_client).jobs
    assert (job.success_callback_timeout, job.failure_callback_timeout, job.stopped_callback_timeout) == (60, 10, 120)
    seeds.burst()
    assert job.get_meta() == {"reported": "hello"}


# --- connections ---------------------------------------------------------------------------------------------------------


@of_documents("002: a connection is pushed")
def test_a_connection_can_be_pushed(block: str, seeds: SeedFolder):
    seeds.run(block, "from rq import get_current_connection", "assert Queue().connection is get_current_connection()")


@of_documents("002: the proxy of connections that RQ had")
def test_connections_are_a_stack_of_which_the_top_counts(block: str, seeds: SeedFolder):
    uses = """
one, two = object(), object()
push(one), push(two)
assert [top(), pop(), top(), pop()] == [two, two, one, one]
try:
    empty()
except NoRedisConnectionException:
    print("none left")
"""
    theirs = "push, pop, top, empty = conn.push, conn.pop, conn._get_current_object, conn._get_current_object"
    ours = "from rq.connections import *\npush, pop, top, empty = push_connection, pop_connection, get_current_connection, resolve_connection"
    assert seeds.run(block, theirs, uses) == seeds.run(ours, uses) == "none left\n"


# --- workers -------------------------------------------------------------------------------------------------------------


@of_documents("001: rq worker, with and without a queue")
def test_a_worker_listens_on_the_queues_that_it_is_given(block: str, seeds: SeedFolder):
    for command, queue in zip(commands_of(block), ("default", "low"), strict=True):
        running = seeds.start_command(*command)
        running.wait_for_output(f"*** Listening on {queue}...")
        seeds.rq.enqueue("somewhere.foo", queue=queue)
        running.wait_for_output("Job OK")
        running.terminate()
        running.succeed()


@of_documents("001: a burst worker for three queues")
def test_a_burst_worker_takes_the_queues_in_order_and_leaves(block: str, seeds: SeedFolder):
    for queue in ("low", "normal", "high"):
        seeds.rq.enqueue("tasks.greet", queue, queue=queue)
    [command] = commands_of(block)
    output = seeds.start_command(*command).succeed()
    assert re.findall(r"Job OK: tasks\.greet\('(\w+)'\)", output) == ["high", "normal", "low"]


@of_documents("001: workers are listed", "001: workers are counted")
def test_workers_can_be_listed_and_counted(block: str, seeds: SeedFolder):
    one, both = (seeds.start_command("rq", "worker", *queues) for queues in (["other"], ["other", "queue_name"]))
    for running in (one, both):
        running.wait_for_output("*** Listening on")
    # The second half is about one queue; where that is given no connection, it takes the one in use.
    all_workers, those_of_a_queue = re.split(r"\n\n(?=.*queue)", block, maxsplit=1)
    look = "print(workers if isinstance(workers, int) else len(workers))"
    assert seeds.run(IN_USE, all_workers, look, those_of_a_queue, look) == "2\n1\n"


@of_documents("001: what a worker has done")
def test_a_worker_tells_what_it_has_done(block: str, seeds: SeedFolder):
    seeds.rq.enqueue("somewhere.foo")
    running = seeds.start_command("rq", "worker", "-n", "name")
    running.wait_for_output("Job OK")
    after = "assert (worker.successful_job_count, worker.failed_job_count) == (1, 0) and worker.total_working_time > 0"
    wait_until(lambda: Worker.find_by_key("rq:worker:name", connection=client_of(seeds)))
    seeds.run(IN_USE, block, after)


@of_documents("001: settings.py")
def test_a_worker_is_told_everything_by_its_settings(block: str, seeds: SeedFolder, redis_client: redis.Redis):
    seeds.write("settings.py", block)
    seeds.rq.enqueue("somewhere.foo", queue="normal")
    running = seeds.start_command("rq", "worker", "-c", "settings", RQ_REDIS_URL=None)
    output = running.wait_for_output("Job OK")
    assert "*** Listening on high, normal, low..." in output
    running.terminate()
    running.succeed()
    assert running.stderr.startswith("SENTRY_DSN of the settings in settings: Sentry hears of nothing: sentry-sdk is not installed here")
    assert len(running.stderr.splitlines()) == 1


@of_documents("001: a worker class of one's own")
def test_a_worker_may_be_of_a_class_of_ones_own(block: str, seeds: SeedFolder):
    seeds.write(
        "path/to.py",
        "from rq import SimpleWorker\n"
        "class GeventWorker(SimpleWorker):\n"
        "    def work(self, *args, **kwargs):\n"
        "        print('a worker of our own')\n"
        "        return super().work(*args, **kwargs)\n",
    )
    seeds.rq.enqueue("somewhere.foo")
    [command] = commands_of(block)
    running = seeds.start_command(*command)
    assert "a worker of our own" in running.wait_for_output("Job OK")
    running.terminate()
    running.succeed()


@if_there_is(any("--exception-handler" in option.opts for option in worker.params), "rq worker --exception-handler")
@of_documents("001: exception handlers")
def test_a_worker_may_have_exception_handlers(block: str, seeds: SeedFolder):
    handler = "from pathlib import Path\ndef ErrorHandler(job, *exc_info):\n    Path(f'{job.id}-{__name__}').touch()\n    return True\n"
    seeds.write("path/to/my.py", handler)
    seeds.write("another.py", handler)
    for number, command in enumerate(commands_of(block)):
        seeds.rq.enqueue("tasks.fail", job_id=f"job{number}")
        seeds.start_command(*command, "--burst").succeed()
    handled = {file.name for file in seeds.rq.folder.glob("job*")}
    assert handled == {"job0-path.to.my", "job1-path.to.my", "job1-another"}


# --- commands, and what was never for users -------------------------------------------------------------------------------


@of_documents("000: setup.py: the commands that are installed")
def test_the_commands_of_rq_0_4_are_installed(block: str):
    commands = re.findall(r"^ *(\w+) = rq\.scripts", block, re.MULTILINE)
    assert commands == ["rqworker", "rqinfo"]
    ours = entry_points(group="console_scripts")
    for command in commands:
        assert callable(ours[command].load())
        assert shutil.which(command, path=str(Path(sys.executable).parent))


@of_documents("004: what rq --help says")
def test_rq_has_the_commands_that_it_had(block: str, seeds: SeedFolder):
    described = re.findall(r"^  (\w+) {2,}\w", block, re.MULTILINE)
    assert described == ["empty", "info", "requeue", "resume", "suspend", "worker"]
    described_here = re.findall(r"^  (\w+) {2,}\w", seeds.rq.run("--help"), re.MULTILINE)
    assert set(described) <= set(described_here)
    for command in described:
        assert seeds.rq.run(command, "--help").startswith(f"Usage: rq {command} ")


@of_documents("000: funclog, which prints who calls whom")
def test_a_function_that_prints_its_callers_can_be_a_job(block: str, seeds: SeedFolder):
    seeds.write("logged.py", f"import sys\n{block}\ndef job():\n    funclog()\n")
    seeds.rq.enqueue("logged.job")
    output = seeds.start_command("rq", "worker", "--burst").succeed()
    assert re.search(r"logged\.py-*\d+   job", output)


def client_of(seeds: SeedFolder) -> redis.Redis:
    import redis as client_library

    return client_library.Redis.from_url(seeds.rq.url or "")
