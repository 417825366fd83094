"""Executions: the attempts that run now."""

from rq.client.execution import Execution, ExecutionRegistry, cleanup_execution, prepare_execution
from rq.client.job import Job
from rq.client.registry import StartedJobRegistry
from rq.client.registry_base import BaseRegistry, logger
from rq.core.clock import current_timestamp
from rq.core.clock import utc_now as now
from rq.core.legacy import as_text, parse_composite_key

__all__ = [
    "BaseRegistry",
    "Execution",
    "ExecutionRegistry",
    "Job",
    "StartedJobRegistry",
    "as_text",
    "cleanup_execution",
    "current_timestamp",
    "logger",
    "now",
    "parse_composite_key",
    "prepare_execution",
]
