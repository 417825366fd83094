"""Suspending all workers, and resuming them."""

from rq.client.suspension import WORKERS_SUSPENDED, is_suspended, resume, suspend

__all__ = ["WORKERS_SUSPENDED", "is_suspended", "resume", "suspend"]
