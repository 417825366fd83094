"""Tests that are coroutines, each run in an event loop of its own; and scenarios that are run over either client.

`side` is a client with its classes. Over the synchronous one the handles are wrapped, so that what is awaited with the asyncio client is awaited with it, too.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest
import redis
import redis.asyncio

from rq import aio, group, job, queue, registry, results
from rq.client.aio.job import StatusCheck
from tests.client.conftest import HandWorker, watched  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Class of the synchronous client -> its counterpart.
COUNTERPARTS: dict[type[Any], type[Any]] = {
    queue.Queue: aio.Queue,
    job.Job: aio.Job,
    results.Result: aio.Result,
    group.Group: aio.Group,
    registry.StartedJobRegistry: aio.StartedJobRegistry,
    registry.FinishedJobRegistry: aio.FinishedJobRegistry,
    registry.FailedJobRegistry: aio.FailedJobRegistry,
    registry.DeferredJobRegistry: aio.DeferredJobRegistry,
    registry.ScheduledJobRegistry: aio.ScheduledJobRegistry,
    registry.CanceledJobRegistry: aio.CanceledJobRegistry,
}
_OTHER_NAMES = {"contains": "__contains__"}


def is_awaited(attribute: object) -> bool:
    """Say whether an attribute of an asyncio handle's class is a question to the server."""
    return isinstance(attribute, StatusCheck) or inspect.iscoroutinefunction(getattr(attribute, "__func__", attribute))


class Awaited:
    """A synchronous handle, or its class, whose questions to the server are awaited."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.of_class = handle if isinstance(handle, type) else type(handle)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return wrapped(self.handle(*unwrapped(args), **unwrapped(kwargs)))

    def __getattr__(self, name: str) -> Any:
        if not is_awaited(inspect.getattr_static(COUNTERPARTS[self.of_class], name, None)):
            value = getattr(self.handle, name)
            return Awaited(value) if inspect.ismethod(value) or type(value) in COUNTERPARTS else value

        async def ask(*args: Any, **kwargs: Any) -> Any:
            answer = getattr(self.handle, _OTHER_NAMES.get(name, name))
            return wrapped(answer(*unwrapped(args), **unwrapped(kwargs)) if callable(answer) else answer)

        return ask

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"handle", "of_class"}:
            super().__setattr__(name, value)
        else:
            setattr(self.handle, name, value)

    def __eq__(self, other: object) -> bool:
        return bool(self.handle == unwrapped(other))

    def __hash__(self) -> int:
        return hash(self.handle)


def wrapped(value: Any) -> Any:
    """Return a value with the handles in it wrapped."""
    if isinstance(value, list):
        return [wrapped(item) for item in value]
    return Awaited(value) if type(value) in COUNTERPARTS else value


def unwrapped(value: Any) -> Any:
    """Return a value with the handles in it as they are."""
    if type(value) in {list, tuple}:
        return type(value)(unwrapped(item) for item in value)
    if isinstance(value, dict):
        return {name: unwrapped(item) for name, item in value.items()}
    return value.handle if isinstance(value, Awaited) else value


class Side:
    """One of the two clients: its connection and its classes."""

    def __init__(self, connection: Any, classes: dict[str, Any], close: Callable[[], Awaitable[None]]) -> None:
        self.connection = connection
        self.close = close
        self._classes = classes

    def queue(self, name: str = "default", **options: Any) -> Any:
        return self._classes["Queue"](name, connection=self.connection, **options)

    async def fetch(self, job_id: str) -> Any:
        return await self._classes["Job"].fetch(job_id, self.connection)

    async def execute(self, pipeline: Any) -> None:
        """Send what a pipeline of this side has collected."""
        sent = pipeline.execute()
        if inspect.isawaitable(sent):
            await sent

    def __getattr__(self, name: str) -> Any:
        return self._classes[name]


def synchronous_side(client: redis.Redis) -> Side:
    async def close() -> None:
        client.close()

    return Side(client, {own.__name__: Awaited(own) for own in COUNTERPARTS}, close)


def asyncio_side(url: str) -> Side:
    client = aio.connect(url)
    return Side(client, {other.__name__: other for other in COUNTERPARTS.values()}, client.aclose)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine, and close the clients that it was given, in the same loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}

    async def run() -> None:
        try:
            await pyfuncitem.obj(**arguments)
        finally:
            for value in pyfuncitem.funcargs.values():
                if isinstance(value, (Side, redis.asyncio.Redis)):
                    await (value.close() if isinstance(value, Side) else value.aclose())

    asyncio.run(run())
    return True


@pytest.fixture(params=["synchronous", "asyncio"])
def side(request: pytest.FixtureRequest, redis_url: str, redis_client: redis.Redis) -> Side:
    """Either client."""
    return asyncio_side(redis_url) if request.param == "asyncio" else synchronous_side(redis_client)


@pytest.fixture
def connection(redis_url: str) -> redis.asyncio.Redis:
    """An asyncio client of an empty database."""
    return aio.connect(redis_url)


@pytest.fixture
def worker(redis_client: redis.Redis) -> HandWorker:
    return HandWorker(redis_client)


@pytest.fixture
def connections_of(redis_client: redis.Redis) -> Callable[[str], int]:
    """A function that counts the connections of a name."""
    return lambda name: sum(client["name"] == name for client in redis_client.client_list())
