"""The small helpers that users import from here, with RQ's signatures."""

from rq.client.classes import import_job_class, import_queue_class, import_worker_class
from rq.client.queue_lists import get_connection_from_queues, parse_names
from rq.core.clock import current_timestamp
from rq.core.clock import utc_now as now
from rq.core.clock import utc_now as utcnow
from rq.core.errors import TimeoutFormatError
from rq.core.legacy import (
    NOT_JSON_SERIALIZABLE,
    Platform,
    as_text,
    backend_class,
    ceildiv,
    compact,
    decode_redis_hash,
    ensure_job_list,
    first,
    get_call_string,
    get_platform,
    is_nonstring_iterable,
    normalize_config_path,
    parse_composite_key,
    parse_timeout,
    resolve_function_reference,
    safe_json_dumps,
    split_list,
    str_to_date,
    truncate_long_string,
    utcformat,
    utcparse,
    validate_absolute_path,
)
from rq.core.legacy import ensure_job_list as ensure_list
from rq.core.references import import_attribute
from rq.store.server_version import get_version

__all__ = [
    "NOT_JSON_SERIALIZABLE",
    "Platform",
    "TimeoutFormatError",
    "as_text",
    "backend_class",
    "ceildiv",
    "compact",
    "current_timestamp",
    "decode_redis_hash",
    "ensure_job_list",
    "ensure_list",
    "first",
    "get_call_string",
    "get_connection_from_queues",
    "get_platform",
    "get_version",
    "import_attribute",
    "import_job_class",
    "import_queue_class",
    "import_worker_class",
    "is_nonstring_iterable",
    "normalize_config_path",
    "now",
    "parse_composite_key",
    "parse_names",
    "parse_timeout",
    "resolve_function_reference",
    "safe_json_dumps",
    "split_list",
    "str_to_date",
    "truncate_long_string",
    "utcformat",
    "utcnow",
    "utcparse",
    "validate_absolute_path",
]
