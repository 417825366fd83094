"""What jobs have to do with one another: those that a job waits for, and those that wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq.client import job_calls
from rq.client.job_data import JobData
from rq.client.session import Session
from rq.core.errors import NoSuchJobError
from rq.model.dependency import ENDED_BADLY, is_met_by, policy_for
from rq.store.reads import list_dependencies, list_dependents, read_status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    import redis
    from redis.client import Pipeline

    from rq.core.serializers import Serializer


class JobRelations(JobData["redis.Redis", Session]):
    """The relations of a job; see `Job`."""

    _dependency: Self | None = None

    if TYPE_CHECKING:

        @classmethod
        def fetch_many(cls, job_ids: Iterable[str], connection: redis.Redis, serializer: Serializer | str | None = None) -> list[Self | None]:
            """See `Job.fetch_many`."""

    @property
    def dependency_ids(self) -> list[str]:
        """The ids of the jobs that it was enqueued to wait for, and that existed then; asked of the server. `_dependency_ids` are all that it was given."""
        return self.session.run(list_dependencies(self.session.scripts, self.id))

    @property
    def dependent_ids(self) -> list[str]:
        """The ids of the jobs that wait for it; asked of the server."""
        return self.session.run(list_dependents(self.session.scripts, self.id))

    @property
    def _dependency_id(self) -> str | None:
        return self.record.dependency_ids[0] if self.record.dependency_ids else None

    @property
    def dependency(self) -> Self | None:
        """The first job that it depends on, fetched once; None if there is none.

        Raises:
            NoSuchJobError: if that job is gone.
        """
        if self._dependency is None and self._dependency_id is not None:
            [job] = type(self).fetch_many([self._dependency_id], connection=self.connection, serializer=self.serializer)
            if job is None:
                message = f"No such job: {self._dependency_id}, which job {self.id} depends on; it was deleted, or its time to live passed"
                raise NoSuchJobError(message)
            self._dependency = job
        return self._dependency

    def fetch_dependencies(self, watch: bool = False, pipeline: Pipeline | None = None) -> list[Self]:
        """Return the jobs that it depends on, as far as they exist, in the order in which they were given.

        Args:
            watch: whether `pipeline` is to watch the jobs' keys.
            pipeline: the pipeline that is to watch; else not used.
        """
        ids = self.record.dependency_ids
        if watch and pipeline is not None and ids:
            watch_keys: Any = pipeline.watch
            watch_keys(*(self.session.keyspace.job(job_id) for job_id in ids))
        jobs = type(self).fetch_many(ids, connection=self.connection, serializer=self.serializer)
        return [job for job in jobs if job is not None]

    def dependency_results(self) -> dict[str, Any]:
        """Return what the jobs that it depends on returned: id -> value, in the order in which they were given; None for one that has no successful result.

        One round trip. For a job that works with what the jobs before it made:

            get_current_job().dependency_results()

        Raises:
            Exception: whatever the serializer raises for a value it cannot load.
        """
        ids = self.record.dependency_ids
        return dict(zip(ids, self.session.run_many(job_calls.read_returned_values(self, ids)), strict=True))

    def dependencies_are_met(
        self,
        parent_job: JobData | None = None,
        pipeline: Pipeline | None = None,
        exclude_job_id: str | None = None,
        refresh_job_status: bool = True,
    ) -> bool:
        """Say whether all jobs that it depends on have ended as it needs. Nothing depends on the answer: the step that ends a job looks for itself.

        Args:
            parent_job: one of them that is about to end; it counts as ended well unless it is known to have ended badly.
            pipeline: accepted and not used, as nothing is watched.
            exclude_job_id: one of them that does not count.
            refresh_job_status: whether `parent_job` is asked for its status; else the one it knows is taken.
        """
        del pipeline
        left = [job_id for job_id in self.record.dependency_ids if job_id != exclude_job_id]
        if parent_job is not None and parent_job.id in left:
            known = self._status_of(parent_job.id) if refresh_job_status else parent_job.record.status
            if known in ENDED_BADLY and not self._is_met_by(parent_job.id, known):
                return False
            left.remove(parent_job.id)
        statuses = self.session.run_many([read_status(self.session.scripts, job_id) for job_id in left])
        return all(self._is_met_by(job_id, status) for job_id, status in zip(left, statuses, strict=True))

    def _is_met_by(self, job_id: str, status: str | None) -> bool:
        """Say whether a job of this status, None if it does not exist, is waited for no more."""
        return is_met_by(status, policy_for(self.record.dependency_policies, job_id), allows_failure=bool(self.record.allow_dependency_failures))

    def _status_of(self, job_id: str) -> str | None:
        return self.session.run(read_status(self.session.scripts, job_id))
