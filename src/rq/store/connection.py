"""Runs calls on a synchronous client, and says what an error of the server means.

One policy for every error (see `Meaning`): not executed: wait and send again; unknown: send again, because every call is idempotent; bad data: set that id
aside; no permission: stop with a clear message. `Caller` runs a call once and is what producers use. `PersistentCaller` is what workers use: it comes back
with an answer however long the server is away, unless it is told to give up.
"""

from __future__ import annotations

import itertools
import pickle
import random
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.client import NEVER_DECODE
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from rq.core.errors import ScriptsRefused, StorePermissionError, TooLargeError
from rq.store.calls import Call, Steps, text
from rq.store.full import check_for_room
from rq.store.pool_settings import connection_settings
from rq.store.short_way import ShortWay, pack, take_connection

T = TypeVar("T")

# Replies must stay bytes even if the user's client decodes them: payloads are no text.
RAW: dict[str, Any] = {NEVER_DECODE: True}

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0

# No server that we know refuses less than this in one piece. What is larger, and breaks the connection so many times in a row to a server that answers
# others right afterwards, would do so for ever.
_LARGE_BYTES = 1024 * 1024
_MOST_BREAKS = 3


class Meaning(Enum):
    """What became of a call that raised an error."""

    NOT_EXECUTED = "not executed"
    UNKNOWN = "unknown"
    BAD_DATA = "bad data"
    NO_PERMISSION = "no permission"


_MEANING_OF_CODE: dict[str, Meaning] = {
    **dict.fromkeys(
        ("LOADING", "BUSY", "READONLY", "MASTERDOWN", "NOREPLICAS", "MISCONF", "OOM", "CLUSTERDOWN", "TRYAGAIN", "NOSCRIPT", "UNBLOCKED", "MOVED", "ASK"),
        Meaning.NOT_EXECUTED,
    ),
    # A command refused inside a script has no code of its own; Valkey says "ACL failure in script: ...".
    **dict.fromkeys(("NOPERM", "NOAUTH", "WRONGPASS", "ACL failure in script:"), Meaning.NO_PERMISSION),
    "WRONGTYPE": Meaning.BAD_DATA,
}
# What servers without scripts, and those that deny them to a user, answer.
_NO_SCRIPTS = re.compile(r"(?:unknown command,?|no permissions to run the) [`'](?:eval|evalsha|script)\b", re.IGNORECASE)
_CODE_FURTHER_ON = re.compile(rf"(?<!\S)(?:{'|'.join(_MEANING_OF_CODE)}) ")
# redis-py cuts the code off some replies and raises a class instead.
_MEANING_OF_CLASS: tuple[tuple[str, Meaning], ...] = (
    ("AuthenticationError", Meaning.NO_PERMISSION),
    ("AuthenticationWrongNumberOfArgsError", Meaning.NO_PERMISSION),
    ("NoPermissionError", Meaning.NO_PERMISSION),
    ("AuthorizationError", Meaning.NO_PERMISSION),
    ("BusyLoadingError", Meaning.NOT_EXECUTED),
    ("ReadOnlyError", Meaning.NOT_EXECUTED),
    ("OutOfMemoryError", Meaning.NOT_EXECUTED),
    ("NoScriptError", Meaning.NOT_EXECUTED),
    ("MasterDownError", Meaning.NOT_EXECUTED),
    ("ClusterDownError", Meaning.NOT_EXECUTED),
    ("TryAgainError", Meaning.NOT_EXECUTED),
    ("MaxConnectionsError", Meaning.NOT_EXECUTED),
)


def meaning_of(error: Exception) -> Meaning:
    """Return what an error of the client or the server says about the call that raised it."""
    names = {cls.__name__ for cls in type(error).__mro__}
    for name, meaning in _MEANING_OF_CLASS:
        if name in names:
            return meaning
    if isinstance(error, (RedisConnectionError, RedisTimeoutError, OSError)):
        return Meaning.UNKNOWN
    code = str(error).split(" ", 1)[0]
    known = _MEANING_OF_CODE.get(code)
    if known is not None:
        return known
    # An error inside a script is reported with the script's own prefix; the code, or what stands for it, comes later.
    further_on = _CODE_FURTHER_ON.search(str(error), 0, 200)
    return _MEANING_OF_CODE[further_on.group().rstrip()] if further_on else Meaning.BAD_DATA


