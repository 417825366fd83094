"""What an error of the server means, and what the callers do about it: against real servers in real trouble."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from rq.core.errors import StorePermissionError, TooLargeError
from rq.core.keys import Keyspace
from rq.model.record import JobRecord
from rq.store.calls import Call
from rq.store.claim import claim_jobs
from rq.store.connection import LONGEST_PAUSE_SECONDS, Caller, Meaning, PersistentCaller, collect, meaning_of
from rq.store.cron_lists import write_process
from rq.store.enqueue import NewJob, enqueue_job, promote_jobs
from rq.store.lease import extend_leases
from rq.store.reads import count_queue, list_queue
from rq.store.scripts import ScriptLibrary
from tests.store.harness import START, Store
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rq.store.replies import Enqueued
    from tests.conftest import StartValkey
    from tests.support.server import ValkeyServer

SCRIPTS = ScriptLibrary(Keyspace())


def single_shot(server: ValkeyServer, **options: Any) -> redis.Redis:
    """A client that tries once."""
    return server.client(**{"retry": Retry(NoBackoff(), 0), **options})


def error_of(attempt: Callable[[], object]) -> Exception:
    with pytest.raises((RedisError, OSError)) as raised:
        attempt()
    return raised.value


def enqueue(client: redis.Redis, job_id: str = "a") -> Any:
    return Store(client, Caller(client)).enqueue(job_id)


@pytest.fixture
def client(valkey: ValkeyServer) -> redis.Redis:
    return single_shot(valkey)


# --- not executed ---


def test_a_replica_has_not_executed_a_write(valkey: ValkeyServer, client: redis.Redis):
    client.execute_command("REPLICAOF", "127.0.0.1", 1)
    try:
        assert Caller(client).run(count_queue(SCRIPTS, "q")) == 0
        error = error_of(lambda: client.set("key", "value"))
        assert meaning_of(error) is Meaning.NOT_EXECUTED
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize("trouble", ["READONLY", "NOREPLICAS"])
def test_a_script_refused_by_a_server_that_takes_no_writes_has_written_nothing(valkey: ValkeyServer, client: redis.Redis, trouble: str):
    store = Store(client, Caller(client))
    store.birth()
    store.enqueue("a")
    before = store.dump()
    if trouble == "READONLY":
        client.execute_command("REPLICAOF", "127.0.0.1", 1)
    else:
        valkey.config_set("min-replicas-to-write", 1)
    try:
        for attempt in (store.claim, lambda: store.enqueue("b"), store.beat, store.sweep, store.death, store.cancel):
            assert meaning_of(error_of(attempt)) is Meaning.NOT_EXECUTED
        assert store.dump() == before
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")


def test_a_server_that_cannot_save_has_executed_nothing(start_valkey: StartValkey):
    server = start_valkey(save="3600 1", stop_writes_on_bgsave_error=True)
    client = single_shot(server)
    store = Store(client, Caller(client))
    store.birth()
    store.enqueue("a")
    before = store.dump()
    (server.directory / "dump.rdb").mkdir()  # what is to be replaced by the snapshot is a directory
    with suppress(ResponseError):
        client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    for attempt in (store.claim, lambda: store.enqueue("b")):
        error = error_of(attempt)
        assert "MISCONF" in str(error)
        assert meaning_of(error) is Meaning.NOT_EXECUTED
    assert store.dump() == before


def test_a_server_that_is_busy_with_a_script_has_executed_nothing(valkey: ValkeyServer, client: redis.Redis):
    valkey.config_set("busy-reply-threshold", 1)
    with closing(socket.create_connection((valkey.host, valkey.port))) as endless:
        endless.sendall(b'EVAL "while true do end" 0\r\n')
        error = wait_until(lambda: _error_or_none(client))
        assert error is not None
        try:
            assert "BUSY" in str(error)
            assert meaning_of(error) is Meaning.NOT_EXECUTED
        finally:
            wait_until(lambda: _is_killed(client))


def _error_or_none(client: redis.Redis) -> Exception | None:
    try:
        Caller(client).run(count_queue(SCRIPTS, "q"))
    except RedisError as error:
        return error
    return None


def _is_killed(client: redis.Redis) -> bool:
    with suppress(ResponseError):
        client.script_kill()
    return _error_or_none(client) is None


def test_a_server_that_is_loading_has_executed_nothing(start_valkey: StartValkey):
    slow = {"key_load_delay": 50}  # microseconds per key; the server looks up from loading every 1,024 keys
    server = start_valkey(appendonly=True, **slow)
    client = single_shot(server)
    with client.pipeline(transaction=False) as pipeline:
        for number in range(8_000):
            pipeline.set(f"key-{number}", "")
        pipeline.execute()
    server.kill()
    errors: list[Exception] = []

    def has_answer() -> bool:
        error = _error_or_none(client)
        errors.extend([error] if error else [])
        return error is None

    asking = threading.Thread(target=wait_until, args=(has_answer,))
    asking.start()
    server.start()
    asking.join()
    meanings = {type(error).__name__: meaning_of(error) for error in errors}
    assert meanings["BusyLoadingError"] is Meaning.NOT_EXECUTED
    assert meanings.keys() <= {"BusyLoadingError", "ConnectionError"}


# --- no permission ---


@pytest.fixture
def user(valkey: ValkeyServer, client: redis.Redis) -> Iterator[Callable[..., redis.Redis]]:
    """Makes a client of a user with these ACL rules."""

    def with_rules(*rules: str, password: str = "right") -> redis.Redis:
        client.execute_command("ACL", "SETUSER", "limited", "reset", "on", ">right", *rules)
        return single_shot(valkey, username="limited", password=password)

    yield with_rules
    client.execute_command("ACL", "DELUSER", "limited")


def test_a_wrong_password_is_no_permission(user: Callable[..., redis.Redis]):
    error = error_of(lambda: enqueue(user("~*", "+@all", password="wrong")))
    assert meaning_of(error) is Meaning.NO_PERMISSION


def test_a_missing_password_is_no_permission(valkey: ValkeyServer, client: redis.Redis):
    client.execute_command("ACL", "SETUSER", "default", "resetpass", ">secret")
    try:
        error = error_of(lambda: Caller(single_shot(valkey)).run(count_queue(SCRIPTS, "q")))
        assert meaning_of(error) is Meaning.NO_PERMISSION
    finally:
        client.execute_command("ACL", "SETUSER", "default", "nopass")


@pytest.mark.parametrize(
    "rules",
    [
        ("~*", "+@all", "-evalsha"),
        ("~rq:queue:*", "+@all"),
        ("~*", "+@all", "-hset"),
        ("~*", "+@all", "-@list"),
        ("~*", "+@all", "-hmget"),
    ],
    ids=" ".join,
)
def test_a_user_who_may_not_do_everything_consumes_no_job(client: redis.Redis, user: Callable[..., redis.Redis], rules: tuple[str, ...]):
    store = Store(client, Caller(client))
    store.birth()
    store.enqueue("a")
    store.enqueue("b")
    limited = PersistentCaller(user(*rules))
    with pytest.raises(StorePermissionError):
        limited.run(claim_jobs(store.scripts, store.claim_request()))
    assert store.status("a") == "queued"
    assert store.waiting() == ["a", "b"]
    assert store.bad() == []


def test_a_user_who_may_not_publish_can_stop_a_job(client: redis.Redis, user: Callable[..., redis.Redis]):
    store = Store(client, Caller(client))
    attempt = store.start("a")
    assert Store(user("~*", "+@all", "-@pubsub"), store.caller).ask_to_stop("a") == ("ok", "w")
    assert store.beat(attempt).exceptions == [("a", attempt.execution_id, "stop")]


@pytest.mark.parametrize("denied", ["lpop", "hmget", "hset", "zadd", "expire", "persist", "hgetall"])
def test_a_command_that_is_refused_in_the_middle_of_a_claim_is_not_taken_for_bad_data(client: redis.Redis, user: Callable[..., redis.Redis], denied: str):
    store = Store(client, Caller(client))
    store.birth()
    store.enqueue("a")
    with pytest.raises(StorePermissionError):
        PersistentCaller(user("~*", "+@all", f"-{denied}")).run(claim_jobs(store.scripts, store.claim_request()))
    assert store.bad() == []
    store.turn_clock(3600)
    store.reclaim_worker(seen_dead=True)
    store.reclaim_all()
    assert store.places("a") == ["queue:q"]


def test_what_woke_a_worker_stands_in_its_queue_again_when_its_claim_is_refused(client: redis.Redis, user: Callable[..., redis.Redis]):
    store = Store(client, Caller(client))
    store.birth()
    for job_id in ("a", "b", "c"):
        store.enqueue(job_id)
    for _ in range(2):
        client.lmove(store.keys.queue("q"), store.keys.caught("q"), "LEFT", "RIGHT")
    all_but_jobs = [f"~rq:{keys}" for keys in ("x:*", "queue:*", "scheduled:*", "suspended", "worker:*")]
    with pytest.raises(StorePermissionError):
        PersistentCaller(user(*all_but_jobs, "+@all")).run(claim_jobs(store.scripts, store.claim_request()))
    assert store.waiting() == ["a", "b", "c"]
    assert store.bad() == []


# --- bad data ---


def test_a_key_of_the_wrong_type_is_bad_data(client: redis.Redis):
    client.set("rq:queue:q", "text")
    error = error_of(lambda: Caller(client).run(count_queue(SCRIPTS, "q")))
    assert meaning_of(error) is Meaning.BAD_DATA


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("ERR unknown command 'TASK '", Meaning.BAD_DATA),
        ("ERR the key of the ROOM is REMOVED now", Meaning.BAD_DATA),
        ("ERR Error running script (call to f_1): @user_script:1: OOM command not allowed", Meaning.NOT_EXECUTED),
        ("user_script:1: NOPERM this user has no permissions", Meaning.NO_PERMISSION),
        ("NOPERM ACL failure in script: this user has no permissions", Meaning.NO_PERMISSION),
        ("ACL failure in script: No permissions to access a key script: on @user_script:1.", Meaning.NO_PERMISSION),
    ],
)
def test_the_code_of_an_error_is_found_wherever_it_stands_and_nowhere_else(text: str, meaning: Meaning):
    assert meaning_of(ResponseError(text)) is meaning


# --- unknown ---


def test_a_server_that_is_not_there_leaves_it_unknown(valkey: ValkeyServer, client: redis.Redis):
    valkey.stop()
    assert meaning_of(error_of(lambda: enqueue(client))) is Meaning.UNKNOWN


def test_a_server_that_does_not_answer_in_time_leaves_it_unknown(valkey: ValkeyServer):
    client = single_shot(valkey, socket_timeout=0.05)
    client.ping()
    valkey.pause()
    try:
        error = error_of(lambda: Caller(client).run(count_queue(SCRIPTS, "q")))
        assert meaning_of(error) is Meaning.UNKNOWN
    finally:
        valkey.resume()


def test_a_connection_that_is_killed_in_the_middle_leaves_it_unknown(valkey: ValkeyServer, client: redis.Redis):
    victim = single_shot(valkey, single_connection_client=True)
    number = victim.client_id()
    errors: list[Exception] = []
    call: Call[Any] = Call(lambda reply: reply, ("BLPOP", "nothing", 20))
    asking = threading.Thread(target=lambda: errors.append(error_of(lambda: Caller(victim).run(call))))
    asking.start()
    wait_until(lambda: client.info("clients")["blocked_clients"])
    client.execute_command("CLIENT", "KILL", "ID", number)
    asking.join()
    assert [meaning_of(error) for error in errors] == [Meaning.UNKNOWN]


# --- scripts that the server forgot ---


def test_a_call_teaches_the_server_a_script_that_it_forgot(store: Store):
    store.birth()
    store.client.script_flush()
    store.enqueue("a")
    store.client.script_flush()
    assert store.take().job_id == "a"


class Forgetful(redis.Redis):
    """A client of a server that forgets every script as soon as it is loaded."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        reply = super().execute_command(*args, **options)
        if args[:2] == ("SCRIPT", "LOAD"):
            super().execute_command("SCRIPT", "FLUSH")
        return reply


