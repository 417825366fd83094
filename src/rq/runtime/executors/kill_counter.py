"""The suspicion that the kernel killed a job process for want of memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path


class KillCounter:
    """Watches how many processes the kernel has killed for want of memory (Linux): in the control group of this process, or else on this machine.

    Args:
        files: Where to read, the first that exists; each has a line `oom_kill <number>`.
    """

    def __init__(self, files: Iterable[Path] | None = None) -> None:
        candidates = _counting_files() if files is None else files
        self._file = next((path for path in candidates if _read_count(path) is not None), None)
        self._count = self._read()

    def has_grown(self) -> bool:
        """Say whether there are more than when this was asked last, or first made."""
        before, self._count = self._count, self._read()
        return self._count > before

    def _read(self) -> int:
        return (_read_count(self._file) if self._file else None) or 0


def _counting_files() -> Iterator[Path]:
    try:
        group = Path("/proc/self/cgroup").read_text(encoding="utf-8").rpartition("0::/")[2].strip()
    except OSError:
        return
    yield Path("/sys/fs/cgroup") / group / "memory.events"
    yield Path("/proc/vmstat")


def _read_count(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
    except (OSError, ValueError):
        return None
