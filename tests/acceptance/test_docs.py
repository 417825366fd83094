"""Every example of the documentation works; how a page is written so that it can be run is told in `pages.py`."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

from rq.model.states import TERMINAL, TRANSITIONS, JobStatus
from tests.support.processes import ROOT, Processes, StartedProcess

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
README = ROOT / "README.md"
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NO_JOB = "no job"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_examples_of_a_page_work(page: Path, processes: Processes, tmp_path: Path) -> None:
    processes.script(ROOT / "tests" / "acceptance" / "pages.py", page, cwd=tmp_path).succeed(timeout=120.0)


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_to_files_and_headings(page: Path) -> None:
    links = _LINK.findall(_BLOCK.sub("", page.read_text()))
    assert not [link for link in links if not leads_somewhere(page, *link)]


def leads_somewhere(page: Path, target: str, anchor: str) -> bool:
    """Say whether a link of a page leads to a file, and to a heading of it if it names one."""
    file = page.parent / target if target else page
    return file.exists() and (not anchor or anchor in map(anchor_of, _HEADING.findall(_BLOCK.sub("", file.read_text()))))


def anchor_of(heading: str) -> str:
    """Return what a link to a heading ends in."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_table_of_transitions_is_that_of_the_code() -> None:
    assert transitions_table() in (DOCS / "reliability.md").read_text(), f"docs/reliability.md should have:\n{transitions_table()}"


def test_the_diagram_of_states_is_that_of_the_code() -> None:
    assert states_diagram() in (DOCS / "reliability.md").read_text(), f"docs/reliability.md should have:\n{states_diagram()}"


_GOOD_PAGE = """\
```python title="numbers.txt"
1 2 3
```

```python
from pathlib import Path

text = Path("numbers.txt").read_text()
text  # => '1 ...\\n'
```

```console
$ cat numbers.txt
1 ... 3
$ wc -w < numbers.txt
3
```
"""


def test_a_page_that_is_right_is_followed_to_its_end(processes: Processes, tmp_path: Path) -> None:
    assert follow(_GOOD_PAGE, processes, tmp_path).succeed() == "3 blocks done\n"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("text  # => '1 ...", "text  # => '2 ..."),
        ("text = Path", "text = Paths"),
        ("1 ... 3\n$", "1 ... 4\n$"),
        ("< numbers.txt\n3", "< numbers.txt\n2"),
        ("$ cat numbers.txt", "$ false"),
    ],
)
def test_a_page_that_is_wrong_is_noticed(right: str, wrong: str, processes: Processes, tmp_path: Path) -> None:
    assert right in _GOOD_PAGE
    assert follow(_GOOD_PAGE.replace(right, wrong), processes, tmp_path).wait() == 1


def follow(page: str, processes: Processes, folder: Path) -> StartedProcess:
    """Start a reader of a page with this text."""
    file = folder / "page.md"
    file.write_text(page)
    return processes.script(ROOT / "tests" / "acceptance" / "pages.py", file, cwd=folder)


def transitions_table() -> str:
    """Return `TRANSITIONS` as a table."""
    rows = [f"| `{move.name}` | {_listed(move.sources)} | {_listed(move.targets)} |" for move in TRANSITIONS]
    return "\n".join(["| transition | from | to |", "| --- | --- | --- |", *rows])


def states_diagram() -> str:
    """Return the moves of `TRANSITIONS` that lead somewhere else as a diagram: an arrow for each pair of states; without those that can be made from any."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for move in TRANSITIONS:
        for source, target in itertools.product(move.sources, move.targets):
            if source is not target and not ({*JobStatus} <= {*move.sources} and source is not None):
                arrows.setdefault((_node(source), _node(target)), []).append(move.name)
    drawn = [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in arrows.items()]
    ends = [f"    {status.value} --> [*]" for status in JobStatus if status in TERMINAL]
    return "\n".join(["stateDiagram-v2", *drawn, *ends])


def _listed(statuses: tuple[JobStatus | None, ...]) -> str:
    if {*JobStatus} <= {*statuses}:
        return f"any, or {_NO_JOB}" if None in statuses else "any"
    return ", ".join(_NO_JOB if status is None else status.value for status in statuses)


def _node(status: JobStatus | None) -> str:
    return "[*]" if status is None else status.value