def test_a_call_is_carried_out_even_if_the_server_forgets_its_script_again_and_again(valkey: ValkeyServer):
    with Forgetful(port=valkey.port) as client:
        client.script_flush()
        assert [enqueue(client, job_id).status for job_id in "ab"] == ["queued", "queued"]


def test_many_calls_in_one_round_trip_teach_the_server_their_scripts(store: Store):
    store.birth()
    store.enqueue("a")
    store.client.script_flush()
    answers = store.caller.run_many(
        [
            count_queue(store.scripts, "q"),
            claim_jobs(store.scripts, store.claim_request()),
            count_queue(store.scripts, "q"),
            promote_jobs(store.scripts, "q"),
            extend_leases(store.scripts, "w", "w-1", 30, 480, []),
        ]
    )
    assert [job.job_id for job in answers[1].jobs] == ["a"]
    assert (answers[0], answers[3], answers[4].known) == (1, (0, None), True)


def test_a_stream_of_calls_teaches_the_server_a_script_that_it_forgets_meanwhile(plain_store: Store):
    store = plain_store
    names = [str(number) for number in range(12)]

    def calls() -> Iterator[Call[Enqueued]]:
        for name in names:
            if name == "5":
                store.client.script_flush()
            yield enqueue_job(store.scripts, NewJob(JobRecord(name, origin="q", data=b"payload"), f"call-{name}"))

    answers = Caller(store.client).run_stream(calls())
    assert {answer.status for answer in answers} == {"queued"}
    assert store.run(list_queue(store.scripts, "q")) == names


