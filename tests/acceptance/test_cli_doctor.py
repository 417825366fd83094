"""`rq doctor`, as users run it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.dump import dump

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.server import ValkeyServer


def test_a_queue_without_a_worker_is_a_problem_with_a_remedy(rq: Rq):
    rq.enqueue("tasks.greet")
    process = rq.start("doctor")
    assert process.wait() == 1
    output = " ".join(process.stdout.split())
    assert "problem queues No worker listens on the queue default, which has jobs: 1 waiting. Start one: `rq worker default`." in output
    assert process.stderr == ""
    assert max(map(len, process.stdout.splitlines())) <= 80


def test_programs_get_the_findings(rq: Rq):
    rq.enqueue("tasks.greet")
    process = rq.start("doctor", "--json")
    assert process.wait() == 1
    report = json.loads(process.stdout)
    assert report["healthy"] is False
    [queues] = [check for check in report["checks"] if check["check"] == "queues"]
    assert queues["findings"] == [
        {"severity": "problem", "what": "no worker listens on the queue default, which has jobs: 1 waiting", "mend": "start one: `rq worker default`"}
    ]


def test_a_private_server_is_healthy(rq: Rq):
    output = rq.run("doctor", "--url", f"embedded://{rq.folder}/data")
    assert output.startswith(f"The server at embedded://{rq.folder}/data\n")
    assert {line.split()[0] for line in output.splitlines()[1:]} == {"ok"}


def test_eviction_and_want_of_persistence_are_problems(rq: Rq, redis_client: redis.Redis):
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        process = rq.start("doctor")
        assert process.wait() == 1
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")
    assert "(allkeys-lru)" in process.stdout
    assert "maxmemory-policy noeviction" in " ".join(process.stdout.split())


def test_a_job_that_was_lost_is_found(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet")
    redis_client.delete("rq:queue:default")
    assert job_id in " ".join(rq_output(rq, "doctor").split())
    assert job_id not in rq_output(rq, "doctor", "--most-keys", "0")


def rq_output(rq: Rq, *args: str) -> str:
    """What a command wrote, whatever its status."""
    process = rq.start(*args)
    process.wait()
    return process.stdout


def test_looking_changes_nothing(rq: Rq, redis_client: redis.Redis):
    rq.enqueue("tasks.fail")
    rq.start("worker", "--burst").succeed()
    rq.enqueue("tasks.greet")
    redis_client.zadd("rq:wip:default", {"abandoned:1234": 1})
    redis_client.sadd("rq:workers", "rq:worker:ghost")
    before = dump(redis_client)
    rq_output(rq, "doctor")
    assert dump(redis_client) == before


def test_a_user_who_may_only_read_hears_what_there_is(rq: Rq, redis_client: redis.Redis, valkey: ValkeyServer):
    rq.enqueue("tasks.greet")
    redis_client.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~rq:*", "+@read", "+@connection", "+time")
    try:
        process = rq.start("doctor", env={"RQ_REDIS_URL": f"redis://reader:pw@{valkey.host}:{valkey.port}/0"})
        assert process.wait() == 1
    finally:
        redis_client.execute_command("ACL", "DELUSER", "reader")
    assert "No worker listens on the queue default" in " ".join(process.stdout.split())
    assert "Traceback" not in process.output


def test_waiting_jobs_that_are_garbled_or_missing_are_found(rq: Rq, redis_client: redis.Redis):
    fine, no_date, no_hash, no_data = (rq.enqueue("tasks.greet", job_id=name) for name in ("fine", "no-date", "no-hash", "no-data"))
    redis_client.hset(f"rq:job:{no_date}", "created_at", "yesterday")
    redis_client.delete(f"rq:job:{no_hash}", f"rq:job:{no_data}")
    redis_client.set(f"rq:job:{no_hash}", "a text")
    redis_client.rpush("rq:queue:default", "ghost")
    output = " ".join(rq_output(rq, "doctor").split())
    assert "problem data In the queue default wait jobs that cannot be read: no-date and no-hash. Delete their keys, and enqueue them again" in output
    assert "warning data In the queue default wait ids of jobs that do not exist: no-data and ghost. Nothing: a worker passes over them" in output
    assert fine not in output.partition("do not exist")[0].partition("data In the queue")[2]


def test_a_key_of_the_wrong_type_is_named(rq: Rq, redis_client: redis.Redis):
    rq.enqueue("tasks.greet")
    redis_client.delete("rq:queue:default", "rq:failed:default")
    redis_client.set("rq:queue:default", "a text")
    redis_client.sadd("rq:failed:default", "a member")
    output = " ".join(rq_output(rq, "doctor").split())
    wrong = "the key rq:queue:default holds a string, not a list and the key rq:failed:default holds a set, not a zset"
    assert f"The queue default cannot be read: {wrong}. Delete what has the wrong type." in output


def test_a_worker_says_which_queue_will_never_give_it_a_job(rq: Rq, redis_client: redis.Redis):
    redis_client.set("rq:queue:low", "a text")
    process = rq.start("worker", "high", "low", "--burst")
    process.succeed()
    assert "Warning: the key rq:queue:low holds a string, not a list; no job can come from that queue until the key is deleted" in process.stderr


def test_an_error_about_a_type_names_the_key(rq: Rq, redis_client: redis.Redis):
    redis_client.set("rq:queues", "a text")
    assert "rq:queues" in rq.refuse("empty", "--all", status=1)
