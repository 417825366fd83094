"""The scripts of unique jobs (door: `rq.scripts`), as RQ hands them out. Apart from the functions: few ever want them, and they take time to make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rq.client.session import session_of
from rq.core.keys import Keyspace
from rq.store.scripts import ScriptLibrary

if TYPE_CHECKING:
    import redis
    from redis.commands.core import Script

# One script enqueues and schedules, unique jobs and others. Its keys and arguments are its own: see lua/enqueue.lua.
UNIQUE_ENQUEUE_SCRIPT = UNIQUE_SCHEDULE_SCRIPT = ScriptLibrary(Keyspace()).script("enqueue").text


def get_unique_enqueue_script(connection: redis.Redis) -> Script:
    """Return the script that enqueues, for this connection and the keys of this moment's environment."""
    return connection.register_script(session_of(connection).scripts.script("enqueue").text)


def get_unique_schedule_script(connection: redis.Redis) -> Script:
    """Return the script that schedules: it is the one that enqueues."""
    return get_unique_enqueue_script(connection)
