"""Jobs: `Job`, its status, and the functions that take a job's id."""

from rq.client.current import get_current_job
from rq.client.job import UNEVALUATED, Job, cancel_job, logger, requeue_job
from rq.client.job_calls import parse_job_id
from rq.client.webhooks import Webhook
from rq.core.clock import utc_now as now
from rq.core.defaults import CALLBACK_TIMEOUT, UNSERIALIZABLE_RETURN_VALUE_PAYLOAD
from rq.core.errors import DeserializationError, InvalidJobOperation, JobTimeoutException, NoSuchJobError
from rq.core.ids import JOB_ID_PATTERN, validate_job_id
from rq.core.legacy import (
    as_text,
    decode_redis_hash,
    ensure_job_list,
    get_call_string,
    parse_timeout,
    resolve_function_reference,
    str_to_date,
    utcformat,
)
from rq.core.local import LocalStack
from rq.core.references import import_attribute
from rq.core.serializers import resolve_serializer
from rq.model.callback import Callback
from rq.model.dependency import Dependency
from rq.model.retry import Retry
from rq.model.states import JobStatus
from rq.model.states import JobStatus as Status
from rq.timeouts import BaseDeathPenalty
from rq.types import FailureCallbackType, FunctionReferenceType, JobDependencyType, SuccessCallbackType

__all__ = [
    "CALLBACK_TIMEOUT",
    "JOB_ID_PATTERN",
    "UNEVALUATED",
    "UNSERIALIZABLE_RETURN_VALUE_PAYLOAD",
    "BaseDeathPenalty",
    "Callback",
    "Dependency",
    "DeserializationError",
    "FailureCallbackType",
    "FunctionReferenceType",
    "InvalidJobOperation",
    "Job",
    "JobDependencyType",
    "JobStatus",
    "JobTimeoutException",
    "LocalStack",
    "NoSuchJobError",
    "Retry",
    "Status",
    "SuccessCallbackType",
    "Webhook",
    "as_text",
    "cancel_job",
    "decode_redis_hash",
    "ensure_job_list",
    "get_call_string",
    "get_current_job",
    "import_attribute",
    "logger",
    "now",
    "parse_job_id",
    "parse_timeout",
    "requeue_job",
    "resolve_function_reference",
    "resolve_serializer",
    "str_to_date",
    "utcformat",
    "validate_job_id",
]
