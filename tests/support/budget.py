"""How much time a run of the tests takes."""

from __future__ import annotations

from hypothesis import settings


def is_thorough() -> bool:
    """Say whether this run looks long and spares nothing, as `make test` does not: `--hypothesis-profile=ci`, which Hypothesis also takes where it finds the
    variables of a CI service, or `nightly`.
    """
    return settings.get_current_profile_name() in {"ci", "nightly"}
