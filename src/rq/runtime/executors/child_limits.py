"""When a process that runs many jobs is replaced by a new one."""

from dataclasses import dataclass

from rq.core.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """After which of these, whichever comes first, a long-lived process of jobs is replaced; never in the middle of a job.

    Args:
        max_jobs: So many jobs; None: no limit.
        max_seconds: So many seconds since its start; None: no limit.
        max_memory_kib: A peak of so many KiB of memory (its resident set); None: no limit.

    Raises:
        InvalidOptionError: A limit that nothing stays below (a ValueError).
    """

    max_jobs: int | None = None
    max_seconds: float | None = None
    max_memory_kib: int | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidOptionError(f"{name} is {value}: it must be more than 0")
