"""The helpers of `rq.utils` that know queues, workers and servers."""

from __future__ import annotations

import pytest
import redis

from rq.job import Job
from rq.queue import Queue
from rq.utils import (
    get_connection_from_queues,
    get_version,
    import_job_class,
    import_queue_class,
    import_worker_class,
    parse_names,
    validate_absolute_path,
)
from rq.worker import BaseWorker, Worker


class OwnJob(Job):
    """A subclass."""


class SilentServer(redis.Redis):
    """A client of a server that knows no INFO."""

    def info(self, *args, **kwargs):
        raise redis.ResponseError("unknown command `INFO`")


class Candidate(redis.Redis):
    """A client of a server before its release."""

    def info(self, *args, **kwargs):
        return {"redis_version": "8.0-rc1"}


def test_the_version_of_a_server_is_asked_once_per_client(redis_client, watched):
    with watched() as watch:
        assert get_version(redis_client) == get_version(redis_client)
    assert [command.split()[0] for command in watch.commands] == ["INFO"]
    assert ".".join(map(str, get_version(redis_client))) == redis_client.info("server")["redis_version"]


def test_a_server_that_does_not_say_its_version_has_the_one_of_stand_ins():
    assert get_version(SilentServer(port=1)) == (5, 0, 9)


def test_a_version_without_three_numbers_is_filled_up():
    assert get_version(Candidate(port=1)) == (8, 0, 1)


def test_names_and_the_connection_are_found_among_queues_and_names(queue, redis_client):
    assert parse_names(["high", queue]) == ["high", "default"]
    assert parse_names(queue) == ["default"]
    assert get_connection_from_queues(["high", queue]) is redis_client
    assert get_connection_from_queues(["high"]) is None


def test_a_class_is_imported_by_its_path():
    assert import_job_class(f"{__name__}.OwnJob") is OwnJob
    assert import_queue_class("rq.Queue") is Queue
    assert import_worker_class("rq.Worker") is Worker
    assert import_worker_class("rq.worker.BaseWorker") is BaseWorker


@pytest.mark.parametrize("import_class", [import_job_class, import_queue_class, import_worker_class])
def test_a_class_of_another_kind_and_one_that_is_not_there_are_refused(import_class):
    with pytest.raises(ValueError, match="not a subclass"):
        import_class("rq.serializers.JSONSerializer")
    with pytest.raises(ValueError, match="Cannot find"):
        import_class("nowhere.at.All")


def test_a_path_is_that_of_a_file(tmp_path):
    file = tmp_path / "cron.py"
    file.touch()
    assert validate_absolute_path(str(file)) == str(file)
    with pytest.raises(FileNotFoundError, match="no configuration file"):
        validate_absolute_path("")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        validate_absolute_path(str(tmp_path))
