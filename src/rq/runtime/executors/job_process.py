"""The life of a job process: forked ahead of its job, it waits for the attempt, runs it, hands in the report and ends.

After user code ran, nothing in this process can be trusted: functions may be patched, descriptors closed, handlers
replaced. What is needed then is bound to names of this module when it is imported, and the socket lies where
`os.closerange(0, 1024)` does not reach.
"""

import _signal  # type: ignore[import-not-found]
import gc
import os
import resource
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from rq.core.formats import compress
from rq.core.serializers import DefaultSerializer
from rq.model.outcome import Outcome
from rq.runtime.executors.base import Attempt
from rq.runtime.executors.called_module import called_module
from rq.runtime.executors.channel import (
    HEADER,
    JobReport,
    decode_attempt,
    encode_attempt,
    encode_report,
)
from rq.runtime.executors.job_run import CurrentAttempt, outcome_of, perform
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.link import Link, flush_output
from rq.runtime.executors.memory_limit import memory_limit
from rq.runtime.executors.output import Keeper
from rq.runtime.executors.process_control import MAXRSS_DIVISOR, Identity, die_with_parent, identity_of

# The exit status of a job process that could not hand in its report (EX_SOFTWARE).
EXIT_WITHOUT_REPORT = 70
_REPORT_BYTES = 4096  # more than that of a job that does nothing
# What jobs with callbacks, and those that ask for their job and its connection, need.
_OUR_MODULES = ("rq.runtime.executors.through_job", "rq.store.connection")

_exit, _getpid, _getrusage = os._exit, os.getpid, resource.getrusage


_REHEARSAL_FRAME = encode_attempt(Attempt("", "", "", 0, 1.0, {b"data": compress(DefaultSerializer.dumps(("builtins.repr", None, (0,), {})))}))
_REHEARSAL = _REHEARSAL_FRAME[HEADER.size :]
# After eight calls a function is adapted, and each of its instructions after some more.
_PRACTICES = 20
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
        _serve(Link(fd, identity), inherited)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get back into the stack of the zygote
        traceback.print_exc()
    finally:
        flush_output()
        _exit(status)


def _serve(link: Link, inherited: Inheritance) -> None:
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


def practise(inherited: Inheritance) -> None:
    """In the zygote, before it forks: live the life of a job process some times, with a job that does nothing.

    CPython adapts code to what it meets the first times it runs, and writes that into the code. Job processes share what is adapted already, and run it faster.
    """
    alone = replace(inherited, settings=_REHEARSAL_SETTINGS, is_replaced=False, keeper=None)
    with suppress(OSError):  # no descriptors left: job processes will say so
        ours, theirs = socket.socketpair()
        with ours, theirs:
            link = Link(ours.fileno(), identity_of(ours.fileno()))
            for _ in range(_PRACTICES):
                theirs.sendall(_REHEARSAL_FRAME)
                _serve(link, alone)
                theirs.recv(_REPORT_BYTES)
    for name in ("RQ_JOB_ID", "RQ_EXECUTION_ID"):
        os.environ.pop(name, None)


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
