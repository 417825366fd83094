"""How long the property tests look."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

COMMON = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
# A run is cut into so many tests, which several processes can carry out.
PARTS = 4
