"""Messages between clients and the server: what is sent, what may become of it, and the comparison with the model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from hiredis import pack_command
from redis.exceptions import NoScriptError, ResponseError

from rq.core.errors import CorruptDataError
from rq.store.connection import Caller
from rq.store.lease import Beat
from rq.store.presence import Birth
from rq.store.replies import Claimed, Enqueued, Settled
from tests.properties.contract import Known, broken_rules
from tests.properties.snapshot import READ_ALL, Snapshot, SnapshotReader, differences

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from rq.store.calls import Argument, Call
    from rq.store.scripts import ScriptLibrary
    from tests.properties.model import Model

TURNED_BY_HAND = (
    "server_time",
    "local function server_time() return tonumber(redis.call('GET', test_clock_key())) end",
)

Command = tuple["Argument", ...]
_pack: Any = pack_command  # of whose arguments its stub knows less than it takes


class Fate(Enum):
    """What becomes of a message."""

    OK = "ok"
    LOST_REQUEST = "the request is lost"
    LOST_REPLY = "the reply is lost"
    TWICE = "the client library sends it twice"


@dataclass
class Message:
    """One request.

    Attributes:
        call: the bytes; sent again, they are the same.
        predict: changes the model as the server must change, and returns the answer it must give.
        receive: what the client does with the answer, if it gets one.
        is_one_thing: whether an answer that it was refused means that nothing changed.
    """

    name: str
    call: Call[Any]
    predict: Callable[[], Any]
    receive: Callable[[Any], object] = lambda _: None
    is_one_thing: bool = True


class Wire:
    """Carries messages to the server and to the model, and compares the two."""

    def __init__(self, client: redis.Redis, connection: redis.Connection, scripts: ScriptLibrary, model: Model) -> None:
        self._client = client
        self._caller = Caller(client)
        self._connection: Any = connection
        self._clock_key = scripts.keyspace.test_clock
        self._read_all = client.script_load(READ_ALL)
        self._reader = SnapshotReader()
        self._snapshot: tuple[int, Snapshot] = (-1, {})
        self._checked = -1
        self._keys = scripts.keyspace
        self._model = model
        self.known = Known()

    def deliver(self, message: Message) -> Any:
        """Let the server carry out a message; returns its answer, which is the model's."""
        model = self._model
        before = self._snapshot if self._snapshot[0] == model.calls else None
        model.calls += 1
        expected = message.predict()
        answer = self._execute(message.call)
        assert answer == expected, f"{message.name} answered {answer}, expected {expected}"
        if before and message.is_one_thing and changes_nothing(answer):
            changed = list(differences(self.snapshot(), before[1]))
            assert not changed, f"{message.name} answered {answer} and changed {changed}"
        return answer

    def _execute(self, call: Call[Any]) -> Any:
        clock: Command = ("SET", self._clock_key, repr(self._model.now))
        reply = self._round_trip(clock, call.command())[1]
        try:
            if isinstance(reply, NoScriptError):
                return self._caller.run(call)
            if isinstance(reply, Exception):
                raise reply
            return call.read(reply)
        except CorruptDataError:
            return CorruptDataError

    def _round_trip(self, *commands: Command) -> list[Any]:
        """One write, one read, no pool: most of a run's time is spent here."""
        connection = self._connection
        connection.send_packed_command([b"".join(map(_pack, commands))], check_health=False)
        return [self._reply(connection) for _ in commands]

    def _reply(self, connection: Any) -> Any:
        try:
            return connection.read_response(disable_decoding=True)
        except ResponseError as error:
            return error

    def write(self, *commands: Command) -> None:
        """Write keys directly: what other programs, operators and expiry do."""
        self._model.calls += 1
        for reply in self._round_trip(*commands):
            assert not isinstance(reply, Exception), reply

    def forget_scripts(self) -> None:
        """A new server, or somebody's SCRIPT FLUSH."""
        self._client.script_flush()
        self._client.script_load(READ_ALL)

    def snapshot(self) -> Snapshot:
        """All keys but the clock, as they are now."""
        if self._snapshot[0] != self._model.calls:
            found = self._reader.read(self._round_trip(("EVALSHA", self._read_all, 0))[0])
            found.pop(self._clock_key, None)
            self._snapshot = (self._model.calls, found)
        return self._snapshot[1]

    def check(self) -> None:
        """Compare every key with the model, and with the contract, unless nothing was sent since that was done."""
        if self._checked == self._model.calls:
            return
        found = self.snapshot()
        wrong = list(differences(found, self._model.expected(self._keys))) or list(broken_rules(found, self._keys.prefix, self.known))
        assert not wrong, "\n".join(wrong)
        self._checked = self._model.calls


def changes_nothing(answer: Any) -> bool:
    """Say whether an answer promises that the call changed nothing."""
    match answer:
        case (
            Enqueued(code="dup" | "exists" | "cycle" | "absent" | "refused" | "gone" | "replay" | "paused" | "early" | "unknown")
            | Birth(code="taken")
            | Beat(known=False)
        ):
            return True
        case Claimed(code="replay" | "stale" | "unknown" | "idle" | "busy", given_back=0):
            return True
        case Settled(code="dup" | "fenced" | "badtype", claimed=claimed):
            return claimed is None or changes_nothing(claimed)
        case Settled():
            return False
        case (str() as code, *_):
            return code in {"dup", "terminal", "gone", "badtype", "alive", "idle"}
    return answer is CorruptDataError
