"""Registries: the jobs of a queue by what became of them."""

from rq.client.connections import get_connection_kwargs
from rq.client.job import Job
from rq.client.queue import Queue
from rq.client.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
    clean_registries,
)
from rq.client.registry_base import BaseRegistry, logger
from rq.core.clock import current_timestamp
from rq.core.clock import utc_now as now
from rq.core.defaults import DEFAULT_FAILURE_TTL
from rq.core.errors import AbandonedJobError, InvalidJobOperation, NoSuchJobError
from rq.core.legacy import as_text, backend_class, parse_composite_key
from rq.core.serializers import resolve_serializer
from rq.model.states import JobStatus
from rq.timeouts import BaseDeathPenalty, UnixSignalDeathPenalty

__all__ = [
    "DEFAULT_FAILURE_TTL",
    "AbandonedJobError",
    "BaseDeathPenalty",
    "BaseRegistry",
    "CanceledJobRegistry",
    "DeferredJobRegistry",
    "FailedJobRegistry",
    "FinishedJobRegistry",
    "InvalidJobOperation",
    "Job",
    "JobStatus",
    "NoSuchJobError",
    "Queue",
    "ScheduledJobRegistry",
    "StartedJobRegistry",
    "UnixSignalDeathPenalty",
    "as_text",
    "backend_class",
    "clean_registries",
    "current_timestamp",
    "get_connection_kwargs",
    "logger",
    "now",
    "parse_composite_key",
    "resolve_serializer",
]
