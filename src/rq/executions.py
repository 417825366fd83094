"""Executions: the attempts that run now."""

from rq.client.execution import Execution
from rq.client.job import Job
from rq.client.registry import BaseRegistry, StartedJobRegistry, logger
from rq.core.clock import current_timestamp
from rq.core.clock import utc_now as now
from rq.core.legacy import as_text, parse_composite_key

__all__ = ["BaseRegistry", "Execution", "Job", "StartedJobRegistry", "as_text", "current_timestamp", "logger", "now", "parse_composite_key"]
