"""Calls that may be lost: what they write is for whoever looks, and nobody shall fail or wait because the server is away."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from rq.store.connection import Caller, Meaning, meaning_of
from rq.store.pool_settings import connection_settings

if TYPE_CHECKING:
    from rq.store.aio import AsyncCaller
    from rq.store.calls import Call

T = TypeVar("T")

logger = logging.getLogger("rq.job")

# A server that does not answer within this time ...
PATIENCE_SECONDS = 1.0
# ... is not asked again for so long.
QUIET_SECONDS = 10.0


class Quiet:
    """The time after a call that was not answered, in which none is sent."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether calls may be sent."""
        return time.monotonic() >= self._until

    def begin(self, error: Exception) -> None:
        """Begin, and say so, unless the error is one of the call.

        Raises:
            Exception: `error`, if the server is there and refuses the data, or this user.
        """
        if isinstance(error, RedisError) and meaning_of(error) in {Meaning.BAD_DATA, Meaning.NO_PERMISSION}:
            raise error
        self._until = time.monotonic() + QUIET_SECONDS
        logger.warning("The server did not answer (%s: %s); the progress of jobs is not written for %s seconds", type(error).__name__, error, QUIET_SECONDS)


class AdvisoryCaller:
    """Sends calls whose loss harms nobody, over a connection of its own that waits no longer than a second or two.

    Args:
        client: whose settings the connection has. Where they do not say how to connect (Sentinel's, a cluster's), the client itself is used, and waits as ever.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._caller = Caller(_impatient(client))
        self._quiet = Quiet()

    def run(self, call: Call[T]) -> T | None:
        """Return the answer to a call; None if there is none in time.

        Raises:
            redis.exceptions.ResponseError: the server is there, and refuses the call.
        """
        if not self._quiet.is_over:
            return None
        try:
            return self._caller.run(call)
        except (RedisError, OSError) as error:
            self._quiet.begin(error)
            return None


class AsyncAdvisoryCaller:
    """The same for asyncio, over the connection that is there.

    Args:
        caller: sends the calls.
    """

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self._quiet = Quiet()

    async def run(self, call: Call[T]) -> T | None:
        """Return the answer to a call; None if there is none in time. Errors are those of `AdvisoryCaller.run`."""
        if not self._quiet.is_over:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._caller.run(call)
        except (RedisError, OSError) as error:  # a TimeoutError is an OSError
            self._quiet.begin(error)
            return None


def _impatient(client: redis.Redis) -> redis.Redis:
    pool: Any = getattr(client, "connection_pool", None)
    if type(pool) not in {redis.ConnectionPool, redis.BlockingConnectionPool}:
        return client
    settings = connection_settings(client)
    settings |= {"socket_timeout": PATIENCE_SECONDS, "retry": Retry(NoBackoff(), 1)}  # once: the connection may have been cut while nobody used it
    if not issubclass(pool.connection_class, redis.UnixDomainSocketConnection):
        settings["socket_connect_timeout"] = PATIENCE_SECONDS
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **settings))
