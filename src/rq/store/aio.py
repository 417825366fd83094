"""Runs the same calls on an asyncio client. See `store.connection`.

Calls that are made in one turn of the event loop go to the server together, in one round trip: a client of redis-py spends several times as long on a command
as on one more command of a pipeline. So the more tasks there are, the less each call costs, and a hundred of them need one connection.

A call is carried out by a task of its own, not by the one that waits for it. If that one is canceled, the answer is still read, and dropped: the connection
stays in order, and the call was carried out or not, never half. A call that was not sent yet is not sent then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import NoScriptError, ResponseError

from rq.store.calls import Argument, Call
from rq.store.connection import RAW, check_refusal
from rq.store.scripts import Script

if TYPE_CHECKING:
    import redis.asyncio

    Command = tuple[Argument, ...]
    Waiting = list[tuple[Call[Any], asyncio.Future[Any]]]

T = TypeVar("T")

# So many calls go together: some hundred kilobytes, which the server reads at once.
MOST_TOGETHER = 500


class AsyncCaller:
    """Runs calls on an asyncio client, each once.

    Args:
        client: any `redis.asyncio` client.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client
        self._execute: Callable[..., Awaitable[Any]] = client.execute_command
        self._turns: dict[asyncio.AbstractEventLoop, Waiting] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, call: Call[T]) -> T:
        """Return the answer to one call: one round trip, shared with the calls that other tasks make now; two if the server does not know the script yet.

        Raises:
            ScriptsRefused: if the call is a script and the server runs none. redis.exceptions.RedisError: whatever the client raises.
        """
        try:
            reply = await (self._execute(*call.command(), **RAW) if call.blocks else self._put(call))
        except ResponseError as error:
            check_refusal(error)
            raise
        return call.read(reply)

    async def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to several independent calls, in order: one round trip for each `MOST_TOGETHER`.

        Raises:
            redis.exceptions.RedisError: the first error of any of them; the others were carried out.
        """
        answers = []
        for call, reply in zip(calls, await asyncio.gather(*map(self._put, calls), return_exceptions=True), strict=True):
            if isinstance(reply, ResponseError):
                check_refusal(reply)
            if isinstance(reply, BaseException):
                raise reply
            answers.append(call.read(reply))
        return answers

    def _put(self, call: Call[Any]) -> asyncio.Future[Any]:
        """Add a call to those of this turn of the loop, and return its reply to come."""
        loop = asyncio.get_running_loop()
        if loop not in self._turns:
            self._turns[loop] = []
            loop.call_soon(self._end_turn, loop)
        answer: asyncio.Future[Any] = loop.create_future()
        self._turns[loop].append((call, answer))
        return answer

    def _end_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send the calls of this turn of the loop."""
        waiting = self._turns.pop(loop)
        for at in range(0, len(waiting), MOST_TOGETHER):
            sending = loop.create_task(self._answer(waiting[at : at + MOST_TOGETHER]))
            self._sending.add(sending)  # the loop itself holds tasks but weakly
            sending.add_done_callback(self._sending.discard)

    async def _answer(self, waiting: Waiting) -> None:
        """Send calls, and hand each reply, or error, to whoever waits for it."""
        waiting = [(call, answer) for call, answer in waiting if not answer.done()]
        try:
            replies = await self._replies([call for call, _ in waiting])
        except Exception as error:  # noqa: BLE001 - whatever the client raises, those who called get it
            replies = [error] * len(waiting)
        except asyncio.CancelledError:
            for _, answer in waiting:
                answer.cancel()
            raise
        for (_, answer), reply in zip(waiting, replies, strict=True):
            if answer.done():
                continue
            if isinstance(reply, Exception):
                answer.set_exception(reply)
            else:
                answer.set_result(reply)

    async def _replies(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return what the server replies to each call, or the error of it. Scripts that it does not know are sent to it, with a second round trip."""
        replies = await self._send([call.command() for call in calls])
        unknown = [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        for at, reply in zip(unknown, await self._send(_with_texts([calls[at] for at in unknown])), strict=True):
            replies[at] = reply
        return replies

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        if len(commands) > 1:
            pipeline: Any = self.client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command, **RAW)
            replies: list[Any] = await pipeline.execute(raise_on_error=False)
            return replies
        try:
            return [await self._execute(*command, **RAW) for command in commands]
        except NoScriptError as error:
            return [error]


def _with_texts(calls: Sequence[Call[Any]]) -> list[Command]:
    """Return the commands of calls, the first of each script with its text: that makes it known for those behind."""
    known: set[Script | None] = set()
    commands = []
    for call in calls:
        commands.append(call.command() if call.script in known else call.command_with_text())
        known.add(call.script)
    return commands
