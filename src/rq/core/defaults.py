"""Every default value, once. The first part is RQ's (door: `rq.defaults`); the second is what this package adds.

Times are in seconds unless the name says otherwise.
"""

from typing import Final

_YEAR_SECONDS: Final = 365 * 24 * 60 * 60

# --- RQ's -------------------------------------------------------------------------------------------------------------

DEFAULT_JOB_CLASS: Final = "rq.job.Job"
DEFAULT_QUEUE_CLASS: Final = "rq.Queue"
DEFAULT_WORKER_CLASS: Final = "rq.Worker"
DEFAULT_SERIALIZER_CLASS: Final = "rq.serializers.DefaultSerializer"
DEFAULT_CONNECTION_CLASS: Final = "redis.Redis"
DEFAULT_DEATH_PENALTY_CLASS: Final = "rq.timeouts.UnixSignalDeathPenalty"

# A worker's key lives this long after its last heartbeat.
DEFAULT_WORKER_TTL: Final = 420
DEFAULT_JOB_MONITORING_INTERVAL: Final = 30
DEFAULT_MAINTENANCE_TASK_INTERVAL: Final = 10 * 60
CALLBACK_TIMEOUT: Final = 60

# How long the hash of a job stays after it succeeded, and after it failed.
DEFAULT_RESULT_TTL: Final = 500
DEFAULT_FAILURE_TTL: Final = _YEAR_SECONDS

# How long whoever tidies the registries in RQ's way has them to itself.
MAINTENANCE_LOCK_SECONDS: Final = 899

DEFAULT_SCHEDULER_FALLBACK_PERIOD: Final = 120
DEFAULT_CRON_SCHEDULER_TTL: Final = 120
DEFAULT_CRON_JOB_HISTORY_LIMIT: Final = 1000
DEFAULT_CRON_JOB_HISTORY_TTL: Final = _YEAR_SECONDS

DEFAULT_LOGGING_DATE_FORMAT: Final = "%H:%M:%S"
DEFAULT_LOGGING_FORMAT: Final = "%(asctime)s %(message)s"

# Stored as the result of a job whose return value cannot be serialized: readers of results know this text.
UNSERIALIZABLE_RETURN_VALUE_PAYLOAD: Final = "Unserializable return value"

# --- ours -------------------------------------------------------------------------------------------------------------

DEFAULT_KEY_PREFIX: Final = "rq:"

# A job's time limit where neither the job nor its queue names one (RQ: `Queue.DEFAULT_TIMEOUT`).
DEFAULT_TIMEOUT: Final = 180
# A job that ignores its timeout is killed this much later.
TIMEOUT_GRACE_SECONDS: Final = 1.0

# An attempt belongs to its worker for this long; the worker extends the lease this many times before it would end.
DEFAULT_LEASE_SECONDS: Final = 30.0
MIN_LEASE_SECONDS: Final = 2.0
BEATS_PER_LEASE: Final = 3
# How often a worker looks for expired leases.
SWEEP_SECONDS: Final = 5.0
# A job whose process died this many times is set aside as failed instead of being put back.
MAX_CRASHES: Final = 3

# So much is kept of what an attempt prints: the end of it.
DEFAULT_OUTPUT_BYTES: Final = 64 * 1024
# It travels with the outcome, in one call.
MAX_OUTPUT_BYTES: Final = 16 * 1024 * 1024
# The least that the process of a job may be given; an interpreter has some twenty MiB of data.
MIN_JOB_MEMORY_MIB: Final = 64

# A tick of a cron job that nobody enqueued for this long was missed.
CRON_MISSED_AFTER_SECONDS: Final = 60
# So many missed ticks of one cron job are made up for at most.
MOST_MISSED_TICKS: Final = 1000
# The server forgets a cron job when no cron process has had it for this long.
CRON_MEMORY_SECONDS: Final = 30 * 24 * 60 * 60
# A cron process gives a sign of life at least this often.
CRON_BEAT_SECONDS: Final = 60
