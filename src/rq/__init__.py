"""RQ: background jobs for Python on Redis and Valkey.

Users import everything from here or from the modules beside this file (`rq.job`, `rq.queue`, `rq.registry`, ...),
the doors.

This is the one door with logic: it looks names up when they are first asked for. The processes that run jobs import
`rq.core` and `rq.model`, and with them this file; they must not pay for the client library, the worker and the
command line, which the names of a plain `import rq` would load. `rq.Queue`, `from rq import Queue` and `import rq;
rq.job.Job` all work as if everything were loaded.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from rq.version import VERSION

if TYPE_CHECKING:  # what type checkers and editors see in the place of `_EXPORTS`
    from rq.connections import Connection as Connection
    from rq.connections import connect as connect
    from rq.connections import get_current_connection as get_current_connection
    from rq.connections import pop_connection as pop_connection
    from rq.connections import push_connection as push_connection
    from rq.connections import use_connection as use_connection
    from rq.job import Callback as Callback
    from rq.job import Retry as Retry
    from rq.job import cancel_job as cancel_job
    from rq.job import get_current_job as get_current_job
    from rq.job import requeue_job as requeue_job
    from rq.queue import Queue as Queue
    from rq.queue import get_failed_queue as get_failed_queue
    from rq.repeat import Repeat as Repeat
    from rq.webhook import Webhook as Webhook
    from rq.worker import SimpleWorker as SimpleWorker
    from rq.worker import SpawnWorker as SpawnWorker
    from rq.worker import Worker as Worker

__version__ = VERSION

# What `from rq import *` gives: RQ's names.
__all__ = [
    "VERSION",
    "Callback",
    "Queue",
    "Repeat",
    "Retry",
    "SimpleWorker",
    "SpawnWorker",
    "Webhook",
    "Worker",
    "__version__",
    "cancel_job",
    "get_current_job",
    "requeue_job",
]

# Exported name -> the door that has it.
_EXPORTS: dict[str, str] = {
    "Callback": "rq.job",
    "Connection": "rq.connections",
    "Queue": "rq.queue",
    "Repeat": "rq.repeat",
    "Retry": "rq.job",
    "SimpleWorker": "rq.worker",
    "SpawnWorker": "rq.worker",
    "Webhook": "rq.webhook",
    "Worker": "rq.worker",
    "cancel_job": "rq.job",
    "connect": "rq.connections",
    "get_current_connection": "rq.connections",
    "get_current_job": "rq.job",
    "get_failed_queue": "rq.queue",
    "pop_connection": "rq.connections",
    "push_connection": "rq.connections",
    "requeue_job": "rq.job",
    "use_connection": "rq.connections",
}

# The doors that can be reached as attributes after a plain `import rq`.
_DOORS: tuple[str, ...] = (
    "aio",
    "command",
    "connections",
    "decorators",
    "defaults",
    "dependency",
    "exceptions",
    "executions",
    "group",
    "intermediate_queue",
    "job",
    "local",
    "logutils",
    "maintenance",
    "queue",
    "registry",
    "repeat",
    "results",
    "scheduler",
    "scripts",
    "serializers",
    "suspension",
    "timeouts",
    "types",
    "utils",
    "webhook",
    "worker",
    "worker_registration",
)


def __getattr__(name: str) -> object:
    """Import the door behind `name` on first use.

    Raises:
        AttributeError: RQ does not have this name.
    """
    if name in _EXPORTS:
        value = getattr(import_module(_EXPORTS[name]), name)
        globals()[name] = value
        return value
    if name in _DOORS:
        return import_module(f"rq.{name}")
    raise AttributeError(f"module 'rq' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what is here and what would be loaded on first use."""
    return sorted({*globals(), *_EXPORTS, *_DOORS})
