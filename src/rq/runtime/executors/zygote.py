"""The zygote: a quiet process with one thread that does nothing but fork, so that forking is cheap and safe.

It forks job processes, and zygotes that have more modules than itself (branches), tells the supervisor about both, and
reaps the job processes. It never imports user code while it serves: a branch imports before it takes its first order,
and is given up if the import goes wrong. So whatever a module does when it is imported hurts neither running jobs nor
waiting ones.

When the supervisor is gone (the channel ends, even by SIGKILL) it kills every job process with its process group, and
ends.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn

from rq.runtime.executors import preload
from rq.runtime.executors.channel import (
    Branch,
    Branched,
    CannotBranch,
    CannotFork,
    Channel,
    Fork,
    Forked,
    Gone,
    Importing,
    Ready,
    Unfit,
)
from rq.runtime.executors.introduction import be_introduced
from rq.runtime.executors.job_process import Inheritance, live, practise
from rq.runtime.executors.job_run import is_job_replaced
from rq.runtime.executors.job_settings import JobSettings
from rq.runtime.executors.link import flush_output
from rq.runtime.executors.output import Keeper, tees
from rq.runtime.executors.process_control import (
    MAXRSS_DIVISOR,
    adopt_orphans,
    identity_of,
    is_alive,
    kill_group,
    move_high,
    raise_fd_limit,
    reap_child,
)
from rq.runtime.executors.sources import SourceRecorder

# Signals meant for the supervisor that reach its whole process group. A zygote ends when the supervisor does, not
# before.
_NOT_FOR_ZYGOTES = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
# The end of the channel tells that the supervisor is gone; but a process it forked may hold the other end open.
_LOOK_FOR_SUPERVISOR_SECONDS = 5.0
# Job processes that were killed are gone after this, or will not go at all.
_LAST_CHILDREN_SECONDS = 2.0

# What a fresh interpreter runs; its arguments are a title for process lists, the channel's descriptor and sys.path.
PROGRAM = "import sys; sys.path[:] = sys.argv[3:]; from rq.runtime.executors.zygote import main; main()"
TITLE = "rq:zygote"


def main() -> NoReturn:
    """Be the zygote of a fresh interpreter (see `PROGRAM`)."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, int(sys.argv[2]))
    settings, supervisor_pid = be_introduced(end)
    be_zygote(end, settings, supervisor_pid, [])


def be_zygote(end: socket.socket, settings: JobSettings, supervisor_pid: int, fds: Iterable[int]) -> NoReturn:
    """Be the first zygote of a supervisor in this process, which was started for it or just forked.

    Args:
        end: This end of the channel.
        settings: For the job processes.
        supervisor_pid: The process not to outlive.
        fds: Descriptors of the supervisor that must not stay open here.
    """
    try:
        for fd in fds:
            os.close(fd)
        adopt_orphans()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if settings.worker_name:
            os.environ["RQ_WORKER_ID"] = settings.worker_name
        Zygote(Channel(end), settings, supervisor_pid).serve()
    except BaseException:  # noqa: BLE001 - nothing may get back into the stack of the program that was forked
        traceback.print_exc()
    finally:
        os._exit(1)


