"""`make demo` does what it says, and leaves nothing behind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.support.processes import ROOT, Processes

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demonstration_succeeds_and_says_what_happened(processes: Processes, tmp_path: Path) -> None:
    output = processes.start([sys.executable, "-m", "demo.run"], env={"TMPDIR": str(tmp_path)}, cwd=ROOT).succeed(timeout=90.0)
    documents = list((ROOT / "demo" / "documents").iterdir())
    assert f"{len(documents)} of {len(documents)} documents counted" in output
    for document in documents:
        words = len(document.read_text().split())
        assert any(document.name in line and f" {words} " in line for line in output.splitlines()), document.name
    assert "SIGKILL" in output
    assert not list(tmp_path.iterdir()), "the demonstration left files behind"