def _name_key(error: ResponseError, call: Call[Any]) -> None:
    """Say in an error about the type of a value whose it is: the server does not say it."""
    if call.script is None and str(error).startswith("WRONGTYPE"):
        error.args = (f"{error}: the key is {text(call.arguments[1])}",)  # type: ignore[arg-type] # the key of a command is its first argument


class Caller:
    """Runs calls on a client, each once.

    Args:
        client: any synchronous redis-py client; one that decodes replies works too.
    """

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._short_way = ShortWay(client)

    def run(self, call: Call[T], meanwhile: Callable[[], object] | None = None) -> T:
        """Return the answer to one call: one round trip, three if the server does not know the script yet.

        Args:
            call: the call.
            meanwhile: may be called, once, while the server works at it; or not at all.

        Raises:
            ScriptsRefused: if the call is a script and the server runs none. redis.exceptions.RedisError: whatever the client raises.
        """
        try:
            try:
                reply = self._send(call, meanwhile)
            except NoScriptError:
                reply = self._teach(call)
        except ResponseError as error:
            check_refusal(error)
            _name_key(error, call)
            raise
        return call.read(reply)

    def _teach(self, call: Call[Any]) -> Any:
        """Make the call's script known to the server, and return the reply to the call."""
        self.load(call)
        try:
            return self._send(call)
        except NoScriptError:  # forgotten again, in between: with its text it cannot be
            return self._execute(*call.command_with_text(), **RAW)

    def _execute(self, *command: Any, **options: Any) -> Any:
        client: Any = self.client
        return client.execute_command(*command, **options)

    def _send(self, call: Call[Any], meanwhile: Callable[[], object] | None = None) -> Any:
        if call.script is not None and self._short_way.is_open():
            return self._short_way.execute(call.command(), meanwhile)
        return self._execute(*call.command(), **RAW)

    def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to several calls, in order: one round trip, whatever their number. The calls are independent of one another.

        Raises:
            redis.exceptions.RedisError: the first error of any of them; the others were carried out.
        """
        if len(calls) <= 1:
            return [self.run(call) for call in calls]
        pipeline: Any = self.client.pipeline(transaction=False)
        for call in calls:
            pipeline.execute_command(*call.command(), **RAW)
        replies: list[Any] = pipeline.execute(raise_on_error=False)
        answers = []
        for call, reply in zip(calls, replies, strict=True):
            if isinstance(reply, NoScriptError):
                answers.append(self.run(call))
            elif isinstance(reply, Exception):
                check_refusal(reply)
                raise reply
            else:
                answers.append(call.read(reply))
        return answers

    def follow(self, steps: Steps[T]) -> T:
        """Return what comes of several steps: a round trip for each. Errors are those of `run_many`, and whatever making sense of an answer raises."""
        answers: list[Any] | None = None
        while True:
            try:
                calls = next(steps) if answers is None else steps.send(answers)
            except StopIteration as end:
                found: T = end.value
                return found
            answers = self.run_many(calls)

    def run_stream(self, calls: Iterable[Call[T]]) -> list[T]:
        """Return the answers to several calls, in order. While the server works at one, the next ones are made and sent: as fast as the slower of both.

        The calls are independent of one another, and idempotent: after an error of the connection, or if the server forgets the script meanwhile, all that were
        made are sent again.

        Raises:
            redis.exceptions.RedisError: the first error of any of them. Whatever making a call raises; those made before it were carried out.
        """
        made: list[Call[T]] = []
        stream = _remembering(calls, made)
        answers = [self.run(call) for call in itertools.islice(stream, 1)]  # loads the script if need be
        pool: Any = getattr(self.client, "connection_pool", None)  # a cluster has one for each node
        if type(pool) is not redis.ConnectionPool:  # Sentinel's, a cluster's, a stand-in's: they know better how to connect
            return answers + self.run_many(list(stream))
        connection = take_connection(pool)
        try:
            return answers + _stream(connection, stream)
        except (RedisConnectionError, RedisTimeoutError, OSError):
            connection.disconnect()
            return self.run_many([*made, *stream])
        except NoScriptError:
            connection.disconnect()
            return [self.run(made[0]), *self.run_many([*made[1:], *stream])]  # the first teaches the server the script, so that the others keep their order
        except BaseException:
            connection.disconnect()  # answers that nobody read are on their way
            raise
        finally:
            pool.release(connection)

    def run_together(self, calls: Sequence[Call[Any]]) -> None:
        """Carry out plain commands as one transaction: one round trip. For writes: what they answer is not looked at.

        Raises:
            redis.exceptions.RedisError: the first error of any of them; if it is one of the data, the others were carried out.
        """
        pipeline: Any = self.client.pipeline(transaction=True)
        for call in calls:
            collect(pipeline, call)
        pipeline.execute()

    def load(self, call: Call[Any]) -> None:
        """Make the call's script known to the server.

        Raises:
            ScriptsRefused: if the server runs none.
        """
        if call.script is not None:
            try:
                self._execute("SCRIPT", "LOAD", call.script.text)
            except ResponseError as error:
                check_refusal(error)
                raise


def _remembering(calls: Iterable[Call[T]], made: list[Call[T]]) -> Iterator[Call[T]]:
    for call in calls:
        made.append(call)
        yield call


# So many calls may be on their way: enough that the server always has one to work at.
_MOST_ON_THEIR_WAY = 4


def _stream(connection: Any, calls: Iterator[Call[T]]) -> list[T]:
    on_their_way: deque[Call[T]] = deque()
    answers: list[T] = []
    try:
        for call in calls:
            command = call.command()
            connection.send_packed_command([pack(command)] if pack else connection.pack_command(*command), check_health=False)
            on_their_way.append(call)
            if len(on_their_way) >= _MOST_ON_THEIR_WAY:
                answers.append(_read_answer(connection, on_their_way.popleft()))
        while on_their_way:
            answers.append(_read_answer(connection, on_their_way.popleft()))
    except OutOfMemoryError as error:
        for call in on_their_way:  # the server may have taken some of them in nevertheless: whoever asks is told
            with suppress(OutOfMemoryError):
                _read_answer(connection, call)
        check_refusal(error)
    return answers


def _read_answer(connection: Any, call: Call[T]) -> T:
    return call.read(connection.read_response(disable_decoding=True))


class PersistentCaller(Caller):
    """Runs calls until they are answered.

    Args:
        client: a synchronous client of its own.
        give_up: asked before every pause; true ends the attempts with the error at hand.
        on_trouble: told about each failed attempt: the error and the seconds until the next one.
        pause: waits that many seconds, or less if there is something else to do.

    Attributes:
        backoff_factor: by how much each pause is longer than the one before.
        longest_pause_seconds: how long they get.
    """

    def __init__(
        self,
        client: redis.Redis,
        give_up: Callable[[], bool] = lambda: False,
        on_trouble: Callable[[Exception, float], None] = lambda _error, _seconds: None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(client)
        self.give_up = give_up
        self.on_trouble = on_trouble
        self.pause = pause
        self.backoff_factor = 2.0
        self.longest_pause_seconds = LONGEST_PAUSE_SECONDS

    def run(self, call: Call[T], meanwhile: Callable[[], object] | None = None) -> T:
        """Return the answer to one call, sending it again while its fate is unknown or it was not executed. `meanwhile` is never called.

        Raises:
            StorePermissionError: if the server refuses this user.
            TooLargeError: if the server answers others, but not this call, which is large.
            redis.exceptions.ResponseError: for bad data. Any RedisError, once `give_up` says so.
        """
        del meanwhile
        return self._persist(lambda: super(PersistentCaller, self).run(call), call)

    def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to several calls; all of them are sent again after an error, which is right because each is idempotent."""
        return self._persist(lambda: super(PersistentCaller, self).run_many(calls))

    def run_together(self, calls: Sequence[Call[Any]]) -> None:
        """Carry out plain commands as one transaction, which is sent again after an error: it is to be idempotent."""
        self._persist(lambda: super(PersistentCaller, self).run_together(calls))

    def _persist(self, attempt: Callable[[], T], call: Call[Any] | None = None) -> T:
        pause_seconds, breaks = FIRST_PAUSE_SECONDS, 0
        while True:
            try:
                return attempt()
            except (RedisError, OSError) as error:
                meaning = meaning_of(error)
                if meaning is Meaning.NO_PERMISSION:
                    raise StorePermissionError(permission_message(error)) from error
                if self.give_up():
                    raise
                breaks = self._count_breaks(breaks, error, call)
                if breaks >= _MOST_BREAKS:
                    raise TooLargeError(f"The server does not take so much at once ({error}); make it less, or raise its proto-max-bulk-len") from error
                if meaning is Meaning.BAD_DATA:
                    raise
                if str(error).startswith("READONLY") or type(error).__name__ == "ReadOnlyError":
                    self.client.connection_pool.disconnect()  # a demoted master: connect anew, to whoever is master now
                jittered = min(pause_seconds * random.uniform(0.7, 1.3), self.longest_pause_seconds)  # noqa: S311 - spreads load, keeps no secret
                self.on_trouble(error, jittered)
                self.pause(jittered)
                pause_seconds = min(pause_seconds * self.backoff_factor, self.longest_pause_seconds)

    def _count_breaks(self, before: int, error: Exception, call: Call[Any] | None) -> int:
        """Return how often in a row, this error included, a large call was broken off by a server that answers others."""
        if call is None or _size_of(call) <= _LARGE_BYTES:
            return 0
        if "invalid bulk length" in str(error):
            return _MOST_BREAKS  # most often the connection is gone before the server can say so
        return before + 1 if meaning_of(error) is Meaning.UNKNOWN and self._is_answered() else 0

    def _is_answered(self) -> bool:
        """Say whether the server runs a small script: a server that is away, or that holds up all writes, does not."""
        try:
            self._execute("EVAL", "return 1", 0)
        except (RedisError, OSError):
            return False
        return True