class Zygote:
    """The state of a zygote, and what it does on orders from its channel and when children end."""

    def __init__(self, channel: Channel, settings: JobSettings, supervisor_pid: int) -> None:
        self._channel = channel
        self._settings = settings
        self._supervisor_pid = supervisor_pid
        self._jobs: set[int] = set()
        self._branches: set[int] = set()
        self._modules: tuple[str, ...] = ()
        self._recorder = SourceRecorder()
        self._signal_mask = frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        self._on_child_end: Any = signal.getsignal(signal.SIGCHLD)
        self._fd_limits = raise_fd_limit()
        self._wake_read = self._wake_write = -1
        # The same in all branches: their streams have it already. Job processes say where it is to keep what they write.
        self._keeper = Keeper(settings.output_bytes) if settings.output_bytes else None

    def serve(self) -> NoReturn:
        """Take orders until the supervisor is gone."""
        try:
            inherited = self._become_quiet()
            if not self._modules:  # a branch has it from the zygote that it was forked of
                practise(inherited)
            self._channel.send(Ready(self._modules, tuple(self._recorder.sources.values())))
            poll = select.poll()
            poll.register(self._channel.fileno(), select.POLLIN)
            poll.register(self._wake_read, select.POLLIN)
            while True:
                events = poll.poll(_LOOK_FOR_SUPERVISOR_SECONDS * 1000)
                if not events and not is_alive(self._supervisor_pid):
                    break
                for fd, _ in events:
                    if fd == self._wake_read:
                        self._reap()
                    elif not self._obey(inherited):
                        self._end()
        except OSError:
            pass  # the channel broke: the supervisor is gone
        self._end()

    def _obey(self, inherited: Inheritance) -> bool:
        """Carry out the orders that arrived; False when the supervisor is gone."""
        received = self._channel.receive()
        for message, _ in received or ():
            if isinstance(message, Fork):
                for _ in range(message.processes):
                    self._fork_job_process(inherited)
            elif isinstance(message, Branch):
                self._fork_branch(message.modules)
        return received is not None

    # --- job processes ----------------------------------------------------------------------------------------------

    def _fork_job_process(self, inherited: Inheritance) -> None:
        fds: list[int] = []
        try:
            fds += (end.detach() for end in socket.socketpair())
            fds[1] = move_high(fds[1])
            identity = identity_of(fds[1])
            pid = os.fork()
        except OSError as error:
            self._channel.send(CannotFork(str(error)))
        else:
            if pid == 0:
                live(inherited, fds[1], fds[0], identity)
            self._jobs.add(pid)
            self._channel.send(Forked(pid), fds[0])
        for fd in fds:
            os.close(fd)

    def _reap(self) -> None:
        """Take leave of the children that ended, and report the job processes among them."""
        self._drain_wake_ups()
        while (ended := reap_child(self._kill_what_it_started)) is not None:
            pid, status, used = ended
            self._branches.discard(pid)
            if pid in self._jobs:
                self._jobs.remove(pid)
                seconds = used.ru_utime + used.ru_stime
                self._channel.send(Gone(pid, status, used.ru_maxrss // MAXRSS_DIVISOR, seconds))

    def _kill_what_it_started(self, pid: int) -> None:
        if pid in self._jobs:
            kill_group(pid)

    def _drain_wake_ups(self) -> None:
        with suppress(BlockingIOError):  # somebody drained them before
            os.read(self._wake_read, 4096)

    # --- branches ---------------------------------------------------------------------------------------------------

    def _fork_branch(self, modules: tuple[str, ...]) -> None:
        try:
            theirs, own = socket.socketpair()
        except OSError as error:
            self._channel.send(CannotBranch(str(error)))
            return
        with theirs, own:
            try:
                pid = os.fork()
            except OSError as error:
                self._channel.send(CannotBranch(str(error)))
                return
            if pid == 0:
                theirs.close()
                self._become_branch(own, modules)
            self._branches.add(pid)
            self._channel.send(Branched(pid), theirs.fileno())

    def _become_branch(self, end: socket.socket, modules: tuple[str, ...]) -> NoReturn:
        """In the fresh child: import `modules` under the conditions of a job, and serve if all went well."""
        try:
            self._become_importer(end)
            for module in modules:
                self._channel.send(Importing(module))
                reason = preload.import_module(module, self._recorder)
                if reason is not None:
                    self._channel.send(Unfit(module, reason))
                    break
                self._modules = (*self._modules, module)
            else:
                flush_output()
                gc.collect()
                self.serve()
        except OSError:
            pass  # the channel broke: nobody waits for this branch any more
        except BaseException:  # noqa: BLE001 - nothing may get back into the loop of the zygote that forked this one
            traceback.print_exc()
        finally:
            kill_group(os.getpid())  # with what the imports started
            os._exit(0)

    # --- the process ------------------------------------------------------------------------------------------------

    def _become_quiet(self) -> Inheritance:
        """Ignore what is not meant for zygotes, wake up when a child ends, and leave memory alone for children to share."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_ZYGOTES)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        if self._keeper is not None:
            tees.install(self._keeper)
        gc.disable()
        gc.freeze()
        handler = self._on_child_end
        return Inheritance(
            zygote_pid=os.getpid(),
            fds=(self._channel.fileno(), self._wake_read, self._wake_write),
            modules=frozenset(sys.modules),
            signal_mask=frozenset(int(number) for number in self._signal_mask),
            on_child_end=int(handler) if isinstance(handler, signal.Handlers) else handler,
            fd_limits=self._fd_limits,
            settings=self._settings,
            is_replaced=is_job_replaced(),
            keeper=self._keeper,
        )

    def _become_importer(self, end: socket.socket) -> None:
        """In a fresh branch: let go of what is the zygote's, and handle signals as job processes do."""
        os.setpgrp()
        signal.set_wakeup_fd(-1)
        self._channel.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._channel = Channel(end)
        self._jobs, self._branches = set(), set()
        if self._on_child_end is not None:
            signal.signal(signal.SIGCHLD, self._on_child_end)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._signal_mask)

    def _end(self) -> NoReturn:
        """Kill the job processes with all they started, see them off, and end."""
        for pid in self._jobs:
            kill_group(pid)
        for pid in self._branches:
            # One that still imports ends; one that serves ignores this, and ends as this one does.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _LAST_CHILDREN_SECONDS
        while self._jobs and time.monotonic() < deadline:
            self._drain_wake_ups()
            ended = reap_child(self._kill_what_it_started)
            if ended is not None:
                self._jobs.discard(ended[0])
            else:
                select.select([self._wake_read], [], [], max(deadline - time.monotonic(), 0))
        os._exit(0)
