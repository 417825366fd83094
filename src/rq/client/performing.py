"""What a job does where it runs: call its function, then its callbacks. `Job` has these methods; they talk to no server.

Error trackers and tracers replace them (`Job.perform = ...`), and job classes override them. Whoever runs a job goes through them then, and else does without:
`is_replaced` says which.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rq.client.job_data import JobData
from rq.core import context
from rq.core.coroutines import completed
from rq.core.defaults import CALLBACK_TIMEOUT
from rq.core.errors import JobTimeoutException
from rq.core.references import import_attribute

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    # A time limit: called with the seconds, the exception to raise, and `job_id`.
    DeathPenalty = Callable[..., AbstractContextManager[None]]


class Performing(JobData):
    """A job that can be run."""

    def perform(self) -> Any:
        """Call the function and return what it returned; a coroutine is run to its end. Meanwhile this is the current job.

        Nothing is written to the server, whoever runs the job does that; and no time limit is enforced.

        Raises:
            DeserializationError: if the payload cannot be loaded. ReferenceNotFound: if there is no such function here. Exception: what the function raises.
        """
        context.push(self)
        try:
            self._result = self._execute()
        finally:
            context.pop()
        return self._result

    def _execute(self) -> Any:
        """Make the call. The place to override how a class of jobs is called."""
        function: Any = self.func
        return completed(function(*self.args, **self.kwargs))

    def execute_success_callback(self, death_penalty_class: DeathPenalty, result: Any) -> None:
        """Call the success callback, if there is one, with `(job, connection, result)`.

        Args:
            death_penalty_class: enforces the callback's time limit.
            result: what the function returned.

        Raises:
            JobTimeoutException: if its time is over. Exception: what the callback raises, or importing it.
        """
        self._call_back(self.record.success_callback_name, self.success_callback_timeout, death_penalty_class, result)

    def execute_failure_callback(self, death_penalty_class: DeathPenalty, *exc_info: Any) -> None:
        """Call the failure callback, if there is one, with `(job, connection, exc_type, exc_value, traceback)`; else as `execute_success_callback`."""
        self._call_back(self.record.failure_callback_name, self.failure_callback_timeout, death_penalty_class, *exc_info)

    def execute_stopped_callback(self, death_penalty_class: DeathPenalty) -> None:
        """Call the stopped callback, if there is one, with `(job, connection)`; else as `execute_success_callback`."""
        self._call_back(self.record.stopped_callback_name, self.stopped_callback_timeout, death_penalty_class)

    def _call_back(self, name: str | None, timeout: int, death_penalty_class: DeathPenalty, *about: Any) -> None:
        if not name:
            return
        with death_penalty_class(timeout, JobTimeoutException, job_id=self.id):
            completed(import_attribute(name)(self, self.connection, *about))

    @property
    def success_callback(self) -> Callable[..., Any] | None:
        """What is called after the function returned, imported; None if nothing is. ReferenceNotFound if it is not importable here (a ValueError)."""
        return _imported(self.record.success_callback_name)

    @property
    def failure_callback(self) -> Callable[..., Any] | None:
        """What is called after each failed attempt, imported; as `success_callback`."""
        return _imported(self.record.failure_callback_name)

    @property
    def stopped_callback(self) -> Callable[..., Any] | None:
        """What is called after somebody stopped the job, imported; as `success_callback`."""
        return _imported(self.record.stopped_callback_name)

    @property
    def success_callback_timeout(self) -> int:
        """How many seconds the success callback may take; negative: without limit."""
        return self.record.success_callback_timeout or CALLBACK_TIMEOUT

    @property
    def failure_callback_timeout(self) -> int:
        """How many seconds the failure callback may take; negative: without limit."""
        return self.record.failure_callback_timeout or CALLBACK_TIMEOUT

    @property
    def stopped_callback_timeout(self) -> int:
        """How many seconds the stopped callback may take; negative: without limit."""
        return self.record.stopped_callback_timeout or CALLBACK_TIMEOUT


# The methods that others replace, as they stand here. Looked at before each job, so all at once.
_methods_of = attrgetter("perform", "_execute", "execute_success_callback", "execute_failure_callback", "execute_stopped_callback")
_AS_WRITTEN = _methods_of(Performing)


def is_replaced(job_class: type[Performing]) -> bool:
    """Say whether a class of jobs is run in a way of its own: a subclass, or code that patched the class, replaced one of these methods."""
    return bool(_methods_of(job_class) != _AS_WRITTEN)


def _imported(name: str | None) -> Callable[..., Any] | None:
    if not name:
        return None
    found: Callable[..., Any] = import_attribute(name)
    return found
