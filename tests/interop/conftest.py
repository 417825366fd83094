"""The interpreter that has RQ 2.12.0 installed: `make test` makes one; `RQ212_PYTHON` names another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def rq212_python() -> Path:
    """The path of that interpreter; a run without one fails, because what these tests show would go unseen."""
    python = Path(os.environ.get("RQ212_PYTHON") or ROOT / ".venv-rq212" / "bin" / "python")
    assert python.exists(), f"{python} does not exist; `make test` sets it up, or point RQ212_PYTHON at an interpreter with rq==2.12.0"
    return python
