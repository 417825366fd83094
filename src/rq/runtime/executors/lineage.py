"""The zygotes of one executor, one after another: which one forks now, which comes next, which retire.

The root never imports user code. When a job's function came from a module that no zygote has, a branch of the current
zygote imports it and takes over once it is ready: forks go on meanwhile, and a branch whose import fails, hangs or
leaves something behind is dropped, its module excluded. When a source file that the current zygote read has changed,
the root forks again, at once, and the next branch grows from it. A retired zygote stays until its last job process has
ended.
"""

import os
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from rq.runtime.executors.channel import (
    Branch,
    Branched,
    CannotBranch,
    CannotFork,
    Fork,
    Forked,
    Gone,
    Importing,
    Message,
    Ready,
    Unfit,
)
from rq.runtime.executors.failures import Failures
from rq.runtime.executors.handles import START_SECONDS, JobProcess, ZygoteHandle
from rq.runtime.executors.sources import SourceWatch

# After the death of a zygote with preloaded modules nothing is preloaded for this long: a job may be killing its parent
# each time.
_PAUSE_SECONDS = 10.0
# Zygotes that were dismissed are killed after this.
_DISMISSAL_SECONDS = 3.0


class Listener(Protocol):
    """Who is told what the zygotes report."""

    def on_forked(self, process: JobProcess) -> None:
        """A job process of the current zygote waits for an attempt."""

    def on_gone(self, process: JobProcess, gone: Gone) -> None:
        """A job process ended."""

    def on_lost(self, process: JobProcess) -> None:
        """The zygote of a job process ended, and the process with it."""

    def on_succession(self) -> None:
        """Another zygote forks from now on; spares of others are out of date."""

    def on_hopeless(self, reason: str) -> None:
        """Starting job processes keeps failing."""


