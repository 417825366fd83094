"""Decorated functions. As in a user's module, there is no connection when it is imported: each test lends its client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq import Queue
from rq.decorators import job

if TYPE_CHECKING:
    import redis

LENT: list[redis.Redis] = []


def lent() -> redis.Redis:
    return LENT[-1]


class NotingQueue(Queue):
    """Notes the options of its jobs, those too that need more than a queue to be carried out."""

    noted: dict[str, Any] = {}  # noqa: RUF012 - shared on purpose: a decorator makes a new queue for every job

    def enqueue_call(self, func: Any, *rest: Any, **options: Any) -> Any:
        self.noted.clear()
        self.noted.update(options)
        return super().enqueue_call(func, options["args"], options["kwargs"])


@job("numbers", lent)
def add(a: int, b: int = 0) -> int:
    """Add."""
    return a + b


@job("numbers", lent, timeout="1h", ttl=60, failure_ttl=-1, meta={"team": "blue"}, description="words", at_front=True)
def anything(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    return args, kwargs


@job("numbers", lent)
async def add_later(a: int, b: int) -> int:
    return a + b


@job("numbers", lent, queue_class="tests.client.decorated.NotingQueue", at_front=True, retry="thrice")
def noted(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    return args, kwargs


@job("numbers")
def without_connection() -> None:
    pass


def plain(number: int) -> int:
    """Be decorated by tests."""
    return number


class Greeter:
    greeting = "hello"

    @job("numbers", lent)
    def greet(self, name: str) -> str:
        return f"{self.greeting} {name}"

    @staticmethod
    @job("numbers", lent)
    def inner_static(name: str) -> str:
        return name.upper()

    @job("numbers", lent)
    @staticmethod
    def outer_static(name: str) -> str:
        return name.upper()

    @classmethod
    @job("numbers", lent)
    def inner_class(cls, name: str) -> str:
        return f"{cls.greeting} {name}"

    @job("numbers", lent)
    @classmethod
    def outer_class(cls, name: str) -> str:
        return f"{cls.greeting} {name}"
