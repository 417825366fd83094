"""What the demonstration shows: a line that moves on a terminal, plain lines anywhere else, and a table."""

import sys
from collections.abc import Sequence

_BAR_CELLS = 24
_CLEAR_LINE = "\r\x1b[2K"
# Off a terminal a line appears whenever so many more documents are counted.
_PLAIN_STEP = 10


class Progress:
    """How far it has come, kept up to date in one line where the output is a terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._moves = sys.stdout.isatty()
        self._shown = 0
        self._line = ""

    def show(self, done: int, activities: Sequence[str]) -> None:
        """Show how many are done, and what each worker is doing."""
        line = f"  {_bar(done, self._total)} {done:>3}/{self._total}  {'  '.join(activities)}"
        if self._moves and line != self._line:
            print(f"{_CLEAR_LINE}{line}", end="", flush=True)
            self._line = line
        elif not self._moves and (done - self._shown >= _PLAIN_STEP or done == self._total != self._shown):
            print(f"  {done} of {self._total} documents counted", flush=True)
            self._shown = done

    def say(self, text: str) -> None:
        """Print a line above the moving one."""
        print(f"{_CLEAR_LINE}{text}\n{self._line}" if self._moves else text, end="" if self._moves else "\n", flush=True)

    def end(self) -> None:
        """Leave the moving line behind."""
        if self._moves:
            print(flush=True)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in aligned columns; columns of numbers stand to the right."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    is_number = [isinstance(cell, int) for cell in rows[0]]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        padded = [text.rjust(width) if right else text.ljust(width) for text, width, right in zip(row, widths, is_number, strict=True)]
        print("  " + "  ".join(padded).rstrip())


def _bar(done: int, total: int) -> str:
    filled = _BAR_CELLS * done // max(total, 1)
    return "█" * filled + "░" * (_BAR_CELLS - filled)
