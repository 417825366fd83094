"""A server whose memory is used up (`maxmemory`, with the policy `noeviction`) takes in no job; those that are there are run all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis.exceptions import OutOfMemoryError

from rq.core.errors import StoreError


class QueueFullError(StoreError, OutOfMemoryError):
    """The server has no memory left for another job.

    Also redis-py's own error of that, so that programs that catch it go on doing so.

    Args:
        message: what happened.
        enqueued: the ids of those jobs of the call that were enqueued before: of `enqueue_many`, whose every 250 jobs are one step.
    """

    __module__ = "rq.exceptions"

    def __init__(self, message: str, enqueued: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.enqueued = list(enqueued)


@contextmanager
def telling_that_it_is_full(enqueued: Sequence[str] = (), count: int = 1) -> Iterator[None]:
    """Say in words of our own that the server takes in nothing more.

    Args:
        enqueued: the ids of the jobs that were enqueued; looked at when there is an error.
        count: how many are to be enqueued in all.

    Raises:
        QueueFullError: if that is what an error means.
    """
    try:
        yield
    except OutOfMemoryError as error:
        so_far = f"; {len(enqueued)} of the {count} jobs of this call were enqueued before" if count > 1 else ""
        message = f"The server's memory is full, and it takes in no job{so_far} ({error}). Workers go on and make room: try again, or raise its maxmemory"
        raise QueueFullError(message, enqueued) from error
