"""The answers of the transitions, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from rq.core.errors import CorruptDataError
from rq.store.calls import text, text_of_bytes
from rq.store.codec import decode_fields


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of a job that was to be put into a queue.

    Args:
        code: ok; dup (the call was answered before); exists (it was to be unique); cycle, deep (what it depends on); absent, refused, gone (see `requeue`).
        status: where the job stands now.
        enqueued_at: the server's date; '' unless the code is ok.
    """

    code: str
    status: str
    enqueued_at: str


class ClaimedJob(NamedTuple):
    """One job that now belongs to one execution of the worker that claimed it. `fields` is the job's raw hash."""

    queue: str
    job_id: str
    execution_id: str
    fields: dict[bytes, bytes]


@dataclass(slots=True)  # frozen ones are slow to make, and a job is waiting
class Claimed:
    """The answer to a claim.

    Args:
        code: ok; replay (the same call was answered before: the same jobs); stale (a later call was answered before); suspended (no job of these queues
            may begin here); unknown (the worker is not registered and must register first). Of a claim that was left at the server: idle (there was nothing
            to take), busy (the worker waited no more).
        jobs: in the order in which they were taken.
        next_due_seconds: when the next scheduled job of these queues is due; 0 if there is more to claim at once; None if nothing is scheduled.
        given_back: how many ids that had woken waiting workers were found; those that were not taken went back to their queue.
        paused: those of the queues that give no jobs.
        all_suspended: of suspended: whether all workers are, and not this one alone or its queues.
        sequence: of a claim that was left at the server: its number, if it was carried out; of busy: that of the last claim; else 0.
    """

    code: str
    jobs: list[ClaimedJob] = field(default_factory=list)
    next_due_seconds: float | None = None
    given_back: int = 0
    paused: tuple[str, ...] = ()
    all_suspended: bool = False
    sequence: int = 0

    @property
    def suspended_part(self) -> str:
        """What is suspended if no job of these queues may begin here: everything, all the queues, or the worker."""
        return "everything" if self.all_suspended else "queues" if self.paused else "worker"


class Settled(NamedTuple):
    """The answer to an exit (finish, fail, release).

    Args:
        code: ok; dup (this attempt wrote its outcome before); superseded (the job was enqueued anew meanwhile); gone (it was deleted); fenced (the lease was
            lost); badtype.
        detail: the job's new status, or for other codes what is known.
        claimed: the answer to the claim that rode along, None if none did.
        leaves_dependents: whether some of those who wait for the job still have to be told (see `store.dependents`).
    """

    code: str
    detail: str
    claimed: Claimed | None = None
    leaves_dependents: bool = False


def read_code(reply: Any) -> str:
    """Return the first item of a reply: its code."""
    return text(reply[0])


def check_list(queue: str, reply: Any) -> None:
    """Refuse an answer about a queue that is none.

    Raises:
        CorruptDataError: for badtype.
    """
    if read_code(reply) == "badtype":
        message = f"Queue {queue}: its key holds something that is no list; delete that key"
        raise CorruptDataError(message)


def read_enqueued(job_id: str, reply: Any) -> Enqueued:
    """Read the reply of `enqueue` or `requeue`.

    Raises:
        CorruptDataError: for badtype: something else stands where the job's hash, its queue or its registry should be.
    """
    answer = _enqueued(*reply)
    if answer.code == "badtype":
        message = f"Job {job_id} was not enqueued: the key {answer.status} holds something of another type; delete that key, or use another id or queue"
        raise CorruptDataError(message)
    return answer


@lru_cache(maxsize=16)  # the jobs of one call are all answered alike
def _enqueued(code: bytes | str, status: bytes | str, enqueued_at: bytes | str = "") -> Enqueued:
    return Enqueued(text(code), text(status), text(enqueued_at))


def read_wait(milliseconds: Any) -> float | None:
    """Read 'milliseconds until something is due' as seconds; None for ''."""
    return None if milliseconds in {b"", ""} else int(milliseconds) / 1000


def read_claimed(reply: Any) -> Claimed:
    """Read the reply of `claim`. Of a field that it names twice, the later value holds."""
    code, jobs, wait, given_back, *more = reply
    name = text_of_bytes if type(code) is bytes else text
    claimed = [ClaimedJob(name(queue), name(job_id), name(execution_id), decode_fields(fields)) for queue, job_id, execution_id, fields in jobs]
    paused = read_names(more[0]) if more and more[0] else ()
    return Claimed(name(code), claimed, read_wait(wait), int(given_back), paused, bool(more[1:] and more[1]), int(more[2]) if more[2:] else 0)


def read_names(reply: Any) -> tuple[str, ...]:
    """Read a list of names."""
    return tuple(text(name) for name in reply)


def read_settled(reply: Any) -> Settled:
    """Read the reply of an exit, with the claim that may have ridden along."""
    code, detail, claimed, later = (*reply, "", "")[:4]  # a put-back answers less
    return Settled(text(code), text(detail), read_claimed(claimed) if claimed else None, bool(later))


def read_triples(flat: list[Any]) -> list[tuple[str, str, str]]:
    """Read a flat list of three texts each."""
    texts = [text(item) for item in flat]
    return list(zip(texts[::3], texts[1::3], texts[2::3], strict=True))
