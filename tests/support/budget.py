"""How much time a run of the tests takes."""

from __future__ import annotations

from hypothesis import settings


def is_thorough() -> bool:
    """Say whether this run looks long and spares nothing (`--hypothesis-profile=ci` or `nightly`), as `make test` does not."""
    return settings.get_current_profile_name() in {"ci", "nightly"}
