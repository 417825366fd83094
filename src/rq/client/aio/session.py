"""What an asyncio handle talks through. See `rq.client.session`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from rq.client.session import BaseSession, is_asyncio_client
from rq.core.errors import NoRedisConnectionException, OptionTypeError
from rq.core.keys import current_keyspace
from rq.core.references import dotted_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis.asyncio
    from redis.asyncio.client import Pipeline

    from rq.core.keys import Keyspace
    from rq.store.advisory import AsyncAdvisoryCaller
    from rq.store.calls import Call, Steps

T = TypeVar("T")


class AsyncSession(BaseSession):
    """A session over an asyncio client."""

    __slots__ = ("_advisory_caller", "_caller")

    connection: redis.asyncio.Redis

    def __init__(self, connection: redis.asyncio.Redis, keyspace: Keyspace) -> None:
        from rq.store.aio import AsyncCaller  # noqa: PLC0415 - loads the client library; see `Session`

        super().__init__(connection, keyspace)
        self._caller = AsyncCaller(connection)
        self._advisory_caller: AsyncAdvisoryCaller | None = None

    async def run(self, call: Call[T]) -> T:
        """Return the answer to a call."""
        return await self._caller.run(call)

    async def run_if_possible(self, call: Call[T]) -> T | None:
        """Return the answer to a call that may be lost; None if there is none within a second."""
        if self._advisory_caller is None:
            from rq.store.advisory import AsyncAdvisoryCaller  # noqa: PLC0415 - as above, and few ever need it

            self._advisory_caller = AsyncAdvisoryCaller(self._caller)
        return await self._advisory_caller.run(call)

    async def run_or_collect(self, call: Call[T], pipeline: Pipeline | None) -> T | None:
        """Return the answer to a call; or let the caller's own pipeline collect it, and return None."""
        if pipeline is None:
            return await self.run(call)
        self.collect(pipeline, call)
        return None

    async def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to independent calls, in order: one round trip."""
        return await self._caller.run_many(calls) if calls else []

    async def follow(self, steps: Steps[T]) -> T:
        """Return what comes of several steps: a round trip for each."""
        return await self._caller.follow(steps)


# As in `rq.client.session`. All handles of a connection share its session, and so the round trips of their calls.
_sessions: WeakValueDictionary[tuple[int, str], AsyncSession] = WeakValueDictionary()


def session_of(connection: redis.asyncio.Redis | None) -> AsyncSession:
    """Return the session of a connection, with the keyspace of this moment's environment.

    Raises:
        NoRedisConnectionException: if there is no connection (a TypeError). OptionTypeError: for a URL or a synchronous client (a TypeError).
    """
    if connection is None:
        message = 'A connection is needed: pass connection=rq.aio.connect("redis://..."), or any redis.asyncio.Redis(...)'
        raise NoRedisConnectionException(message)
    keyspace = current_keyspace()
    key = (id(connection), keyspace.prefix)
    session = _sessions.get(key)
    if session is None:
        _check_client(connection)
        session = _sessions[key] = AsyncSession(connection, keyspace)
    return session


def _check_client(connection: object) -> None:
    """Refuse what people give in the place of an asyncio client. What a URL holds is not repeated: it may be a password."""
    if isinstance(connection, str):
        message = 'A connection is a client, neither a name nor a URL: pass connection=rq.aio.connect("redis://...")'
        raise OptionTypeError(message)
    if not is_asyncio_client(connection):
        kind = dotted_name(type(connection))
        message = f"{kind} is no asyncio client: pass one, such as redis.asyncio.Redis(...), or use rq.Queue and rq.job.Job without await"
        raise OptionTypeError(message)
