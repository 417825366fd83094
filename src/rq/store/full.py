"""A server whose memory is used up (`maxmemory`, with the policy `noeviction`) takes in no job; those that are there are run all the same."""

from redis.exceptions import OutOfMemoryError

from rq.core import errors


class QueueFullError(errors.QueueFullError, OutOfMemoryError):
    """The error of this name, and redis-py's own, which RQ lets through: programs that catch it go on doing so."""


def check_for_room(error: Exception) -> None:
    """Say in words of our own that the server takes in nothing more.

    Raises:
        QueueFullError: if that is what the error means.
    """
    if isinstance(error, OutOfMemoryError) and not isinstance(error, QueueFullError):
        message = f"The server's memory is full, and it takes in no job ({error}); workers go on and make room: try again later, or raise its maxmemory"
        raise QueueFullError(message) from error
