"""Time as this package writes it down: aware datetimes in UTC, and Unix timestamps.

What the server decides is measured by the server's clock; these functions are for what a user wrote or reads.
"""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment of this machine's clock, aware, in UTC."""
    return datetime.now(UTC)


def current_timestamp() -> int:
    """Return the present moment of this machine's clock in whole Unix seconds, rounded down."""
    return int(time.time())


def as_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC.

    A naive datetime is local time, read with the offset that is in force on its own date (not today's), so a summer
    date given in winter means what the user's wall clock will show. `fold` chooses between the two readings of a
    repeated hour.
    """
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def to_timestamp(moment: datetime) -> float:
    """Return `moment` in Unix seconds; a naive datetime is local time, as in `as_utc`."""
    return as_utc(moment).timestamp()
