"""The list of ids between taking and starting."""

from rq.client.intermediate import IntermediateQueue
from rq.core.clock import utc_now as now

__all__ = ["IntermediateQueue", "now"]
