"""One cron job (door: `rq.cron`): what is called, with what, when, and with which options its jobs are enqueued."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from rq.client.cron import cron_history_key, list_history
from rq.client.gathering import Gathering
from rq.client.payload import checked_arguments
from rq.client.queue import Queue
from rq.client.sending import confirm
from rq.client.session import session_of
from rq.core.clock import utc_now
from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import InvalidOptionError, OptionTypeError
from rq.core.formats import format_date, parse_date
from rq.core.legacy import NOT_JSON_SERIALIZABLE, safe_json_dumps
from rq.core.references import check_importable, dotted_name, reference_of
from rq.model.cron import check_missed, identity_of
from rq.model.options import EnqueueOptions
from rq.model.webhook import Webhook
from rq.runtime.cron.timing import Timing
from rq.store.cron import CronKey, enqueue_tick

if TYPE_CHECKING:
    import redis
    from redis.client import Pipeline

    from rq.client.job import Job
    from rq.core.serializers import Serializer
    from rq.store.enqueue import NewJob

# The options that RQ's cron knows, which stand in what other programs read.
_RQ_OPTIONS = ("job_timeout", "result_ttl", "ttl", "failure_ttl")


class CronOptions(TypedDict, total=False):
    """What a cron job takes beyond RQ's options; see `CronJob`."""

    timezone: str | tzinfo
    missed: str
    description: str | None
    at_front: bool
    retry: Any
    repeat: Any
    on_success: Any
    on_failure: Any
    on_stopped: Any


