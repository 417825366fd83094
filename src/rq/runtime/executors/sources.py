"""Source files, and noticing that they changed, so that a job enqueued after a deploy runs the new code."""

import os
import sys
import time
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from rq.runtime.executors.channel import Source

# Looking at files takes at most this share of the time, however many there are ...
_SHARE_OF_TIME = 0.2
# ... and installed packages change when somebody installs something: looked at this often.
_INSTALLED_SECONDS = 1.0

_STDLIB = os.__file__.removesuffix("os.py")
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def source_of(path: str) -> Source:
    """Return the present state of a file; zeros for one that is missing."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every file before every job; Path costs three times as much
    except OSError:
        return path, 0, 0, 0, 0
    return path, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def is_installed(path: str) -> bool:
    """Tell whether a file belongs to an installed package."""
    return any(folder in path for folder in _INSTALLED)


def is_stdlib(path: str) -> bool:
    """Tell whether a file belongs to Python itself, which does not change under a running process."""
    return path.startswith((_STDLIB, "<")) and not is_installed(path)


class SourceRecorder:
    """Records the files that imports read, in their state before they are read; a file changed a moment later shows.

    It stands first among the meta path finders while modules are imported, and asks the others.
    """

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return what the other finders find."""
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                if spec.has_location and spec.origin:
                    self._record(spec.origin)
                return spec
        return None

    def record_rest(self, known: Iterable[str]) -> None:
        """Record the files of modules that came without being asked for here; `known` modules were there before."""
        for name in sys.modules.keys() - set(known):
            path = getattr(sys.modules[name], "__file__", None)
            if isinstance(path, str):
                self._record(path)

    def _record(self, path: str) -> None:
        if path not in self.sources and not is_stdlib(path):
            self.sources[path] = source_of(path)


class SourceWatch:
    """Tells whether one of the files that it watches changed."""

    def __init__(self) -> None:
        self._own: tuple[Source, ...] = ()
        self._installed: tuple[Source, ...] = ()
        self._next_look = 0.0
        self._next_look_at_installed = 0.0

    def watch(self, sources: Iterable[Source]) -> None:
        """Watch these files, in these states, and no others."""
        found = tuple(sources)
        self._own = tuple(source for source in found if not is_installed(source[0]))
        self._installed = tuple(source for source in found if is_installed(source[0]))
        self._next_look = self._next_look_at_installed = 0.0

    def has_changed(self) -> bool:
        """Look, unless that was done a moment ago, and tell whether a file is not as it was."""
        now = time.monotonic()
        if now < self._next_look or not (self._own or self._installed):
            return False
        changed = _differ(self._own)
        if not changed and now >= self._next_look_at_installed:
            changed = _differ(self._installed)
            self._next_look_at_installed = now + _INSTALLED_SECONDS
        finished = time.monotonic()
        self._next_look = finished + (finished - now) * (1 / _SHARE_OF_TIME - 1)
        return changed


def _differ(sources: tuple[Source, ...]) -> bool:
    return any(source_of(source[0]) != source for source in sources)
