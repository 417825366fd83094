"""Commands to workers."""

from rq.client.commands import (
    PUBSUB_CHANNEL_TEMPLATE,
    handle_command,
    handle_kill_worker_command,
    handle_shutdown_command,
    handle_stop_job_command,
    parse_payload,
    send_command,
    send_kill_horse_command,
    send_shutdown_command,
    send_stop_job_command,
)
from rq.client.job import Job
from rq.core.errors import InvalidJobOperation

__all__ = [
    "PUBSUB_CHANNEL_TEMPLATE",
    "InvalidJobOperation",
    "Job",
    "handle_command",
    "handle_kill_worker_command",
    "handle_shutdown_command",
    "handle_stop_job_command",
    "parse_payload",
    "send_command",
    "send_kill_horse_command",
    "send_shutdown_command",
    "send_stop_job_command",
]