def test_no_call_at_all_is_no_trouble(store: Store):
    assert store.caller.run_many([]) == []


def test_an_error_of_one_of_many_calls_is_raised(store: Store):
    store.client.set(store.keys.queue("q"), "text")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        store.caller.run_many([count_queue(store.scripts, "other"), count_queue(store.scripts, "q")])


def test_a_users_transaction_needs_no_script_to_be_known(store: Store):
    jobs = [JobRecord(job_id, origin="q", data=b"payload") for job_id in "ab"]
    store.client.script_flush()
    with store.client.pipeline(transaction=True) as pipeline:
        collect(pipeline, enqueue_job(store.scripts, NewJob(jobs[0], "first")))
        pipeline.set(store.keys.name("nothing"), "a command of the user's own")
        collect(pipeline, enqueue_job(store.scripts, NewJob(jobs[1], "second", due=START + 5)))
        pipeline.execute()
    assert store.places("a") == ["queue:q"]
    assert store.places("b") == ["scheduled:q"]


# --- clients of every kind ---


@pytest.mark.parametrize("options", [{}, {"decode_responses": True}, {"protocol": 2}, {"protocol": 3}], ids=str)
def test_any_kind_of_client_will_do(valkey: ValkeyServer, options: dict[str, Any]):
    client = single_shot(valkey, **options)
    store = Store(single_shot(valkey), Caller(client))
    payload = bytes(range(256)) * 2
    attempt = store.start("a", data=payload, description="\u00e9")
    assert store.beat(attempt).known
    store.turn_clock(1)
    assert store.reclaim().suspects == [(f"a:{attempt.execution_id}", START + 90)]
    assert store.finish(attempt, payload).code == "ok"


