"""`rq empty`, `rq requeue`, `rq suspend` and `rq resume`, as users run them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rq import Queue
from rq.job import Job
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes


def fail_jobs(rq: Rq, count: int, queue: str = "default") -> list[str]:
    """Let jobs fail, and return their ids."""
    ids = [rq.enqueue("tasks.fail", queue=queue) for _ in range(count)]
    rq.start("worker", queue, "--burst").succeed()
    return ids


def waiting_ids(client: redis.Redis) -> set[str]:
    """Return the ids that wait in `default`."""
    return {*Queue(connection=client).job_ids}


# --- empty --------------------------------------------------------------------------------------------------------------------


def test_emptying_a_queue_deletes_its_waiting_jobs_and_no_others(rq: Rq, redis_client: redis.Redis):
    doomed = [rq.enqueue("tasks.greet", queue="doomed") for _ in range(2)]
    spared = rq.enqueue("tasks.greet", queue="spared")
    scheduled = Queue("doomed", connection=redis_client).enqueue_in(timedelta(hours=1), "tasks.greet").id
    assert rq.run("empty", "doomed", "unknown") == "2 jobs removed from doomed queue\n0 jobs removed from unknown queue\n"
    assert [Job.exists(job_id, connection=redis_client) for job_id in [*doomed, spared, scheduled]] == [False, False, True, True]


def test_all_queues_can_be_emptied(rq: Rq, redis_client: redis.Redis):
    for queue in ("one", "two"):
        rq.enqueue("tasks.greet", queue=queue)
    assert rq.run("empty", "--all").splitlines() == ["1 job removed from one queue", "1 job removed from two queue"]
    assert redis_client.keys("rq:queue:*") == []


def test_a_queue_of_thousands_is_emptied(rq: Rq, redis_client: redis.Redis):
    redis_client.rpush("rq:queue:long", *(f"stray-{number}" for number in range(2500)))
    rq.run("empty", "long")
    assert redis_client.llen("rq:queue:long") == 0


def test_a_program_learns_what_was_removed(rq: Rq):
    rq.enqueue("tasks.greet", queue="one")
    assert json.loads(rq.run("empty", "--json", "one", "two")) == [{"queue": "one", "removed": 1}, {"queue": "two", "removed": 0}]
    assert rq.refuse("empty", "--json", status=2) == "Name queues, or use --all"
    assert json.loads(rq.run("empty", "--json", "--all")) == [{"queue": "one", "removed": 0}]


def test_people_see_how_far_a_long_queue_is_emptied(rq: Rq, redis_client: redis.Redis, processes: Processes):
    redis_client.rpush("rq:queue:long", *(f"stray-{number}" for number in range(2500)))
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-c', 'from rq.cli.main import main; main()', 'empty', 'long']))"
    terminal = processes.python(code, env={"RQ_REDIS_URL": rq.url, "TERM": "xterm", "COLUMNS": "80"})
    output = terminal.succeed()
    assert "Emptying long" in output
    assert "100%" in output
    assert "jobs removed from long queue" in output


def test_queues_and_all_of_them_cannot_be_emptied_in_one_call(rq: Rq, redis_client: redis.Redis):
    rq.enqueue("tasks.greet", queue="one")
    assert rq.refuse("empty", "--all", "other", status=2) == "Name queues or use --all, not both"
    assert redis_client.llen("rq:queue:one") == 1


def test_emptying_nothing_says_so(rq: Rq):
    assert rq.run("empty").startswith("Nothing to do")
    assert rq.run("empty", "-a").startswith("Nothing to do")


# --- requeue ------------------------------------------------------------------------------------------------------------------


def test_a_failed_job_can_be_requeued_by_its_id(rq: Rq, redis_client: redis.Redis):
    again, left = fail_jobs(rq, 2)
    assert rq.run("requeue", "--queue", "default", again).splitlines() == ["Requeueing 1 job from failed queue", "Requeued 1 of 1 job"]
    assert redis_client.lrange("rq:queue:default", 0, -1) == [again.encode()]
    assert redis_client.zrange("rq:failed:default", 0, -1) == [left.encode()]


def test_all_failed_jobs_of_a_queue_can_be_requeued(rq: Rq, redis_client: redis.Redis):
    ids = fail_jobs(rq, 3)
    [other] = fail_jobs(rq, 1, queue="other")
    assert rq.run("requeue", "--queue", "default", "--all").splitlines() == ["Requeueing 3 jobs from failed queue", "Requeued 3 of 3 jobs"]
    assert waiting_ids(redis_client) == {*ids}
    assert redis_client.zrange("rq:failed:other", 0, -1) == [other.encode()]


def test_requeueing_all_gets_past_hundreds_of_entries_without_a_job(rq: Rq, redis_client: redis.Redis):
    ids = fail_jobs(rq, 2)
    redis_client.zadd("rq:failed:default", {f"ghost-{number}": 5_000_000_000 + number for number in range(-300, 300)})
    redis_client.zadd("rq:failed:default", {ids[0]: 5_000_000_000, ids[1]: 6_000_000_000})
    output = rq.run("requeue", "--queue", "default", "-a")
    assert waiting_ids(redis_client) == {*ids}
    assert "Requeued 2 of 602 jobs" in output
    assert "600 of 602 jobs could not be requeued" in output
    assert "ghost--300 does not exist any more" in output


def test_a_program_learns_what_was_requeued(rq: Rq):
    again, other = fail_jobs(rq, 2)
    process = rq.start("requeue", "--json", "--queue", "default", again, "nope")
    assert process.wait() == 1
    assert json.loads(process.stdout) == {"queue": "default", "requeued": 1, "refused": [{"id": "nope", "reason": "does not exist any more"}]}
    assert json.loads(rq.run("requeue", "--json", "--queue", "default", "--all")) == {"queue": "default", "requeued": 1, "refused": []}
    assert rq.refuse("requeue", "--json", "--queue", "default", status=2) == "Name jobs, or use --all"
    assert other


def test_requeueing_nothing_says_so(rq: Rq):
    assert rq.run("requeue", "--queue", "default").startswith("Nothing to do")
    assert rq.run("requeue", "--queue", "default", "--all").startswith("Nothing to do")


def test_a_job_that_does_not_exist_cannot_be_requeued(rq: Rq):
    assert rq.refuse("requeue", "--queue", "default", "nope", status=1) == "Job nope does not exist any more"


def test_a_job_that_did_not_fail_cannot_be_requeued(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet")
    assert rq.refuse("requeue", "--queue", "default", job_id, status=1) == f"Job {job_id} is not in the failed registry of that queue"
    assert redis_client.llen("rq:queue:default") == 1


def test_the_jobs_that_can_be_requeued_are_even_if_others_cannot(rq: Rq, redis_client: redis.Redis):
    [job_id] = fail_jobs(rq, 1)
    assert "1 of 2 jobs could not be requeued: nope" in rq.refuse("requeue", "--queue", "default", "nope", job_id, status=1)
    assert redis_client.lrange("rq:queue:default", 0, -1) == [job_id.encode()]


def test_requeue_must_be_told_the_queue(rq: Rq):
    assert "--queue" in rq.refuse("requeue", "some-id", status=2)
    assert "not both" in rq.refuse("requeue", "--queue", "default", "some-id", "--all", status=2)


# --- suspend, resume ----------------------------------------------------------------------------------------------------------


def test_a_suspended_worker_takes_no_job_until_it_is_resumed(rq: Rq, redis_client: redis.Redis):
    worker = rq.start("worker", "--max-jobs", "1")
    worker.wait_for_output("Listening on")
    assert "rq resume" in rq.run("suspend")
    worker.wait_for_output("suspended, as all workers are; `rq resume` lets them go on")
    rq.enqueue("tasks.greet")
    assert redis_client.llen("rq:queue:default") == 1
    assert "suspended: no worker begins another job" in rq.run("info")
    assert rq.run("resume") == "Resuming workers.\n"
    worker.wait_for_output("Job OK")
    worker.succeed()


def test_queues_can_be_paused_alone(rq: Rq, redis_client: redis.Redis):
    low, high = rq.enqueue("tasks.greet", queue="low"), rq.enqueue("tasks.greet", queue="high")
    assert rq.run("suspend", "low").startswith("Pausing queue low until `rq resume low`.")
    assert "takes no jobs of the paused queues low; `rq resume low` lets them go on" in rq.start("worker", "low", "high", "--burst").succeed()
    assert [Job.fetch(job_id, connection=redis_client).get_status() for job_id in (low, high)] == ["queued", "finished"]
    assert "stopped (all its queues are paused)" in rq.start("worker", "low", "--burst").succeed()
    assert rq.run("resume", "low", "high") == "Resuming queue low, queue high. 1 of 2 was paused\n"
    assert "Job OK" in rq.start("worker", "low", "--burst").succeed()


def test_workers_can_be_paused_alone(rq: Rq):
    assert rq.start("suspend", "--worker", "one", "--worker", "two").succeed().startswith("Pausing worker one, worker two until")
    rq.enqueue("tasks.greet")
    output = rq.start("worker", "--name", "one", "--burst").succeed()
    assert "suspended, this worker alone; `rq resume --worker one` lets it go on" in output
    assert "stopped (suspended) after 0 jobs" in output
    assert rq.run("resume", "--worker", "one").startswith("Resuming worker one. 1 of 1 was paused\n")
    assert "Job OK" in rq.start("worker", "--name", "one", "--burst").succeed()


def test_a_resume_says_what_stays_paused_and_how_to_end_that(rq: Rq):
    rq.start("suspend", "low", "the rest", "--worker", "wolf").succeed()
    rq.run("suspend")
    assert rq.run("resume", "low").splitlines() == [
        "Resuming queue low. 1 of 1 was paused",
        "All workers are still suspended; `rq resume` lets them go on",
        "Still paused: queue the rest, worker wolf; `rq resume 'the rest' --worker wolf` ends that",
    ]
    assert rq.run("resume").splitlines() == [
        "Resuming workers.",
        "Still paused: queue the rest, worker wolf; `rq resume 'the rest' --worker wolf` ends that",
    ]
    assert rq.run("resume", "the rest", "--worker", "wolf") == "Resuming queue the rest, worker wolf. 2 of 2 were paused\n"


def test_a_pause_of_what_nobody_knows_is_doubted_but_holds(rq: Rq, redis_client: redis.Redis):
    rq.enqueue("tasks.greet", queue="known")
    process = rq.start("suspend", "known", "nosuch", "--worker", "nobody")
    process.succeed()
    assert process.stderr.splitlines() == [
        "Warning: no job was ever put into nosuch, and no worker listens there; the pause holds all the same",
        "Warning: no worker named nobody is there; the pause holds all the same, for one that comes",
    ]
    assert {*redis_client.zrange("rq:x:paused", 0, -1)} == {b"queue:known", b"queue:nosuch", b"worker:nobody"}


def test_a_duration_is_written_with_a_unit_as_well(rq: Rq, redis_client: redis.Redis):
    assert "for 7200 seconds" in rq.run("suspend", "--duration", "2h")
    assert 7100 < redis_client.ttl("rq:suspended") <= 7200


def test_a_pause_of_a_queue_can_end_by_itself(rq: Rq):
    rq.enqueue("tasks.greet")
    assert "Pausing queue default for 1 second." in rq.run("suspend", "default", "--duration", "1")
    worker = rq.start("worker", "--max-jobs", "1")
    assert "Job OK" in worker.succeed()


def test_a_program_learns_what_is_suspended(rq: Rq):
    assert json.loads(rq.run("suspend", "--json", "--duration", "100")) == {"everything": True, "queues": [], "workers": [], "seconds": 100}
    assert json.loads(rq.start("suspend", "--json", "high", "--worker", "wolf").succeed()) == {
        "everything": False,
        "queues": ["high"],
        "workers": ["wolf"],
        "seconds": None,
    }
    high, wolf = {"kind": "queue", "name": "high"}, {"kind": "worker", "name": "wolf"}
    assert json.loads(rq.run("resume", "--json")) == {
        "everything": True,
        "queues": [],
        "workers": [],
        "were_suspended": 1,
        "suspended": False,
        "still_paused": [high, wolf],
    }
    assert json.loads(rq.run("resume", "--json", "high", "low")) == {
        "everything": False,
        "queues": ["high", "low"],
        "workers": [],
        "were_suspended": 1,
        "suspended": False,
        "still_paused": [wolf],
    }


def test_a_suspension_can_end_by_itself(rq: Rq, redis_client: redis.Redis):
    assert "for 100 seconds" in rq.run("suspend", "--duration", "100")
    assert 90 < redis_client.ttl("rq:suspended") <= 100


def test_a_new_suspension_replaces_the_end_of_an_old_one(rq: Rq, redis_client: redis.Redis):
    rq.run("suspend", "--duration", "100")
    rq.run("suspend")
    assert redis_client.ttl("rq:suspended") == -1


@pytest.mark.parametrize("duration", ["0", "-1", "soon"])
def test_a_suspension_lasts_at_least_a_second(rq: Rq, redis_client: redis.Redis, duration: str):
    assert "--duration" in rq.refuse("suspend", "--duration", duration, status=2)
    assert redis_client.keys() == []


def test_resuming_what_is_not_suspended_is_no_error(rq: Rq):
    assert "not suspended" in rq.run("resume")


def test_waiting_for_the_end_of_a_suspension_needs_no_resume(rq: Rq):
    worker = rq.start("worker", "--max-jobs", "1")
    worker.wait_for_output("Listening on")
    rq.run("suspend", "--duration", "1")
    rq.enqueue("tasks.touch", str(rq.folder / "ran"))
    wait_until((rq.folder / "ran").exists)
    worker.succeed()


def test_names_of_queues_that_are_no_text_hide_nothing_of_the_others(rq: Rq, redis_client: redis.Redis):
    job_id = rq.enqueue("tasks.greet", "bob")
    redis_client.sadd("rq:queues", b"rq:queue:\xff\xfe")
    redis_client.hset("rq:job:odd", mapping={"data": "x", "status": "queued", "origin": b"\xff\xfe"})
    assert "default" in rq.run("info")
    assert "Traceback" not in rq.run("explain", "odd")
    rq.start("doctor").wait()
    assert rq.run("empty", "--all").count(" removed from") == 2
    assert not redis_client.exists(f"rq:job:{job_id}")


def test_a_queue_has_a_name(rq: Rq):
    assert "name of the queue is empty" in rq.refuse("enqueue", "-q", "", "tasks.greet", "bob", status=2)
