"""Errors of jobs to Sentry, by sentry-sdk's own integration of RQ. The package `sentry-sdk` is needed for it, and only for it."""

from __future__ import annotations

from typing import Any

from rq.core.errors import ReferenceNotFound


def register_sentry(sentry_dsn: str, **opts: Any) -> None:
    """Let Sentry hear of jobs that fail in workers of this process from now on.

    Args:
        sentry_dsn: where to send it, as Sentry's project settings show it.
        **opts: further options of `sentry_sdk.init`.

    Raises:
        ReferenceNotFound: sentry-sdk is not installed (a ValueError).
    """
    try:
        import sentry_sdk  # noqa: PLC0415 - optional, and of no use to those who do not call this
        from sentry_sdk.integrations.rq import RqIntegration  # noqa: PLC0415 - the same
    except ImportError as error:
        raise ReferenceNotFound("Sentry hears of nothing: sentry-sdk is not installed here; `pip install sentry-sdk`") from error
    sentry_sdk.init(sentry_dsn, integrations=[RqIntegration()], **opts)