# --- a caller that does not give up ---


class Troubles:
    """Collects what a persistent caller tells, and never really pauses."""

    def __init__(self, after_first: Callable[[], object] = lambda: None) -> None:
        self.errors: list[Exception] = []
        self.pauses: list[float] = []
        self._after_first = after_first

    def tell(self, error: Exception, seconds: float) -> None:
        self.errors.append(error)
        self.pauses.append(seconds)

    def pause(self, _seconds: float) -> None:
        if len(self.errors) == 1:
            self._after_first()


def test_a_persistent_caller_comes_back_when_the_server_does(valkey: ValkeyServer, client: redis.Redis):
    enqueue(client)
    valkey.stop()
    troubles = Troubles(after_first=valkey.start)
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    assert caller.run(count_queue(SCRIPTS, "q")) == 0
    assert caller.run_many([count_queue(SCRIPTS, "q")] * 2) == [0, 0]
    assert [meaning_of(error) for error in troubles.errors] == [Meaning.UNKNOWN]


def test_a_persistent_caller_sends_a_transaction_again(valkey: ValkeyServer, client: redis.Redis):
    valkey.stop()
    troubles = Troubles(after_first=valkey.start)
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    caller.run_together(write_process(SCRIPTS, "cron", {"name": "cron"}))
    assert client.hgetall(SCRIPTS.keyspace.cron_scheduler("cron")) == {b"name": b"cron"}
    assert len(troubles.errors) == 1


def test_a_persistent_caller_waits_longer_every_time_but_never_very_long(valkey: ValkeyServer, client: redis.Redis):
    valkey.stop()
    troubles = Troubles()
    caller = PersistentCaller(client, give_up=lambda: len(troubles.errors) == 12, on_trouble=troubles.tell, pause=troubles.pause)
    with pytest.raises(redis.ConnectionError):
        caller.run(count_queue(SCRIPTS, "q"))
    assert troubles.pauses[0] < 0.1
    assert troubles.pauses[3] > troubles.pauses[0]
    assert 3 < max(troubles.pauses) <= LONGEST_PAUSE_SECONDS


def test_how_much_longer_a_persistent_caller_waits_can_be_said(valkey: ValkeyServer, client: redis.Redis):
    valkey.stop()
    troubles = Troubles()
    caller = PersistentCaller(client, give_up=lambda: len(troubles.errors) == 4, on_trouble=troubles.tell, pause=troubles.pause)
    caller.backoff_factor, caller.longest_pause_seconds = 5.0, 1.0
    with pytest.raises(redis.ConnectionError):
        caller.run(count_queue(SCRIPTS, "q"))
    assert 0.15 < troubles.pauses[1] < 0.35
    assert 0.6 < troubles.pauses[3] <= 1.0


