"""Identifiers: how they are made, and which ones are accepted.

Made from `os.urandom` directly: the same random (version 4) UUIDs as the `uuid` module's at less cost, and never
repeated in forked processes.
"""

import os
import re

from rq.core.errors import InvalidJobId, OptionTypeError

MAX_JOB_ID_LENGTH = 255

# The digit in which a version 4 UUID tells its variant, that of RFC 9562, by a random one.
_VARIANTS = dict(zip("0123456789abcdef", 4 * "89ab", strict=True))

JOB_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]+")


def _random_uuid_hex() -> str:
    """Return the 32 hexadecimal digits of a fresh version 4 UUID."""
    digits = os.urandom(16).hex()
    return f"{digits[:12]}4{digits[13:16]}{_VARIANTS[digits[16]]}{digits[17:]}"


def new_job_id() -> str:
    """Return a fresh job id: a UUID with dashes."""
    digits = _random_uuid_hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_execution_id() -> str:
    """Return a fresh id for one attempt of a job: the fencing token, 32 hexadecimal digits."""
    return _random_uuid_hex()


def new_name() -> str:
    """Return a fresh name for a worker or a group: 32 hexadecimal digits."""
    return _random_uuid_hex()


def validate_job_id(job_id: object) -> None:
    """Accept a job id that can stand in a key and in a composite `<job id>:<execution id>`.

    Raises:
        OptionTypeError: It is not a str (a TypeError, as with RQ).
        InvalidJobId: It is empty, longer than 255 characters, or has other characters than `A-Z a-z 0-9 _ -`
            (a ValueError, as with RQ).
    """
    if not isinstance(job_id, str):
        raise OptionTypeError(f"A job id is a str, not {type(job_id).__name__}: {job_id!r}")
    if len(job_id) > MAX_JOB_ID_LENGTH:
        raise InvalidJobId(f"A job id has at most {MAX_JOB_ID_LENGTH} characters, this one has {len(job_id)}: {job_id[:40]}...")
    if JOB_ID_PATTERN.fullmatch(job_id) is None:
        raise InvalidJobId(f"A job id consists of letters, digits, underscores and dashes, and is not empty: {job_id!r}")


def split_composite(text: str) -> tuple[str, str]:
    """Split `<job id>:<execution id>` at its last colon; without a colon, the execution id is empty."""
    job_id, colon, execution_id = text.rpartition(":")
    return (job_id, execution_id) if colon else (text, "")