class CronJob:
    """A function that is enqueued again and again.

    Args:
        queue_name: the queue.
        func: the function, or its dotted path; what `Queue.enqueue` takes. None for a cron job that is only looked at.
        func_name: the dotted path, if there is no `func`.
        args: positional arguments of the function.
        kwargs: keyword arguments of the function.
        interval: seconds from one tick to the next, or a text such as '1h'. The first tick is at once.
        cron: a cron string, in croniter's language; instead of an interval.
        job_timeout: like all options that follow, one of `Queue.enqueue`.
        result_ttl: here the default is 500, whatever the worker's.
        ttl: see `Queue.enqueue`.
        failure_ttl: see `Queue.enqueue`.
        meta: see `Queue.enqueue`.
        webhooks: see `Queue.enqueue`.
        name: by which people know it; by default that of the function. Several may share a name, and with it their history.
        **more: `timezone`, whose clock a cron string is about: a name such as 'Europe/Berlin' (default: 'UTC'). `missed`, what becomes of ticks that passed
            while no cron process ran: 'once' (default: they become one job), 'skip', 'all'. And `description`, `at_front`, `retry`, `repeat`, `on_success`,
            `on_failure`, `on_stopped` of `Queue.enqueue`.

    Raises:
        InvalidOptionError: for both or neither of interval and cron, no function, or a value that makes no sense (a ValueError).
        OptionTypeError: for webhooks or a retry of another type, or an option that there is not (a TypeError).
        UnimportableFunctionError: for a function that no worker could import (a ValueError).
    """

    __module__ = "rq.cron"

    def __init__(  # noqa: PLR0913, PLR0917 - RQ's signature
        self,
        queue_name: str,
        func: Callable[..., Any] | str | None = None,
        func_name: str | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        interval: int | str | None = None,
        cron: str | None = None,
        job_timeout: int | str | None = None,
        result_ttl: int | str | None = DEFAULT_RESULT_TTL,
        ttl: int | str | None = None,
        failure_ttl: int | str | None = None,
        meta: Mapping[str, Any] | None = None,
        webhooks: Sequence[Webhook] | None = None,
        name: str = "",
        **more: Unpack[CronOptions],
    ) -> None:
        _refuse_unknown(more)
        self.func = func
        self.func_name = _name_of(func, func_name)
        self.name = name or self.func_name
        self.queue_name = queue_name
        positional, keywords = checked_arguments(args, kwargs)
        self.args, self.kwargs = tuple(positional), dict(keywords)
        self.timing = Timing.of(interval, cron, more.pop("timezone", "UTC"))
        self.missed = check_missed(more.pop("missed", "once"))
        options = {"job_timeout": job_timeout, "result_ttl": result_ttl, "ttl": ttl, "failure_ttl": failure_ttl, "meta": meta, "webhooks": webhooks, **more}
        self.job_options = _checked(options)
        self.latest_enqueue_time: datetime | None = None
        self.next_enqueue_time: datetime | None = self.get_next_enqueue_time() if self.cron else None
        if self.next_enqueue_time == _NEVER and func is not None:
            raise InvalidOptionError(f"{cron!r} never comes, or never again: name a day that there is, in a year to come")
        self._number = 0

    # --- when ---------------------------------------------------------------------------------------------------------------------

    @property
    def interval(self) -> int | None:
        """Seconds from one tick to the next; None with a cron string."""
        return self.timing.interval

    @property
    def cron(self) -> str | None:
        """The cron string; None with an interval."""
        return self.timing.cron

    @property
    def timezone(self) -> str:
        """The name of the time zone that a cron string is about."""
        return str(self.timing.zone)

    def get_next_enqueue_time(self) -> datetime:
        """Return when it is due next, by this machine's clock; the end of all days if it never is, or, with an interval, never was."""
        if self.interval and self.latest_enqueue_time is None:
            return _NEVER
        latest = self.latest_enqueue_time or utc_now()
        tick = self.timing.schedule(latest.timestamp()).first_after(int(latest.timestamp()))
        return _NEVER if tick is None else datetime.fromtimestamp(tick, UTC)

    def should_run(self) -> bool:
        """Say whether it is due, by this machine's clock. What a scheduler enqueues is decided by the server's."""
        return self.next_enqueue_time is None or utc_now() >= self.next_enqueue_time

    def set_enqueue_time(self, time: datetime) -> None:
        """Note that it was enqueued at that time, and when it is due next."""
        self.latest_enqueue_time = time
        self.next_enqueue_time = self.get_next_enqueue_time()

    def note_progress(self, last: float | None, upcoming: int | None) -> None:
        """Note the last tick that became a job, and the next one, as the server knows them."""
        self.latest_enqueue_time = None if last is None else datetime.fromtimestamp(last, UTC)
        self.next_enqueue_time = _NEVER if upcoming is None else datetime.fromtimestamp(upcoming, UTC)

    # --- what -----------------------------------------------------------------------------------------------------------------------

    @property
    def key(self) -> CronKey:
        """By what the server tells it from others: what it calls, when, and its name."""
        called = (self.func_name, safe_json_dumps(self.args), safe_json_dumps(self.kwargs))
        return CronKey(identity_of(self.name, *called, self.interval, self.cron, self.timezone, self._number), self.name)

    def number_among(self, others: Sequence[CronJob]) -> None:
        """Tell it from cron jobs of the same process that are otherwise the same: every process that reads the same file numbers them alike."""
        taken = {other.key for other in others}
        while self.key in taken:
            self._number += 1

    def make_job(self, connection: redis.Redis, serializer: Serializer | str | None = None) -> Job:
        """Return a new job of this cron job. Nothing is sent.

        Raises:
            InvalidOptionError: if there is no function (a ValueError). Whatever the serializer raises for the arguments, when they are serialized.
        """
        options = {name: value for name, value in self._options.items() if name != "at_front"}
        return self._queue(connection, serializer).create_job(self._called, self.args, self.kwargs, **options)

    def make_run(self, connection: redis.Redis, serializer: Serializer | str | None = None) -> tuple[Job, NewJob]:
        """Return a new job of this cron job, and what is to be sent of it. It goes the way of all jobs through `Queue`, which tracing libraries wrap.

        Raises:
            As `make_job` does.
        """
        pipeline = Gathering(connection.pipeline())
        queue = self._queue(connection, serializer)
        queue.enqueue_call(self._called, self.args, self.kwargs, pipeline=cast("Pipeline", pipeline), **self._options)
        [run] = pipeline.gathered
        pipeline.execute()  # the commands of the wrappers, if they have any
        return run

    def _queue(self, connection: redis.Redis, serializer: Serializer | str | None) -> Queue:
        return Queue(self.queue_name, connection=connection, serializer=serializer)

    @property
    def _called(self) -> Callable[..., Any] | str:
        if self.func is None:
            raise InvalidOptionError(f"Cron job {self.name} has no function: it was made to be looked at; pass func= to enqueue it")
        return self.func

    @property
    def _options(self) -> dict[str, Any]:
        """Its options, named as in `Queue.enqueue_call`."""
        return {"timeout" if name == "job_timeout" else name: value for name, value in self.job_options.items()}

    @property
    def is_at_front(self) -> bool:
        """Whether its jobs go to the head of the queue."""
        return bool(self.job_options.get("at_front"))

    def enqueue(self, connection: redis.Redis) -> Job:
        """Enqueue a run now, and return its job. One round trip, atomic. It stands in the history, and the ticks go on as if it had not been.

        Raises:
            InvalidOptionError: if there is no function (a ValueError).
        """
        job, new = self.make_run(connection)
        session = session_of(connection)
        answer = session.run(enqueue_tick(session.scripts, self.key, None, new))
        confirm(job, replace(answer, code="dup") if answer.code == "replay" else answer)
        return job

    # --- history, and what others read ------------------------------------------------------------------------------------------------

    @property
    def job_history_key(self) -> str:
        """The key of its history: the ids of its jobs, scored by when each was enqueued."""
        return cron_history_key(self.name)

    def get_job_ids(self, connection: redis.Redis, start: int = 0, end: int = -1) -> list[str]:
        """Return the ids of its jobs, the latest first; see `rq.cron.get_cron_job_ids`."""
        return list_history(self.name, connection, start, end)

    def to_dict(self) -> dict[str, Any]:
        """Return it as other programs read it, arguments as JSON."""
        about: dict[str, Any] = {
            "func_name": self.func_name,
            "name": self.name,
            "queue_name": self.queue_name,
            "args": safe_json_dumps(self.args) if self.args else None,
            "kwargs": safe_json_dumps(self.kwargs) if self.kwargs else None,
            "interval": self.interval,
            "cron": self.cron,
            "latest_enqueue_time": None if self.latest_enqueue_time is None else format_date(self.latest_enqueue_time),
            "next_enqueue_time": None if self.next_enqueue_time is None else format_date(self.next_enqueue_time),
            "timezone": self.timezone,
            "missed": self.missed,
        }
        about |= {name: self.job_options[name] for name in _RQ_OPTIONS if name in self.job_options}
        if "meta" in self.job_options:
            about["meta"] = safe_json_dumps(self.job_options["meta"])
        if "webhooks" in self.job_options:
            about["webhooks"] = safe_json_dumps([webhook.to_dict() for webhook in self.job_options["webhooks"]])
        return about

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return a cron job to look at, as `to_dict` of this library or of RQ described it: it has no function.

        Raises:
            KeyError: if something is missing. InvalidOptionError, OptionTypeError: for a value that makes no sense.
        """
        told: dict[str, Any] = {name: data[name] for name in ("interval", "cron", "name", "timezone", "missed", *_RQ_OPTIONS) if data.get(name) is not None}
        meta, webhooks = _from_json(data.get("meta")), _from_json(data.get("webhooks"))
        made = cls(
            data["queue_name"],
            func_name=data["func_name"],
            args=_from_json(data.get("args")),
            kwargs=_from_json(data.get("kwargs")),
            meta=meta,
            webhooks=Webhook.read_all(webhooks) if webhooks else None,
            **{"result_ttl": None, **told},
        )
        latest, upcoming = data.get("latest_enqueue_time"), data.get("next_enqueue_time")
        made.latest_enqueue_time = parse_date(latest) if latest else None
        made.next_enqueue_time = parse_date(upcoming) if upcoming else None
        return made


_NEVER = datetime.max.replace(tzinfo=UTC)


def _name_of(func: Callable[..., Any] | str | None, func_name: str | None) -> str:
    if func is None:
        if not func_name:
            raise InvalidOptionError("A cron job needs a function: pass func=, or func_name= for one that is only looked at")
        return func_name
    check_importable(func)
    reference = reference_of(func)
    return reference.func_name if reference.instance is None else f"{dotted_name(type(reference.instance))}.{reference.func_name}"


def _refuse_unknown(more: Mapping[str, object]) -> None:
    unknown = sorted(more.keys() - CronOptions.__annotations__.keys())
    if unknown:
        message = f"A cron job has no option {', '.join(unknown)}; beside those of RQ there are {', '.join(CronOptions.__annotations__)}"
        raise OptionTypeError(message)


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that say something, durations in seconds."""
    named = {"timeout" if name == "job_timeout" else name: value for name, value in options.items()}
    checked = EnqueueOptions(**named)
    found = {name: getattr(checked, "timeout" if name == "job_timeout" else name) for name in options}
    return {name: value for name, value in found.items() if value is not None and options[name] not in (None, False)}


def _from_json(text: str | None) -> Any:
    return None if not text or text == NOT_JSON_SERIALIZABLE else json.loads(text)
