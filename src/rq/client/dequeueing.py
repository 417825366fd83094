"""Taking jobs out of queues by hand, in RQ's way. A job that was taken this way and not run yet is known to its taker alone, and lost with it.

`Worker` takes jobs in another way, which cannot lose one: see `rq.store.claim`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq.client.classes import job_class_of
from rq.client.intermediate import IntermediateQueue
from rq.client.session import session_of
from rq.core.errors import DequeueTimeout, InvalidOptionError, NoSuchJobError
from rq.store.queue_list import move_id, take_id, wait_and_move_id, wait_for_id
from rq.store.server_version import get_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    import redis

    from rq.client.job import Job
    from rq.core.serializers import Serializer

# The first version of Redis that can move an id from list to list and wait for one.
_MOVES_IDS = (6, 2, 0)


class Dequeueing:
    """Class methods that take ids and jobs; see `Queue`."""

    if TYPE_CHECKING:

        @classmethod
        def from_queue_key(
            cls,
            queue_key: str,
            connection: redis.Redis | None = None,
            job_class: type[Job] | str | None = None,
            serializer: Serializer | str | None = None,
            death_penalty_class: type[Any] | None = None,
        ) -> Self:
            """See `Queue.from_queue_key`."""

    @classmethod
    def lpop(cls, queue_keys: Sequence[str], timeout: int | None, connection: redis.Redis | None = None) -> tuple[str, str] | None:
        """Take an id out of the first queue that has one: its key and the id. Whoever took it is the only one who knows of it.

        Args:
            queue_keys: the keys of the queues, in order of priority.
            timeout: for how many seconds to wait for one, at least 1; None for not at all.
            connection: any synchronous redis-py client.

        Returns:
            The key of the queue and the id; None if no id is there and `timeout` is None.

        Raises:
            DequeueTimeout: if none came in time. InvalidOptionError: for 0 seconds (a ValueError).
        """
        session = session_of(connection)
        if timeout is None:
            found = ((key, session.run(take_id(key))) for key in queue_keys)
            return next(((key, job_id) for key, job_id in found if job_id is not None), None)
        _check_timeout(timeout)
        taken = session.run(wait_for_id(queue_keys, timeout))
        if taken is None:
            raise DequeueTimeout(timeout, queue_keys)
        return taken

    @classmethod
    def lmove(cls, connection: redis.Redis, queue_key: str, timeout: int | None) -> tuple[str, str] | None:
        """Move the next id of a queue into its intermediate list: the queue's key and the id. A worker puts it back if it is not started within a minute.

        Args, returned value and errors are those of `lpop`.
        """
        session = session_of(connection)
        into = IntermediateQueue.get_intermediate_queue_key(queue_key)
        if timeout is None:
            job_id = session.run(move_id(queue_key, into))
            return None if job_id is None else (queue_key, job_id)
        _check_timeout(timeout)
        job_id = session.run(wait_and_move_id(queue_key, into, timeout))
        if job_id is None:
            raise DequeueTimeout(timeout, queue_key)
        return queue_key, job_id

    @classmethod
    def dequeue_any(
        cls,
        queues: Iterable[Any],
        timeout: int | None,
        connection: redis.Redis | None = None,
        job_class: type[Job] | str | None = None,
        serializer: Serializer | str | None = None,
        death_penalty_class: type[Any] | None = None,
    ) -> tuple[Job, Self] | None:
        """Take a job out of the first queue that has one, in RQ's way: it stays `queued`, is in no place, and is lost with whoever took it.

        With a single queue it goes into the intermediate list, from which workers put it back after a minute. Ids without a job are dropped. A worker that
        cannot lose jobs is `rq.Worker`, also with `burst=True` and `max_jobs=1`.

        Args:
            queues: the queues, in order of priority.
            timeout: for how many seconds to wait for a job, at least 1; None for not at all.
            connection: any synchronous redis-py client.
            job_class: what jobs are made of: a subclass of `Job` or a dotted path.
            serializer: what payloads are written with.
            death_penalty_class: handed on to the queue.

        Returns:
            The job, and the queue it was in; None if no job is there and `timeout` is None.

        Raises:
            DequeueTimeout: if none came in time. InvalidOptionError: for 0 seconds (a ValueError). Whatever fetching the job raises, with the attributes
            `job_id` and `queue`.
        """
        keys = [queue.key for queue in queues]
        client = session_of(connection).connection
        while True:
            taken = cls._take_id(keys, timeout, client)
            if taken is None:
                return None
            queue_key, job_id = taken
            queue = cls.from_queue_key(queue_key, client, job_class, serializer, death_penalty_class)
            try:
                return job_class_of(job_class).fetch(job_id, connection=client, serializer=serializer), queue
            except NoSuchJobError:
                continue
            except Exception as error:
                named: Any = error
                named.job_id, named.queue = job_id, queue
                raise

    @classmethod
    def _take_id(cls, queue_keys: Sequence[str], timeout: int | None, connection: redis.Redis) -> tuple[str, str] | None:
        if len(queue_keys) == 1 and get_version(connection) >= _MOVES_IDS:
            return cls.lmove(connection, queue_keys[0], timeout)
        return cls.lpop(queue_keys, timeout, connection)


def _check_timeout(timeout: float) -> None:
    if timeout == 0:
        message = "A timeout of 0 would wait for ever: give a number of seconds above 0, or None for not waiting at all"
        raise InvalidOptionError(message)
