"""SENTRY_DSN of a settings module, as the settings files of RQ 0.x and 1.x have it."""

from __future__ import annotations

import click

from rq.cli.boundary import one_line
from rq.cli.settings import Settings
from rq.contrib.sentry import register_sentry
from rq.core.errors import ReferenceNotFound


def report_to_sentry(settings: Settings) -> None:
    """Let Sentry hear of failed jobs, if the settings say so. Where sentry-sdk is missing, a line says that and work goes on: RQ ignores the setting."""
    dsn = settings.text("SENTRY_DSN")
    if not dsn:
        return
    try:
        register_sentry(dsn)
    except ReferenceNotFound as error:
        click.echo(f"SENTRY_DSN of {settings.origin}: {one_line(error)}", err=True)
