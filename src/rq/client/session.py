"""What a handle talks through: a connection, the names of its keys, and its scripts."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from rq.client.legacy import require_connection
from rq.core.errors import OptionTypeError, ScriptsRefused
from rq.core.keys import Keyspace, current_keyspace
from rq.core.references import dotted_name
from rq.store.scripts import ScriptLibrary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import redis

    from rq.store.advisory import AdvisoryCaller
    from rq.store.calls import Call, Steps

T = TypeVar("T")


class BaseSession:
    """A connection with the keyspace that was in force when the handle was made.

    Args:
        connection: a client, as the subclass takes it.
        keyspace: the names of the keys.
    """

    __slots__ = ("__weakref__", "_collect", "connection", "keyspace", "scripts")

    connection: Any

    def __init__(self, connection: Any, keyspace: Keyspace) -> None:
        from rq.store.connection import collect  # noqa: PLC0415 - loads the client library, which jobs that only ask who they are do not need

        self.connection = connection
        self.keyspace = keyspace
        self.scripts = ScriptLibrary(keyspace)
        self._collect = collect

    def collect(self, pipeline: Any, call: Call[Any]) -> None:
        """Add a call to the caller's own pipeline, whose `execute()` will run it. A pipeline that is watching keys is switched to collecting, as RQ does."""
        if getattr(pipeline, "watching", False) and not pipeline.explicit_transaction:
            pipeline.multi()
        self._collect(pipeline, call)


class Session(BaseSession):
    """A session over a synchronous client. `rq.client.aio` has the other one.

    Attributes:
        lacks_scripts: whether the server was found to run no scripts.
    """

    __slots__ = ("_advisory_caller", "_caller", "lacks_scripts")

    connection: redis.Redis

    def __init__(self, connection: redis.Redis, keyspace: Keyspace) -> None:
        from rq.store.connection import Caller  # noqa: PLC0415 - see above

        super().__init__(connection, keyspace)
        self.lacks_scripts = False
        self._caller = Caller(connection)
        self._advisory_caller: AdvisoryCaller | None = None

    def run(self, call: Call[T], meanwhile: Callable[[], object] | None = None) -> T:
        """Return the answer to a call. `meanwhile` may be called, once, while the server works at it; or not at all."""
        return self._caller.run(call, meanwhile)

    def run_if_possible(self, call: Call[T]) -> T | None:
        """Return the answer to a call that may be lost; None if there is none within a second or two."""
        if self._advisory_caller is None:
            from rq.store.advisory import AdvisoryCaller  # noqa: PLC0415 - as above, and few ever need it

            self._advisory_caller = AdvisoryCaller(self.connection)
        return self._advisory_caller.run(call)

    def run_or(self, call: Call[T], do_plainly: Callable[[], T]) -> T:
        """Return the answer to a script; on a server without scripts, which is found out once, do the same with plain commands."""
        if not self.lacks_scripts:
            try:
                return self._caller.run(call)
            except ScriptsRefused:
                self.lacks_scripts = True
        return do_plainly()

    def run_many(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Return the answers to independent calls, in order: one round trip."""
        return self._caller.run_many(calls) if calls else []

    def follow(self, steps: Steps[T]) -> T:
        """Return what comes of several steps: a round trip for each."""
        return self._caller.follow(steps)

    def run_or_collect(self, call: Call[T], pipeline: redis.client.Pipeline | None) -> T | None:
        """Return the answer to a call; or add it to the caller's own pipeline, if there is one, and return None."""
        if pipeline is None:
            return self.run(call)
        self.collect(pipeline, call)
        return None

    def run_stream(self, calls: Iterable[Call[T]]) -> list[T]:
        """Return the answers to independent calls, in order; each is made while the server works at those before it."""
        return self._caller.run_stream(calls)

    def run_together(self, calls: Sequence[Call[Any]]) -> None:
        """Carry out plain commands that write, as one transaction: one round trip."""
        self._caller.run_together(calls)


# One session per connection and keyspace, for as long as a handle uses it. A living session holds its connection, so that the id names no other object.
_sessions: WeakValueDictionary[tuple[int, str], Session] = WeakValueDictionary()


def session_of(connection: redis.Redis | None) -> Session:
    """Return the session of a connection, with the keyspace of this moment's environment. None stands for the current connection of `rq.client.legacy`.

    Raises:
        OptionTypeError: if there is no connection, or something else in its place: a URL, an asyncio client (a TypeError, as with RQ).
    """
    if not connection:
        connection = require_connection()
    keyspace = current_keyspace()
    key = (id(connection), keyspace.prefix)
    session = _sessions.get(key)
    if session is None:
        _check_client(connection)
        session = _sessions[key] = Session(connection, keyspace)
    return session


def _check_client(connection: object) -> None:
    """Refuse what people give in the place of a synchronous client. What a URL holds is not repeated: it may be a password."""
    if isinstance(connection, str):
        message = 'A connection is a client, neither a name nor a URL: pass connection=rq.connect("redis://...")'
        raise OptionTypeError(message)
    if not hasattr(connection, "execute_command"):
        message = f"A connection is a client, not a value of type {type(connection).__name__}: pass connection=redis.Redis(...)"
        raise OptionTypeError(message)
    if is_asyncio_client(connection):
        message = f"{dotted_name(type(connection))} is an asyncio client: pass a synchronous one, such as redis.Redis(...), or use rq.aio"
        raise OptionTypeError(message)


def is_asyncio_client(connection: object) -> bool:
    """Say whether a client is to be awaited."""
    return inspect.iscoroutinefunction(getattr(type(connection), "execute_command", None))
