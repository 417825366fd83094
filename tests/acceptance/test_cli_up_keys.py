"""What a pool says of its workers is what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.job import Job
from tests.acceptance.test_cli_up import WAIT_SECONDS, result_of, start_up, status_of, stop, workers_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import redis

    from tests.acceptance.conftest import Rq

MODULE = """
import resource
from pathlib import Path

def limit():
    return resource.getrlimit(resource.RLIMIT_DATA)[0]

def talk():
    print("a" * 3000)

def fail():
    raise RuntimeError("it fails")

def tell(job, *failure):
    Path("told").write_text(job.id)
    return True

def note(queue):
    with Path("noted").open("a") as file:
        file.write(queue + " ")
"""

CLIENTS = """
import os, redis
from pathlib import Path

class Client(redis.Redis):
    def __init__(self, *args, **kwargs):
        Path(f"{type(self).__name__}-{os.getpid()}").touch()
        super().__init__(*args, **kwargs)

class Own(Client):
    pass
"""


def test_a_job_has_the_memory_the_handlers_and_the_output_that_its_pool_says(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "mine.py").write_text(MODULE)
    pool = 'job_memory = "512M"\noutput_size = "1K"\nexception_handler = "mine.tell"\nresults_ttl = "1h"\n'
    (rq.folder / "rq.toml").write_text(f'[pools.web]\n{pool}log_format = "%(levelname)s: %(message)s"\n[pools.mute]\nqueues = "mute"\nkeep_output = false\n')
    limited, talking, failing = (rq.enqueue(f"mine.{name}") for name in ("limit", "talk", "fail"))
    silent = rq.enqueue("mine.talk", queue="mute")
    up = start_up(rq, redis_client, "mute.1", "web.1")
    assert result_of(redis_client, limited) == 512 * 1024**2
    assert result_of(redis_client, talking) is None
    assert 1000 < redis_client.ttl(f"rq:job:{talking}") <= 3600
    assert Job.fetch(talking, connection=redis_client).output().startswith("... 1977 bytes left out ...")
    assert result_of(redis_client, silent) is None
    assert not Job.fetch(silent, connection=redis_client).output()
    wait_until(lambda: status_of(redis_client, failing) == "failed", WAIT_SECONDS, lambda: up.output)
    assert (rq.folder / "told").read_text() == failing
    assert "web  | INFO: " in up.stdout
    stop(up)


def test_a_pool_takes_its_queues_in_the_order_that_it_says(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "mine.py").write_text(MODULE)
    (rq.folder / "rq.toml").write_text('[pools.web]\nqueues = ["one", "two"]\ndequeue_strategy = "round_robin"\n')
    jobs = [rq.enqueue("mine.note", queue, queue=queue) for queue in ("one", "one", "two", "two")]
    up = start_up(rq, redis_client, "web.1")
    for job_id in jobs:
        result_of(redis_client, job_id)
    assert (rq.folder / "noted").read_text().split() == ["one", "two", "one", "two"]
    stop(up)


def test_the_class_of_clients_that_the_command_or_the_pool_names_is_that_of_the_workers(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "clients.py").write_text(CLIENTS)
    (rq.folder / "rq.toml").write_text('[pools.web]\n[pools.own]\nconnection_class = "clients.Own"\n')
    up = start_up(rq, redis_client, "own.1", "web.1", arguments=("--connection-class", "clients.Client"))
    for name, pid in workers_of(redis_client).items():
        assert (rq.folder / f"{'Own' if name.startswith('own') else 'Client'}-{pid}").exists()
    stop(up)


def test_a_class_may_be_in_a_directory_with_any_name(rq: Rq, redis_client: redis.Redis):
    (rq.folder / "lib: ours").mkdir()
    (rq.folder / "lib: ours" / "ours.py").write_text("import rq\nclass Queue(rq.Queue): pass\n")
    (rq.folder / "rq.toml").write_text('[pools.web]\npath = "lib: ours"\nqueue_class = "ours.Queue"\n')
    up = start_up(rq, redis_client, "web.1")
    stop(up)
