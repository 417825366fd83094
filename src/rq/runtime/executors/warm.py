"""A few long-lived processes that run many jobs each: the isolation of crashes, at nearly the speed of one process."""

from rq.runtime.executors.children import ChildrenExecutor


class WarmExecutor(ChildrenExecutor):
    """Keeps one process for each place, and replaces it when it dies, has had enough (`limits`), or has imported files that changed since.

    What a job leaves in its process the next one finds: imported modules and their state, threads, open connections. The working directory, the environment,
    the umask and the handling of signals are put back after each job.
    """
