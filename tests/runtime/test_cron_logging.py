"""How cron schedulers log, in programs that have set up logging and in those that have not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from rq.cron import CronScheduler

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The logger above that of cron schedulers, as a program finds it that has not set up anything."""
    found, above = logging.getLogger("rq.cron"), logging.RootLogger(logging.WARNING)
    for name, value in {"parent": above, "propagate": True, "handlers": []}.items():
        monkeypatch.setattr(found, name, value)
    before = found.level
    found.setLevel(logging.NOTSET)
    yield above
    found.setLevel(before)


def test_a_scheduler_logs_by_handlers_of_its_own_where_there_are_none(redis_client: redis.Redis, root: logging.Logger):
    found = logging.getLogger("rq.cron")
    CronScheduler(redis_client, logging_level="warning")
    assert (found.level, len(found.handlers)) == (logging.WARNING, 2)
    assert not found.propagate  # so that a handler of the root that comes later does not write each line again
    CronScheduler(redis_client).register_birth()
    CronScheduler.all(redis_client)
    assert (found.level, len(found.handlers)) == (logging.WARNING, 2)
    assert root.handlers == []


def test_a_scheduler_leaves_the_logging_of_its_program_alone(redis_client: redis.Redis, root: logging.Logger):
    found = logging.getLogger("rq.cron")
    root.addHandler(logging.NullHandler())
    found.setLevel(logging.ERROR)
    CronScheduler(redis_client, logging_level="debug")
    assert (found.level, found.handlers, found.propagate) == (logging.ERROR, [], True)
