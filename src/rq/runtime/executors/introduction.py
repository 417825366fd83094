"""How a fresh interpreter that is to run jobs is told what it has to know."""

import marshal
import os
import socket
import sys

from rq.core.references import path_of_class, reference_of
from rq.runtime.executors.channel import HEADER, frame
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.serializer_reference import SerializerReference


def introduction(settings: JobSettings) -> bytes:
    """Return what a fresh interpreter is told first; `settings` name the serializer by reference, class of jobs and handlers by path.

    Raises:
        InvalidOptionError: One of these cannot be named (a ValueError).
    """
    serializer = settings.serializer
    reference = serializer if isinstance(serializer, SerializerReference) else SerializerReference.of(serializer)
    job_class = settings.job_class
    class_path = path_of_class(job_class) if isinstance(job_class, type) else job_class
    handlers = tuple(handler if isinstance(handler, str) else reference_of(handler).func_name for handler in settings.exception_handlers)
    limits = (settings.output_bytes, settings.memory_limit_mib)
    return frame((settings.worker_name, tuple(reference), settings.connection_settings, class_path, handlers, *limits, sys.argv, os.getpid()))


def be_introduced(end: socket.socket) -> tuple[JobSettings, int]:
    """In the fresh interpreter: wait for the introduction, and return the settings and the supervisor's process id; `sys.argv` becomes the supervisor's."""
    end.set_inheritable(False)
    (size,) = HEADER.unpack(_read(end, HEADER.size))
    told = marshal.loads(_read(end, size))  # noqa: S302 - from the supervisor
    name, reference, connection_settings, class_path, handlers, output_bytes, memory_limit, sys.argv, supervisor_pid = told
    return JobSettings(name, SerializerReference(*reference), connection_settings, None, class_path, handlers, output_bytes, memory_limit), supervisor_pid


def _read(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = end.recv(size - len(data))
        if not chunk:
            sys.exit("The supervisor of this process ended before it said what to do")
        data += chunk
    return bytes(data)