class Lineage:
    """The root, the current zygote, the candidate for its succession, and the retired.

    Args:
        start_root: Starts a first zygote.
        selector: Where channels are registered, with their handle as data.
        listener: Who is told.
        modules: What to preload without waiting for a job that needs it.
        learns: Whether to preload the modules of jobs.
    """

    def __init__(
        self,
        start_root: Callable[[], ZygoteHandle],
        selector: selectors.BaseSelector,
        listener: Listener,
        modules: Iterable[str],
        learns: bool,
    ) -> None:
        self._start_root = start_root
        self._selector = selector
        self._listener = listener
        self._learns = learns
        self._wanted: dict[str, None] = dict.fromkeys(modules)
        self.excluded: dict[str, str] = {}
        self._watch = SourceWatch()
        self._root: ZygoteHandle | None = None
        self._current: ZygoteHandle | None = None
        self._candidate: ZygoteHandle | None = None
        self._branching: ZygoteHandle | None = None
        self._retired: set[ZygoteHandle] = set()
        self._paused_until = 0.0
        self._failures = Failures()

    # --- what the executor asks for -----------------------------------------------------------------------------------

    @property
    def current(self) -> ZygoteHandle | None:
        """The zygote that forks now."""
        return self._current

    def start(self) -> None:
        """Start the root.

        Raises:
            OSError: The system refuses.
        """
        self._current = self._root = self._adopt(self._start_root())
        self._consider_branch()

    def ensure_forks(self, count: int) -> None:
        """See to it that `count` job processes are on their way; starts a zygote if there is none."""
        if count <= 0 or self._failures.retry_at is not None:
            return
        if self._current is None:
            try:
                self.start()
            except OSError as error:
                self._count_failure(f"no zygote can be started: {error}")
        if self._current is not None and count > self._current.forks_due:
            self._current.order(Fork(count - self._current.forks_due))
            self._current.forks_due = count

    def learn(self, module: str) -> None:
        """Preload a module that a job had to import itself, unless it turned out to be unfit."""
        if self._learns and module not in self.excluded:
            self._wanted[module] = None
            self._consider_branch()

    def refresh(self) -> None:
        """Have the root fork again if a file changed that the current zygote read, and preload anew meanwhile."""
        if self._current is None or not self._watch.has_changed():
            return
        self._wanted = dict.fromkeys(self._current.modules)
        self.excluded.clear()
        self._watch.watch(())
        self._drop_candidate()
        self._succeed(self._root)
        self._consider_branch()

    def receive(self, zygote: ZygoteHandle) -> None:
        """Deal with what arrived on a zygote's channel."""
        received = zygote.receive()
        for message, fd in received or ():
            self._on_message(zygote, message, fd)
        if received is None:
            self._on_end(zygote)

    def next_deadline(self) -> float | None:
        """Return when to call `enforce`; None: no need."""
        starting = [zygote.deadline for zygote in (self._root, self._candidate) if zygote and not zygote.is_ready]
        return min([*starting, *([] if self._failures.retry_at is None else [self._failures.retry_at])], default=None)

    def enforce(self, now: float) -> None:
        """Give up on zygotes that do not become ready, and allow the next try after a failure."""
        self._failures.let_retry(now)
        if self._root and not self._root.is_ready and self._root.deadline <= now:
            self._root.kill()
            self._root.deadline = now + START_SECONDS
        candidate = self._candidate
        if candidate and candidate.deadline <= now:
            self._exclude(candidate.importing, f"importing it took longer than {START_SECONDS:g} seconds")
            self._drop_candidate()
            self._consider_branch()

    def close(self) -> None:
        """End all zygotes and their job processes, and wait until they have ended."""
        self._drop_candidate()
        zygotes = {zygote for zygote in (self._root, self._current, *self._retired) if zygote}
        for zygote in zygotes:
            zygote.dismiss()
        deadline = time.monotonic() + _DISMISSAL_SECONDS
        for zygote in zygotes:
            self._see_off(zygote, deadline)
        self._root = self._current = None
        self._retired.clear()

    def _see_off(self, zygote: ZygoteHandle, deadline: float) -> None:
        """Read the channel of a dismissed zygote to its end, or kill the zygote at the deadline."""
        with selectors.DefaultSelector() as selector:
            selector.register(zygote, selectors.EVENT_READ)
            while True:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    zygote.kill()
                    break
                received = zygote.receive()
                if received is None:
                    break
                for _, fd in received:
                    if fd >= 0:  # of a process that is about to learn of its end by this
                        os.close(fd)
        self._release(zygote)

    # --- what zygotes say ---------------------------------------------------------------------------------------------

    def _on_message(self, zygote: ZygoteHandle, message: Message, fd: int) -> None:
        match message:
            case Forked(pid):
                self._on_forked(zygote, pid, fd)
            case Gone(pid):
                process = zygote.processes.pop(pid, None)
                if process is not None:
                    self._listener.on_gone(process, message)
                self._dismiss_if_done(zygote)
            case CannotFork(reason):
                zygote.forks_due -= 1
                self._count_failure(f"no job process can be forked: {reason}")
            case Ready():
                self._on_ready(zygote, message)
            case _:
                self._on_message_about_branch(zygote, message, fd)

    def _on_message_about_branch(self, zygote: ZygoteHandle, message: Message, fd: int) -> None:
        match message:
            case Branched(pid):
                self._on_branched(zygote, pid, fd)
            case CannotBranch():
                self._branching = None
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
            case Importing(module):
                zygote.importing, zygote.deadline = module, time.monotonic() + START_SECONDS
            case Unfit(module, reason):
                self._exclude(module, reason)

    def _on_forked(self, zygote: ZygoteHandle, pid: int, fd: int) -> None:
        zygote.forks_due -= 1
        if fd < 0:
            self._count_failure("this process has no descriptor left for another job process")
            return
        self._failures.end()
        process = zygote.processes[pid] = JobProcess(pid, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd), zygote)
        if zygote is self._current:
            self._listener.on_forked(process)
        else:
            process.close()

    def _on_ready(self, zygote: ZygoteHandle, ready: Ready) -> None:
        zygote.is_ready, zygote.modules, zygote.sources = True, ready.modules, ready.sources
        if zygote is self._candidate:
            self._candidate = None
            self._watch.watch(zygote.sources)
            self._succeed(zygote)
        self._consider_branch()

    def _on_branched(self, zygote: ZygoteHandle, pid: int, fd: int) -> None:
        if fd < 0:
            self._branching = None
            return
        branch = ZygoteHandle(pid, socket.socket(fileno=fd), time.monotonic() + START_SECONDS)
        if zygote is self._branching:
            self._branching = None
            self._candidate = self._adopt(branch)
        else:  # ordered before the files changed
            branch.kill()
            branch.close()

    def _on_end(self, zygote: ZygoteHandle) -> None:
        """Deal with the death of a zygote that nobody dismissed."""
        self._release(zygote)
        if zygote is self._branching:
            self._branching = None
        if zygote is self._candidate:
            self._candidate = None
            self._exclude(zygote.importing, "importing it ended the process")
            self._consider_branch()
            return
        lost = list(zygote.processes.values())
        zygote.processes.clear()
        self._retired.discard(zygote)
        if zygote is self._root:
            self._root = None
            if not zygote.is_ready:
                self._count_failure("the zygote ended before it was ready; what it wrote to stderr says why")
        if zygote is self._current:
            self._current = None
            self._paused_until = time.monotonic() + _PAUSE_SECONDS
            self._watch.watch(())
            self._succeed(self._root)
        for process in lost:
            self._listener.on_lost(process)

    # --- succession ---------------------------------------------------------------------------------------------------

    def _succeed(self, zygote: ZygoteHandle | None) -> None:
        """Make `zygote` the current one and retire the one before."""
        old, self._current = self._current, zygote
        if old is not None and old is not self._root:
            self._retired.add(old)
        self._listener.on_succession()
        if old is not None:
            self._dismiss_if_done(old)

    def _consider_branch(self) -> None:
        """Order a branch if the current zygote lacks a module, unless one is under way."""
        parent = self._current
        if parent is None or self._candidate or self._branching or time.monotonic() < self._paused_until:
            return
        lacking = tuple(name for name in self._wanted if name not in parent.modules and name not in self.excluded)
        if lacking:
            self._branching = parent
            parent.order(Branch(lacking))

    def _exclude(self, module: str | None, reason: str) -> None:
        if module is not None:
            self.excluded.setdefault(module, reason)

    def _drop_candidate(self) -> None:
        self._branching = None
        if self._candidate is not None:
            self._candidate.kill()
            self._release(self._candidate)
            self._candidate = None

    def _dismiss_if_done(self, zygote: ZygoteHandle) -> None:
        if zygote in self._retired and not zygote.processes and not zygote.forks_due:
            self._retired.remove(zygote)
            self._release(zygote)

    # --- bookkeeping --------------------------------------------------------------------------------------------------

    def _adopt(self, zygote: ZygoteHandle) -> ZygoteHandle:
        self._selector.register(zygote, selectors.EVENT_READ, zygote)
        return zygote

    def _release(self, zygote: ZygoteHandle) -> None:
        """Let go of a zygote that ended or shall end."""
        self._selector.unregister(zygote)
        zygote.bury()

    def _count_failure(self, reason: str) -> None:
        self._failures.add(time.monotonic())
        if self._failures.are_hopeless:
            self._listener.on_hopeless(reason)
