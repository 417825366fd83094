"""The life of a job process: forked ahead of its job, it waits for the attempt, runs it, hands in the report and ends.

After user code ran, nothing in this process can be trusted: functions may be patched, descriptors closed, handlers
replaced. What is needed then is bound to names of this module when it is imported, and the socket lies where
`os.closerange(0, 1024)` does not reach.
"""

import _signal  # type: ignore[import-not-found]
import array
import gc
import os
import resource
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from rq.core.formats import compress
from rq.core.serializers import DefaultSerializer, Serializer
from rq.model.outcome import Outcome
from rq.runtime.executors.base import Attempt, Run
from rq.runtime.executors.called_module import called_module
from rq.runtime.executors.channel import (
    HEADER,
    CallbackBegan,
    JobReport,
    decode_attempt,
    encode_attempt,
    encode_callback_began,
    encode_output_began,
    encode_report,
)
from rq.runtime.executors.job_run import CurrentAttempt, outcome_of, perform, run_attempt
from rq.runtime.executors.memory_limit import memory_limit
from rq.runtime.executors.output import Keeper, make_shared_memory
from rq.runtime.executors.process_control import MAXRSS_DIVISOR, Identity, die_with_parent, identity_of
from rq.runtime.executors.serializer_reference import SerializerReference

# The exit status of a job process that could not hand in its report (EX_SOFTWARE).
EXIT_WITHOUT_REPORT = 70
_CHUNK_BYTES = 1024 * 1024
# What jobs with callbacks, and those that ask for their job and its connection, need.
_OUR_MODULES = ("rq.runtime.executors.through_job", "rq.store.connection")

_exit, _getpid, _getrusage, _write, _close = os._exit, os.getpid, resource.getrusage, os.write, os.close
_Socket, _AF_UNIX, _SOCK_STREAM, _SOL_SOCKET, _SCM_RIGHTS = socket.socket, socket.AF_UNIX, socket.SOCK_STREAM, socket.SOL_SOCKET, socket.SCM_RIGHTS
_INT_BYTES = array.array("i").itemsize


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What every job process of an executor knows before it has a job.

    Attributes:
        worker_name: For RQ_WORKER_ID; empty: not set.
        serializer: What the stock way of running jobs uses, or a reference to it.
        connection_settings: Handed to user code that asks for a connection; opaque here.
        run: Another way of running an attempt; None means `run_attempt` with `serializer`.
        job_class: What jobs are made of, or the dotted path of that; None means RQ's own.
        exception_handlers: What is called when an attempt failed, or the dotted paths of that.
        output_bytes: How much is kept of what a job prints; 0: nothing.
        memory_limit_mib: How much memory a job process may have; None: no limit.
    """

    worker_name: str
    serializer: Serializer | SerializerReference
    connection_settings: bytes | None = None
    run: Run | None = None
    job_class: type[Any] | str | None = None
    exception_handlers: Sequence[Callable[..., Any] | str] = ()
    output_bytes: int = 0
    memory_limit_mib: int | None = None

    def run_here(self, attempt: Attempt) -> Outcome:
        """Run `attempt` in this process."""
        if self.run is not None and not attempt.is_stopped:
            return self.run(attempt)
        serializer = self.serializer
        return run_attempt(attempt, serializer.load() if isinstance(serializer, SerializerReference) else serializer)


_REHEARSAL = encode_attempt(Attempt("", "", "", 0, 1.0, {b"data": compress(DefaultSerializer.dumps(("builtins.repr", None, (0,), {})))}))[HEADER.size :]
_REHEARSAL_SETTINGS = JobSettings("", DefaultSerializer)


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What all job processes of one zygote get from it.

    Attributes:
        zygote_pid: The process they must not outlive.
        fds: Descriptors of the zygote to close.
        modules: The names of the modules that are imported already.
        signal_mask: The mask to restore.
        on_child_end: The handler of SIGCHLD to restore; None if it cannot be.
        fd_limits: The limits of descriptors to restore, soft and hard.
        settings: The executor's.
        is_replaced: Whether methods of `Job` were replaced before the fork.
        keeper: What the streams give a copy of all that is written to them; None if that is not kept.
    """

    zygote_pid: int
    fds: tuple[int, ...]
    modules: frozenset[str]
    signal_mask: frozenset[int]
    on_child_end: Any
    fd_limits: tuple[int, int]
    settings: JobSettings
    is_replaced: bool
    keeper: Keeper | None


def live(inherited: Inheritance, fd: int, supervisor_end: int, identity: Identity) -> NoReturn:
    """Be a job process; called in the fresh child.

    Every page of memory that is written to from here on is copied first, so there is little code before the attempt.

    Args:
        inherited: What the zygote has for all of its job processes.
        fd: This end of the socket to the supervisor.
        supervisor_end: The other end, to close.
        identity: Which socket `fd` is.
    """
    status = EXIT_WITHOUT_REPORT
    try:
        _detach(inherited, supervisor_end)
        _serve(_Link(fd, identity), inherited)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get back into the stack of the zygote
        traceback.print_exc()
    finally:
        flush_output()
        _exit(status)


