"""Values that every thread, greenlet and task has for itself, as Werkzeug's classes of these names."""

from rq.core.local import Local, LocalManager, LocalProxy, LocalStack, release_local

__all__ = ["Local", "LocalManager", "LocalProxy", "LocalStack", "release_local"]
