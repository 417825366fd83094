"""The README's example works when it is copied, pasted and run; `pages.py` says how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.acceptance.pages import read_blocks
from tests.support.processes import ROOT, Processes

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"


def test_the_example_of_the_readme_works_as_it_stands(processes: Processes, tmp_path: Path) -> None:
    reader = processes.script(ROOT / "tests" / "acceptance" / "pages.py", README, cwd=tmp_path, is_forked=False)
    assert re.search(r"[1-9]\d* blocks done", reader.succeed(timeout=60.0))


def test_the_readme_has_the_files_and_the_commands_of_its_example() -> None:
    blocks = list(read_blocks(README.read_text()))
    assert {block.title for block in blocks if block.title} == {"tasks.py", "enqueue.py"}
    assert any("rq worker --url embedded://" in block.text for block in blocks)
