"""Results written by hand. Workers need none of this: the step that ends an attempt writes what came of it."""

from __future__ import annotations

from typing import Any

from rq.core.errors import CorruptDataError
from rq.model.result import ResultRecord
from rq.store.calls import Argument, Call, text, wire
from rq.store.codec import encode_result
from rq.store.replies import read_code
from rq.store.scripts import ScriptLibrary


def add_result(scripts: ScriptLibrary, job_id: str, record: ResultRecord, ttl: int | None) -> Call[str]:
    """Add a result of a job. Returns the id of its entry.

    Args:
        scripts: the keyspace's scripts.
        job_id: the job.
        record: the result; its own id and moment do not count, the server gives them.
        ttl: in how many seconds all results of the job expire: -1 never, 0 at once; None leaves that as it is.

    Raises:
        CorruptDataError: if their key holds something else.
    """

    def read(reply: Any) -> str:
        if read_code(reply) == "badtype":
            message = f"Job {job_id}: its results were not written, because their key holds something that is no stream; delete that key"
            raise CorruptDataError(message)
        return text(reply[1])

    seconds: Argument = "" if ttl is None else ttl
    fields = [part for field in encode_result(record).items() for part in field]
    return Call(read, (seconds, *fields), scripts.script("add_result"), (scripts.keyspace.results(job_id),))


def delete_results(scripts: ScriptLibrary, job_id: str) -> Call[bool]:
    """Delete all results of a job. Returns whether there were any."""
    return Call(bool, ("DEL", wire(scripts.keyspace.results(job_id))))