def _size_of(call: Call[Any]) -> int:
    return sum(len(part) for part in call.command() if isinstance(part, (bytes, str)))


def permission_message(error: Exception) -> str:
    """Return the sentence for an error of authentication or authorization."""
    return f"The server refuses this user ({error}); check the user name, the password and the ACL rules of the connection"


def check_refusal(error: Exception) -> None:
    """Say in words of our own that a server, or a user's permissions, know no scripts, or that its memory is used up.

    Raises:
        ScriptsRefused: if the first is what the error means. QueueFullError: if the second is.
    """
    check_for_room(error)
    if _NO_SCRIPTS.search(str(error)):
        message = (
            f"The server refuses this user, or everybody, to run scripts ({error}). Without them jobs can be enqueued, or run with Queue(is_async=False), no "
            "more: use Redis or Valkey, allow the user +@scripting, or install fakeredis[lua]"
        )
        raise ScriptsRefused(message) from error


def collect(pipeline: Any, call: Call[Any]) -> None:
    """Add a call to a user's pipeline. Its script goes as text, because an unknown hash cannot be repaired inside a transaction."""
    # In a transaction the client would hand the option for raw replies on to what reads the reply of a plain command, and that does not know it.
    pipeline.execute_command(*call.command_with_text(), **(RAW if call.script else {}))


ANSWER_SECONDS = 10.0


def private_client(client: redis.Redis) -> redis.Redis:
    """Return a client of its own for a worker: the same settings, an answer within ten seconds or an error, and none of the caller's pool.

    A pool that is not simply a set of connections to one address (Sentinel's, say) knows better how to connect; then the client itself is returned.
    """
    pool = client.connection_pool
    if type(pool) not in {redis.ConnectionPool, redis.BlockingConnectionPool}:
        return client
    settings = connection_settings(client)
    settings["socket_timeout"] = settings.get("socket_timeout") or ANSWER_SECONDS
    settings["retry"] = Retry(NoBackoff(), 1)
    if not issubclass(pool.connection_class, redis.UnixDomainSocketConnection):
        settings["socket_keepalive"] = True
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **settings))


def describe_client(client: redis.Redis) -> bytes | None:
    """Return what another process needs to build the same client, pickled; None if some setting cannot be pickled."""
    try:
        return pickle.dumps((client.connection_pool.connection_class, connection_settings(client)))
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


def rebuild_client(description: bytes) -> redis.Redis:
    """Return a client like the one that was described. The description comes from the parent process, never from the server."""
    connection_class, settings = pickle.loads(description)  # noqa: S301 - see above
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=connection_class, **settings))