def _serve(link: "_Link", inherited: Inheritance) -> None:
    """Wait for an attempt, run it, and hand in the report. Copies that the job forked of this process hand in none."""
    settings = inherited.settings
    _rehearse()
    if inherited.keeper is not None:
        inherited.keeper.begin(link.share_output)
    body = link.receive()
    if body is None:
        return
    attempt = decode_attempt(body)
    del body
    if settings.memory_limit_mib is not None:
        memory_limit.set(settings.memory_limit_mib)
    outcome = _run(attempt, settings, inherited.is_replaced, link.tell_callback_began)
    if _getpid() != link.owner_pid:
        return
    try:
        report = encode_report(_report(outcome, attempt, inherited))
    except Exception as error:  # noqa: BLE001 - no memory, or no plain bytes: a failure, not a crash
        report = encode_report(_report(outcome_of(error, attempt), attempt, inherited))
    link.send(report)


def _run(attempt: Attempt, settings: JobSettings, is_replaced: bool, on_callback: Callable[[float | None], None] | None = None) -> Outcome:
    os.environ["RQ_JOB_ID"] = attempt.job_id
    os.environ["RQ_EXECUTION_ID"] = attempt.execution_id
    _reseed()
    current = CurrentAttempt(attempt, settings.connection_settings, None, settings.job_class, is_replaced, on_callback, settings.exception_handlers)
    return perform(current, settings.run_here)


def _rehearse() -> None:
    """Run a job that does nothing: the pages of memory that every job writes to are copied now, while there is time."""
    _run(decode_attempt(_REHEARSAL), _REHEARSAL_SETTINGS, is_replaced=False)


def _report(outcome: Outcome, attempt: Attempt, inherited: Inheritance) -> JobReport:
    used = _getrusage(resource.RUSAGE_SELF)
    try:
        module = called_module(attempt.fields.get(b"data", b""), inherited.modules) or _our_module(inherited.modules)
    except Exception:  # noqa: BLE001 - a job may have replaced sys.modules; this is a hint only
        module = None
    return JobReport(outcome, used.ru_maxrss // MAXRSS_DIVISOR, used.ru_utime + used.ru_stime, module)


def _our_module(known: frozenset[str]) -> str | None:
    """Return a module of this package that the job had to import and that the next ones may need as well."""
    if len(sys.modules) == len(known):
        return None  # nearly always, see `called_module`
    return next((name for name in _OUR_MODULES if name in sys.modules and name not in known), None)


# --- the process ------------------------------------------------------------------------------------------------------


def _detach(inherited: Inheritance, supervisor_end: int) -> None:
    """Become a process of its own kind: own group, ordinary signals, bound to the life of its zygote."""
    os.setpgrp()
    if not die_with_parent(inherited.zygote_pid):
        _exit(EXIT_WITHOUT_REPORT)
    _signal.set_wakeup_fd(-1)
    os.close(supervisor_end)
    for fd in inherited.fds:
        os.close(fd)
    # Not through the module signal: it turns numbers into enums, and that writes to fifty more pages.
    if inherited.on_child_end is not None:
        _signal.signal(_signal.SIGCHLD, inherited.on_child_end)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, inherited.signal_mask)
    resource.setrlimit(resource.RLIMIT_NOFILE, inherited.fd_limits)
    gc.enable()


def _reseed() -> None:
    """Give this job random numbers of its own. The stdlib's `random` reseeds itself after a fork; numpy's does not."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def flush_output() -> None:
    """Write out what Python buffers of stdout and stderr, if that is possible."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # closed, replaced or broken by the job: its output, its choice
            stream.flush()


# --- the socket -------------------------------------------------------------------------------------------------------


class _Link:
    """This process's end of the socket to the supervisor."""

    def __init__(self, fd: int, identity: Identity) -> None:
        self.owner_pid = _getpid()
        self._fd = fd
        self._identity = identity

    def receive(self) -> bytes | None:
        """Wait for a frame and return its body; None if the supervisor closed the socket."""
        header = self._read(HEADER.size)
        return None if header is None else self._read(HEADER.unpack(header)[0])

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            OSError: The socket is gone: the job closed it, and perhaps opened something of the same number, which is
                left alone.
        """
        if identity_of(self._fd) != self._identity:
            raise OSError("the job closed the socket to its supervisor; its outcome is lost")
        view = memoryview(data)
        while view:
            view = view[_write(self._fd, view) :]

    def tell_callback_began(self, limit_seconds: float | None) -> None:
        """Tell the supervisor that the function is over and a callback begins. A copy of this process, forked by the job, ends instead.

        Raises:
            OSError: The socket is gone.
        """
        if _getpid() != self.owner_pid:
            flush_output()
            _exit(0)
        self.send(encode_callback_began(CallbackBegan(limit_seconds)))

    def share_output(self, size: int) -> Any:
        """Return memory for what this process prints, that the supervisor can read.

        Raises:
            OSError: The socket is gone, or the system refuses; or a copy of this process, forked by the job, asks.
        """
        if _getpid() != self.owner_pid or identity_of(self._fd) != self._identity:
            raise OSError("nobody would read it")
        memory, fd = make_shared_memory(size)
        end = _Socket(_AF_UNIX, _SOCK_STREAM, 0, self._fd)
        try:
            end.sendmsg([encode_output_began()], [(_SOL_SOCKET, _SCM_RIGHTS, fd.to_bytes(_INT_BYTES, sys.byteorder))])
        finally:
            end.detach()
            _close(fd)
        return memory

    def _read(self, size: int) -> bytes | None:
        chunks: list[bytes] = []
        while size > 0:
            chunk = os.read(self._fd, min(size, _CHUNK_BYTES))
            if not chunk:
                return None
            chunks.append(chunk)
            size -= len(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
