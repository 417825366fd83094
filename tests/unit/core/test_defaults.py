"""RQ's constants have RQ's values: other programs share the server and rely on them."""

import pytest

from rq.core import defaults

RQ_VALUES = {
    "CALLBACK_TIMEOUT": 60,
    "DEFAULT_CONNECTION_CLASS": "redis.Redis",
    "DEFAULT_CRON_JOB_HISTORY_LIMIT": 1000,
    "DEFAULT_CRON_JOB_HISTORY_TTL": 31536000,
    "DEFAULT_CRON_SCHEDULER_TTL": 120,
    "DEFAULT_DEATH_PENALTY_CLASS": "rq.timeouts.UnixSignalDeathPenalty",
    "DEFAULT_FAILURE_TTL": 31536000,
    "DEFAULT_JOB_CLASS": "rq.job.Job",
    "DEFAULT_JOB_MONITORING_INTERVAL": 30,
    "DEFAULT_LOGGING_DATE_FORMAT": "%H:%M:%S",
    "DEFAULT_LOGGING_FORMAT": "%(asctime)s %(message)s",
    "DEFAULT_MAINTENANCE_TASK_INTERVAL": 600,
    "DEFAULT_QUEUE_CLASS": "rq.Queue",
    "DEFAULT_RESULT_TTL": 500,
    "DEFAULT_SCHEDULER_FALLBACK_PERIOD": 120,
    "DEFAULT_SERIALIZER_CLASS": "rq.serializers.DefaultSerializer",
    "DEFAULT_TIMEOUT": 180,
    "DEFAULT_WORKER_CLASS": "rq.Worker",
    "DEFAULT_WORKER_TTL": 420,
    "UNSERIALIZABLE_RETURN_VALUE_PAYLOAD": "Unserializable return value",
}


@pytest.mark.parametrize(("name", "value"), RQ_VALUES.items())
def test_a_default_of_rq_has_the_value_of_rq(name, value):
    assert getattr(defaults, name) == value


def test_a_lease_is_extended_well_before_it_ends():
    assert defaults.BEATS_PER_LEASE >= 2
    assert defaults.MIN_LEASE_SECONDS < defaults.DEFAULT_LEASE_SECONDS
