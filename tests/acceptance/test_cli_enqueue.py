"""`rq enqueue`, as users run it."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.arguments import parse_arguments, split_argument
from rq.cli.boundary import WrongCall
from rq.cli.job_options import JOB_OPTIONS
from rq.job import Job
from rq.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable

    import redis

    from tests.acceptance.conftest import Rq


def enqueue(rq: Rq, *args: object) -> str:
    """Enqueue a job with the command, and return the id that it tells."""
    return rq.run("enqueue", *args).rstrip("'.\n").rsplit("'", 1)[1]


@pytest.mark.parametrize(
    ("written", "name", "mark", "value"),
    [
        ("text", None, "", "text"),
        ("", None, "", ""),
        (":[1]", None, ":", "[1]"),
        (":a=b", None, ":", "a=b"),
        ("%a=b", None, "%", "a=b"),
        ("=a=b", None, "", "=a=b"),
        ("=", None, "", "="),
        ("k=", "k", "", ""),
        ("k=v", "k", "", "v"),
        ("k=v=w", "k", "", "v=w"),
        ("k:=1", "k", ":", "1"),
        ("k%=(1,)", "k", "%", "(1,)"),
        ("k=:1", "k", "", ":1"),
        ("a:b:=1", "a:b:", "", "1"),
        ("x:y=1", "x:y", "", "1"),
        ("a:%=1", "a:", "%", "1"),
        ("@a=b", "@a", "", "b"),
    ],
)
def test_an_argument_is_split_as_rq_splits_it(written: str, name: str | None, mark: str, value: str):
    assert split_argument(written) == (name, mark, value)


@pytest.mark.parametrize("written", [[":x"], ["%x"], ["%" + "(" * 9999], ["k:=x"], ["k%=x"], ["k=1", "k=2"], [":="]])
def test_what_cannot_be_read_is_a_wrong_call(written: list[str]):
    with pytest.raises(WrongCall):
        parse_arguments(written)


def test_arguments_arrive_as_they_were_meant(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "text.txt").write_text("a text\n")
    (rq.folder / "list.json").write_text('["from", "json"]')
    (rq.folder / "literal.txt").write_text("(1, 'two')")
    written: dict[str, Any] = {
        "plain": "plain",
        ':{"a": [1, null]}': {"a": [1, None]},
        "%(1, {2})": (1, {2}),
        "@text.txt": "a text\n",
        ":@list.json": ["from", "json"],
        "%@literal.txt": (1, "two"),
    }
    job_id = enqueue(rq, "tasks.greet", *written, "a=b", "c:=3", "d%={4}", "e=@text.txt", "f:=@list.json", "g%=@literal.txt")
    job = Job.fetch(job_id, connection=redis_client)
    assert list(job.args) == list(written.values())
    assert job.kwargs == {"a": "b", "c": 3, "d": {4}, "e": "a text\n", "f": ["from", "json"], "g": (1, "two")}


# Field of `EnqueueOptions` -> an example of how it is said, and what a reader of the job finds.
SAID: dict[str, tuple[list[str], dict[str, Any]]] = {
    "timeout": (["--timeout", "2m"], {"timeout": 120}),
    "result_ttl": (["--result-ttl", "1h"], {"result_ttl": 3600}),
    "ttl": (["--ttl", "10s"], {"ttl": 10}),
    "failure_ttl": (["--failure-ttl", "2d"], {"failure_ttl": 172800}),
    "description": (["--description", "my job"], {"description": "my job"}),
    "job_id": (["--job-id", "my-id"], {"id": "my-id"}),
    "at_front": (["--at-front", "--depends-on", "a"], {"enqueue_at_front": True}),
    "meta": (["--meta", '{"user": {"id": 7}}'], {"meta": {"user": {"id": 7}}}),
    "depends_on": (
        ["--depends-on", "a", "--depends-on", "b", "--on-dependency-failure", "cancel"],
        {"dependency_ids": ["a", "b"], "dependency_policies": {"*": "cancel"}},
    ),
    "retry": (["--retry-max", "3", "--retry-interval", "1m", "--retry-interval", "90"], {"retries_left": 3, "retry_intervals": [60, 90]}),
    "repeat": (["--repeat", "2", "--repeat-interval", "1h", "--repeat-interval", "2h"], {"repeats_left": 2, "repeat_intervals": [3600, 7200]}),
    "on_success": (["--on-success", "tasks.greet"], {"success_callback_name": "tasks.greet", "success_callback_timeout": 60}),
    "on_failure": (["--on-failure", "tasks.greet:2m"], {"failure_callback_name": "tasks.greet", "failure_callback_timeout": 120}),
    "on_stopped": (["--on-stopped", "tasks.greet:-1"], {"stopped_callback_name": "tasks.greet", "stopped_callback_timeout": -1}),
    "webhooks": (
        ["--webhook", "failed=https://example.com/?a=b", "--webhook-method", "POST", "--webhook-header", "X-Key: a:b", "--webhook-timeout", "1m"],
        {"webhooks": [Webhook("https://example.com/?a=b", "failed", method="POST", headers={"X-Key": "a:b"}, timeout=60).to_dict()]},
    ),
    "unique": (["--unique", "--job-id", "only-one"], {"id": "only-one"}),
    "group_id": (["--group", "reports"], {"group_id": "reports"}),
}


def found_in(job: Job, names: Iterable[str]) -> dict[str, Any]:
    return {name: job.meta if name == "meta" else getattr(job.record, name) for name in names}


def test_there_is_an_example_of_every_option():
    assert SAID.keys() == JOB_OPTIONS.keys()


@pytest.mark.parametrize("field", SAID)
def test_an_option_is_that_of_the_job(rq: Rq, redis_client: redis.Redis, field: str):
    written, expected = SAID[field]
    for job_id in "ab":  # the jobs that others wait for
        rq.enqueue("tasks.greet", job_id=job_id, queue="others")
    job = Job.fetch(enqueue(rq, "tasks.greet", *written), connection=redis_client)
    assert found_in(job, expected) == expected
    assert job.get_status().value == ("deferred" if "--depends-on" in written else "queued")


@pytest.mark.parametrize("field", SAID)
def test_an_option_is_that_of_a_scheduled_job_as_well(rq: Rq, redis_client: redis.Redis, field: str):
    written, expected = SAID[field]
    job_id = enqueue(rq, "tasks.greet", "--schedule-in", "1h", *written)
    job = Job.fetch(job_id, connection=redis_client)
    assert found_in(job, expected) == expected
    assert redis_client.zscore("rq:scheduled:default", job_id)


@pytest.mark.parametrize(("written", "seconds"), [("30", 30), ("-1", -1), ("5s", 5), ("3m", 180), ("1h", 3600), ("1 D", 86400)])
def test_a_duration_may_be_spelled_in_any_way(rq: Rq, redis_client: redis.Redis, written: str, seconds: int):
    ttl = ["--ttl", written] if seconds > 0 else []
    job_id = enqueue(rq, "tasks.greet", "--timeout", written, "--result-ttl", written, "--failure-ttl", written, "--on-success", f"tasks.greet:{written}", *ttl)
    record = Job.fetch(job_id, connection=redis_client).record
    assert (record.timeout, record.result_ttl, record.failure_ttl, record.success_callback_timeout) == (seconds,) * 4
    assert record.ttl == (seconds if ttl else None)


def test_all_that_can_be_said_of_retries_is_said_together(rq: Rq, redis_client: redis.Redis):
    waits = ["--retry-max", "4", "--retry-interval", "10s", "--retry-backoff", "2", "--retry-max-interval", "1m", "--retry-jitter", "0.1"]
    which = ["--retry-only-on", "OSError", "--retry-only-on", "tasks.Error", "--retry-never-on", "TimeoutError", "--retry-at-front"]
    record = Job.fetch(enqueue(rq, "tasks.greet", *waits, *which), connection=redis_client).record
    assert (record.retries_left, record.retry_intervals, record.enqueue_at_front_on_retry) == (4, [10, 20, 40, 60], True)
    assert record.retry_policy == {
        "max": 4,
        "backoff": 2.0,
        "max_interval": 60,
        "jitter": 0.1,
        "only_on": ["builtins.OSError", "tasks.Error"],
        "never_on": ["builtins.TimeoutError"],
    }


@pytest.mark.parametrize("written", [["--retry-max", "0", "--retry-interval", "10"], ["--repeat", "0", "--repeat-interval", "10"]])
def test_no_times_is_none_whatever_else_is_said(rq: Rq, redis_client: redis.Redis, written: list[str]):
    record = Job.fetch(enqueue(rq, "tasks.greet", *written), connection=redis_client).record
    assert (record.retries_left, record.repeats_left) == (None, None)


def test_meta_can_come_from_a_file(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "meta.json").write_text('{"user": 7}')
    assert Job.fetch(enqueue(rq, "tasks.greet", "--meta", "@meta.json"), connection=redis_client).meta == {"user": 7}


def test_a_job_goes_into_the_queue_that_is_named(rq: Rq, redis_client: redis.Redis):
    assert rq.run("enqueue", "tasks.greet", "--job-id", "my-id", "-q", "mine") == "Enqueued tasks.greet() with job-id 'my-id'.\n"
    assert redis_client.lrange("rq:queue:mine", 0, -1) == [b"my-id"]


def test_a_second_unique_job_is_refused(rq: Rq, redis_client: redis.Redis):
    rq.run("enqueue", "tasks.greet", "--unique", "--job-id", "only-one")
    assert "only-one" in rq.refuse("enqueue", "tasks.greet", "--unique", "--job-id", "only-one", status=1)
    assert redis_client.llen("rq:queue:default") == 1


def test_the_help_fits_into_a_terminal_of_80_columns(rq: Rq):
    lines = rq.run("enqueue", "--help").splitlines()
    assert max(map(len, lines)) <= 80
    for heading in ("Where and when:", "The job:", "How long:", "After other jobs:", "Retry and repeat:", "When it ends:", "Options:"):
        assert heading in lines


def test_a_job_at_the_front_runs_first(rq: Rq, redis_client: redis.Redis):
    last = enqueue(rq, "tasks.greet")
    first = enqueue(rq, "tasks.greet", "--at-front")
    assert redis_client.lrange("rq:queue:default", 0, -1) == [first.encode(), last.encode()]


def test_a_job_can_be_scheduled_after_a_time(rq: Rq, redis_client: redis.Redis):
    job_id = enqueue(rq, "tasks.greet", "--schedule-in", "1h")
    assert 3590 < (redis_client.zscore("rq:scheduled:default", job_id) or 0) - int(redis_client.time()[0]) < 3601
    assert redis_client.llen("rq:queue:default") == 0


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2050-05-27T21:45:00", dt.datetime(2050, 5, 27, 21, 45).astimezone(dt.UTC)),
        ("2050-05-27T21:45:00Z", dt.datetime(2050, 5, 27, 21, 45, tzinfo=dt.UTC)),
    ],
)
def test_a_job_can_be_scheduled_at_a_time_which_is_local_without_a_zone(rq: Rq, redis_client: redis.Redis, written: str, moment: dt.datetime):
    job_id = enqueue(rq, "tasks.greet", "--schedule-at", written)
    assert redis_client.zscore("rq:scheduled:default", job_id) == moment.timestamp()


def test_quiet_writes_nothing(rq: Rq):
    assert rq.run("enqueue", "tasks.greet", "--quiet") == ""


def test_arguments_that_begin_with_a_dash_stand_behind_two(rq: Rq, redis_client: redis.Redis):
    job_id = enqueue(rq, "tasks.greet", "--", "-x", "--quiet")
    assert list(Job.fetch(job_id, connection=redis_client).args) == ["-x", "--quiet"]


def test_control_characters_of_an_argument_do_not_reach_the_terminal(rq: Rq):
    assert "\x1b" not in rq.run("enqueue", "tasks.greet", "--description", "\x1b[2J", "%'\\x1b[2J'")


def test_a_module_may_have_any_name_that_a_file_may_have(rq: Rq) -> None:
    (rq.folder / "my-tasks.py").write_text("def greet(): pass\n")
    rq.run("enqueue", "my-tasks.greet")
    assert "Job OK" in rq.run("worker", "--burst")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tasks.greet", ":x"], "argument 1 as JSON"),
        (["tasks.greet", "a", "k%=x"], "keyword argument k as a Python literal"),
        (["tasks.greet", "k=1", "k=2"], "k is given twice"),
        (["tasks.greet", "@nothing.txt"], "Cannot read 'nothing.txt', the file that argument 1 names (No such file"),
        (["a=b"], "no dotted path"),
        (["tasks.add(1)"], "no function has the name 'add(1)'"),
        (["tasks."], "a name is missing before or behind a dot"),
        ([""], "it is empty"),
        (["tasks.greet", "--ttl", "0"], "ttl is '0'"),
        (["tasks.greet", "--timeout", "soon"], "Not a duration: 'soon'"),
        (["tasks.greet", "--job-id", "a b"], "'a b'"),
        (["tasks.greet", "--schedule-in", "1h", "--schedule-at", "2050-01-01T00:00:00"], "not both"),
        (["tasks.greet", "--schedule-in", "soon"], "--schedule-in soon"),
        (["tasks.greet", "--schedule-at", "soon"], "--schedule-at soon"),
        (["tasks.greet", "--unique"], "--unique needs --job-id"),
        (["tasks.greet", "--meta", "[1]"], "a JSON object"),
        (["tasks.greet", "--meta", "{"], "--meta as JSON"),
        (["tasks.greet", "--meta", "@nothing.json"], "Cannot read 'nothing.json', the file that --meta names (No such file"),
        (["tasks.greet", "--depends-on", ""], "--depends-on"),
        (["tasks.greet", "--on-dependency-failure", "run"], "says nothing without --depends-on"),
        (["tasks.greet", "--on-dependency-failure", "explode", "--depends-on", "a"], "'explode'"),
        (["tasks.greet", "--retry-interval", "10"], "--retry-interval says nothing without --retry-max"),
        (["tasks.greet", "--retry-at-front"], "--retry-at-front says nothing without --retry-max"),
        (["tasks.greet", "--retry-max", "-1"], "--retry-max"),
        (["tasks.greet", "--retry-max", "2", "--retry-interval", "soon"], "Not a duration: 'soon'"),
        (["tasks.greet", "--retry-max", "2", "--retry-interval", "1", "--retry-backoff", "0"], "backoff is 0"),
        (["tasks.greet", "--retry-max", "2", "--retry-jitter", "2"], "jitter is 2"),
        (["tasks.greet", "--retry-max", "2", "--retry-only-on", ".."], "only_on"),
        (["tasks.greet", "--repeat-interval", "10"], "--repeat-interval says nothing without --repeat"),
        (["tasks.greet", "--repeat", "2", "--repeat-interval", "-5"], "--repeat: interval"),
        (["tasks.greet", "--on-success", "a b"], "'a b' is no dotted path"),
        (["tasks.greet", "--on-failure", "tasks.greet:soon"], "--on-failure: Not a duration: 'soon'"),
        (["tasks.greet", "--webhook", "https://example.com"], "write finished=URL or failed=URL"),
        (["tasks.greet", "--webhook", "started=https://example.com"], "'started'"),
        (["tasks.greet", "--webhook", "failed=example.com"], "http://"),
        (["tasks.greet", "--webhook", "failed=https://example.com", "--webhook-header", "key"], "write NAME:VALUE"),
        (["tasks.greet", "--webhook-timeout", "5"], "--webhook-timeout says nothing without --webhook"),
        ([], "Missing argument 'FUNCTION'"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_enqueued(rq: Rq, redis_client: redis.Redis, arguments: list[str], words: str):
    assert words in rq.refuse("enqueue", *arguments, status=2)
    assert redis_client.keys() == []


@pytest.mark.parametrize("written", ["@me", "who=@me", "it's=@me"])
def test_a_text_that_begins_with_the_mark_of_a_file_is_told_how_to_be_passed(rq: Rq, redis_client: redis.Redis, written: str):
    advice = rq.refuse("enqueue", "tasks.greet", written, status=2).partition("as JSON: ")[2]
    job = Job.fetch(enqueue(rq, "tasks.greet", *shlex.split(advice)), connection=redis_client)
    assert [*job.args, *job.kwargs.values()] == ["@me"]


def test_a_file_that_is_no_text_is_refused(rq: Rq):
    (rq.folder / "picture.png").write_bytes(b"\x89PNG")
    assert "it is no text in UTF-8" in rq.refuse("enqueue", "tasks.greet", "@picture.png", status=2)
    assert "as JSON" not in rq.refuse("enqueue", "tasks.greet", "body:=@picture.png", status=2)


def test_a_program_learns_the_id(rq: Rq):
    found = json.loads(rq.run("enqueue", "--json", "--job-id", "mine", "tasks.greet", "bob"))
    assert found == {"id": "mine", "queue": "default", "status": "queued", "description": "tasks.greet('bob')"}
    assert json.loads(rq.run("enqueue", "--json", "--schedule-in", "1h", "tasks.greet"))["status"] == "scheduled"
