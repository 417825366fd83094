"""Results: what each attempt of a job left behind."""

from rq.client.job import Job
from rq.client.result import Result, get_key
from rq.core.clock import utc_now as now
from rq.core.defaults import UNSERIALIZABLE_RETURN_VALUE_PAYLOAD
from rq.core.legacy import decode_redis_hash
from rq.core.serializers import resolve_serializer

__all__ = ["UNSERIALIZABLE_RETURN_VALUE_PAYLOAD", "Job", "Result", "decode_redis_hash", "get_key", "now", "resolve_serializer"]