def test_a_persistent_caller_gives_up_when_told(valkey: ValkeyServer, client: redis.Redis):
    valkey.stop()
    troubles = Troubles()
    caller = PersistentCaller(client, give_up=lambda: True, on_trouble=troubles.tell, pause=troubles.pause)
    with pytest.raises(redis.ConnectionError):
        caller.run(count_queue(SCRIPTS, "q"))
    assert troubles.errors == []


def test_a_persistent_caller_connects_anew_when_its_server_becomes_a_replica(valkey: ValkeyServer, client: redis.Redis):
    before = client.client_id()
    client.execute_command("REPLICAOF", "127.0.0.1", 1)
    other = single_shot(valkey)
    troubles = Troubles(after_first=lambda: other.execute_command("REPLICAOF", "NO", "ONE"))
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    call = enqueue_call()
    assert caller.run(call).code == "ok"
    assert len(troubles.errors) == 1
    assert client.client_id() != before


def enqueue_call() -> Call[Any]:
    return enqueue_job(SCRIPTS, NewJob(JobRecord("a", origin="q", data=b"payload"), "nonce"))


def test_a_persistent_caller_goes_on_after_memory_was_freed(valkey: ValkeyServer, client: redis.Redis):
    valkey.config_set("maxmemory", "100kb")
    troubles = Troubles(after_first=lambda: valkey.config_set("maxmemory", "0"))
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    assert caller.run(enqueue_call()).code == "ok"
    assert len(troubles.errors) == 1


def test_a_persistent_caller_says_clearly_that_it_has_no_permission(user: Callable[..., redis.Redis]):
    troubles = Troubles()
    caller = PersistentCaller(user("~*", "+@all", "-llen"), on_trouble=troubles.tell, pause=troubles.pause)
    with pytest.raises(StorePermissionError, match="check the user name"):
        caller.run(count_queue(SCRIPTS, "q"))
    assert troubles.errors == []


LARGE = 3 * 1024 * 1024


def large_call() -> Call[Any]:
    return enqueue_job(SCRIPTS, NewJob(JobRecord("large", origin="q", data=os.urandom(LARGE)), "nonce"))


def test_a_persistent_caller_does_not_repeat_for_ever_what_is_too_large_for_the_server(valkey: ValkeyServer, client: redis.Redis):
    valkey.config_set("proto-max-bulk-len", LARGE // 2)
    troubles = Troubles()
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    with pytest.raises(TooLargeError, match="proto-max-bulk-len"):
        caller.run(large_call())
    assert len(troubles.errors) <= 2
    assert caller.run(enqueue_call()).code == "ok"


def test_a_persistent_caller_waits_for_a_server_that_is_away_however_large_the_call_is(valkey: ValkeyServer, client: redis.Redis):
    valkey.stop()
    troubles = Troubles()
    caller = PersistentCaller(client, give_up=lambda: len(troubles.errors) == 9, on_trouble=troubles.tell, pause=troubles.pause)
    with pytest.raises(redis.ConnectionError):
        caller.run(large_call())


def test_a_persistent_caller_does_not_repeat_what_bad_data_made_fail(client: redis.Redis):
    client.set("rq:queue:q", "text")
    troubles = Troubles()
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    for attempt in (
        lambda: caller.run(count_queue(SCRIPTS, "q")),
        lambda: caller.run_many([count_queue(SCRIPTS, "q"), count_queue(SCRIPTS, "other")]),
    ):
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            attempt()
    assert troubles.errors == []


def test_a_call_whose_reply_was_lost_is_sent_again_and_counts_once(valkey: ValkeyServer):
    client = single_shot(valkey, socket_timeout=0.05)
    store = Store(valkey.client(), Caller(client))
    store.birth()
    store.enqueue("a")
    store.enqueue("b")
    valkey.pause()  # what is sent now is executed once the server goes on, and its reply goes nowhere
    troubles = Troubles(after_first=valkey.resume)
    caller = PersistentCaller(client, on_trouble=troubles.tell, pause=troubles.pause)
    claimed = caller.run(claim_jobs(store.scripts, store.claim_request()))
    assert [job.job_id for job in claimed.jobs] == ["a"]
    assert store.waiting() == ["b"]
    assert store.hash("a")["x_attempt"] == "1"
