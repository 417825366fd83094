"""A limit of memory for a job process."""

import resource

_MIB = 1024 * 1024


class MemoryLimit:
    """The limit of this process. Beyond it allocations fail, so a job ends with a MemoryError whose traceback names the line that asked for too much.

    What counts is data: memory that is written to and not shared, whether touched or not. Mapped files and reserved addresses do not (Linux; macOS knows no
    such limit, there it has no effect).
    """

    def __init__(self) -> None:
        self._former: tuple[int, int] | None = None

    def set(self, mebibytes: int) -> None:
        """Allow this process, and what it starts, so much."""
        self._former = _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = mebibytes * _MIB
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))

    def lift(self) -> None:
        """Allow what was allowed before; nothing happens if no limit was set."""
        if self._former is not None:
            resource.setrlimit(resource.RLIMIT_DATA, self._former)
            self._former = None


# A process has one.
memory_limit = MemoryLimit()
