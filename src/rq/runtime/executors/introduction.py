"""How a fresh interpreter that is to run jobs is told what it has to know."""

import marshal
import os
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from rq.core.references import path_of_class, reference_of
from rq.runtime.executors.channel import HEADER, frame
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.serializer_reference import SerializerReference

if TYPE_CHECKING:
    from rq.runtime.executors.distant_worker import DistantWorker


def introduction(settings: JobSettings, worker: "DistantWorker | None" = None) -> bytes:
    """Return what a fresh interpreter is told first; `settings` name the serializer by reference, class of jobs and handlers by path.

    Args:
        settings: What it has to know.
        worker: The worker through whose methods attempts are run; None: they are run in the usual way.

    Raises:
        InvalidOptionError: One of these cannot be named (a ValueError).
    """
    serializer = settings.serializer
    reference = serializer if isinstance(serializer, SerializerReference) else SerializerReference.of(serializer)
    job_class = settings.job_class
    class_path = path_of_class(job_class) if isinstance(job_class, type) else job_class
    handlers = tuple(handler if isinstance(handler, str) else reference_of(handler).func_name for handler in settings.exception_handlers)
    limits = (settings.output_bytes, settings.memory_limit_mib)
    described = None if worker is None else tuple(worker)
    return frame((settings.worker_name, tuple(reference), settings.connection_settings, class_path, handlers, *limits, described, sys.argv, os.getpid()))


def be_introduced(end: socket.socket) -> tuple[JobSettings, int]:
    """In the fresh interpreter: wait for the introduction, and return the settings and the supervisor's process id; `sys.argv` becomes the supervisor's."""
    end.set_inheritable(False)
    (size,) = HEADER.unpack(_read(end, HEADER.size))
    told = marshal.loads(_read(end, size))  # noqa: S302 - from the supervisor
    name, reference, connection_settings, class_path, handlers, output_bytes, memory_limit, worker, sys.argv, supervisor_pid = told
    settings = JobSettings(name, SerializerReference(*reference), connection_settings, None, class_path, handlers, output_bytes, memory_limit)
    if worker is not None:
        from rq.runtime.executors.distant_worker import DistantRun, DistantWorker  # noqa: PLC0415 - loads the client library, for those few who need it

        settings = replace(settings, run=DistantRun(DistantWorker(*worker), settings))
    return settings, supervisor_pid


def _read(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = end.recv(size - len(data))
        if not chunk:
            sys.exit("The supervisor of this process ended before it said what to do")
        data += chunk
    return bytes(data)
