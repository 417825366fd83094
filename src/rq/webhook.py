"""Requests that tell somebody how a job ended."""

from rq.client.webhooks import Webhook, logger

__all__ = ["Webhook", "logger"]
