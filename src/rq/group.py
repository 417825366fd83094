"""Groups: jobs that belong together."""

from rq.client.group import Group
from rq.client.grouping import GroupCounts
from rq.client.job import Job
from rq.client.prepared import EnqueueData
from rq.client.queue import Queue
from rq.core.errors import NoSuchGroupError
from rq.core.legacy import as_text

__all__ = ["EnqueueData", "Group", "GroupCounts", "Job", "NoSuchGroupError", "Queue", "as_text"]
