"""The small helpers that users import from here, with RQ's signatures."""

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
)
from rq.core.legacy import ensure_job_list as ensure_list
from rq.core.references import import_attribute

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
    "get_platform",
    "import_attribute",
    "is_nonstring_iterable",
    "normalize_config_path",
    "now",
    "parse_composite_key",
    "parse_timeout",
    "resolve_function_reference",
    "safe_json_dumps",
    "split_list",
    "str_to_date",
    "truncate_long_string",
    "utcformat",
    "utcnow",
    "utcparse",
]
