"""`rq enqueue`, as users run it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rq.cli.arguments import parse_arguments, split_argument
from rq.cli.boundary import WrongCall
from rq.job import Job

if TYPE_CHECKING:
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


def test_the_options_are_those_of_the_job(rq: Rq, redis_client: redis.Redis):
    options = ["--timeout", "2m", "--result-ttl", "1h", "--ttl", "10s", "--failure-ttl", "2d", "--description", "my job", "--job-id", "my-id", "-q", "mine"]
    assert rq.run("enqueue", "tasks.greet", *options) == "Enqueued tasks.greet() with job-id 'my-id'.\n"
    job = Job.fetch("my-id", connection=redis_client)
    assert (job.timeout, job.result_ttl, job.ttl, job.failure_ttl) == (120, 3600, 10, 172800)
    assert (job.description, job.origin, job.get_status().value) == ("my job", "mine", "queued")


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


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["tasks.greet", ":x"], 2, "argument 1 as JSON"),
        (["tasks.greet", "a", "k%=x"], 2, "keyword argument k as a Python literal"),
        (["tasks.greet", "k=1", "k=2"], 2, "k is given twice"),
        (["tasks.greet", "@nothing.txt"], 1, "nothing.txt: No such file"),
        (["a=b"], 2, "no dotted path"),
        (["tasks.greet", "--ttl", "0"], 2, "ttl is '0'"),
        (["tasks.greet", "--timeout", "soon"], 2, "Not a duration: 'soon'"),
        (["tasks.greet", "--job-id", "a b"], 2, "'a b'"),
        (["tasks.greet", "--schedule-in", "1h", "--schedule-at", "2050-01-01T00:00:00"], 2, "not both"),
        (["tasks.greet", "--schedule-in", "soon"], 2, "--schedule-in soon"),
        (["tasks.greet", "--schedule-at", "soon"], 2, "--schedule-at soon"),
        ([], 2, "Missing argument 'FUNCTION'"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_enqueued(rq: Rq, redis_client: redis.Redis, arguments: list[str], status: int, words: str):
    assert words in rq.refuse("enqueue", *arguments, status=status)
    assert redis_client.keys() == []
