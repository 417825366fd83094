"""Runs the same calls on an asyncio client. See `store.connection`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import NoScriptError, ResponseError

from rq.store.calls import Call
from rq.store.connection import RAW, check_for_scripts

if TYPE_CHECKING:
    import redis.asyncio

T = TypeVar("T")


class AsyncCaller:
    """Runs calls on an asyncio client, each once.

    Args:
        client: any `redis.asyncio` client.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client
        self._execute: Callable[..., Awaitable[Any]] = client.execute_command

    async def run(self, call: Call[T]) -> T:
        """Return the answer to one call: one round trip, two if the server does not know the script yet."""
        try:
            reply = await self._execute(*call.command(), **RAW)
        except NoScriptError:
            await self.load(call)
            reply = await self._execute(*call.command(), **RAW)
        except ResponseError as error:
            check_for_scripts(error)
            raise
        return call.read(reply)

    async def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to several independent calls, in order: one round trip."""
        pipeline: Any = self.client.pipeline(transaction=False)
        for call in calls:
            pipeline.execute_command(*call.command(), **RAW)
        answers = []
        for call, reply in zip(calls, await pipeline.execute(raise_on_error=False), strict=True):
            if isinstance(reply, NoScriptError):
                answers.append(await self.run(call))
            elif isinstance(reply, Exception):
                check_for_scripts(reply)
                raise reply
            else:
                answers.append(call.read(reply))
        return answers

    async def load(self, call: Call[Any]) -> None:
        """Make the call's script known to the server."""
        if call.script is not None:
            await self._execute("SCRIPT", "LOAD", call.script.text)
