"""Who a worker is: what it writes into its hash, and how to tell whether the process behind another one lives."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from rq.core.ids import new_execution_id
from rq.model.presence import WorkerIdentity
from rq.version import VERSION

if TYPE_CHECKING:
    import redis


def describe_worker(name: str, queues: Sequence[str], ip_address: str) -> WorkerIdentity:
    """Return the identity of a worker in this process; see `own_address` for its address."""
    return WorkerIdentity(
        name=name,
        incarnation=new_execution_id(),
        queues=tuple(queues),
        hostname=socket.gethostname(),
        pid=os.getpid(),
        process_start=process_start(os.getpid()),
        ip_address=ip_address,
        version=VERSION,
        python_version=sys.version,
    )


def process_start(pid: int) -> str:
    """Return a text that no two processes with the same pid share: boot, pid namespace, time of start; '' if there is no such process, or no way to know."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return f"{_machine()}:{stat.rpartition(')')[2].split()[19]}"


def is_provably_dead(hostname: str, pid: str, started: str) -> bool:
    """Say whether the process that registered with these is certainly gone: it ran here, in this pid namespace, and its pid is free or another process's."""
    machine = _machine()
    if hostname != socket.gethostname() or not pid.isdigit() or not machine:
        return False
    return started.startswith(f"{machine}:") and process_start(int(pid)) != started


def _machine() -> str:
    """Return a text that names this boot of this machine and the pid namespace we are in; '' where nobody says."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def own_address(client: redis.Redis) -> str:
    """Return how the server sees us, `unknown` where it will not say."""
    try:
        info = client.client_info()
    except RedisError:
        return "unknown"
    return str(info.get("addr") or "unknown") if isinstance(info, dict) else "unknown"
