"""Colours on terminals (door: `rq.logutils`)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    _TextHandler = logging.StreamHandler[TextIO]
else:
    _TextHandler = logging.StreamHandler

_RESET = "\x1b[39;49;00m"
_STYLES = {"bold": "01", "faint": "02", "standout": "03", "underline": "04", "blink": "05", "overline": "06"}
# The dark and the bright shade of each colour of a terminal.
_SHADES = [
    ("black", "darkgray"),
    ("darkred", "red"),
    ("darkgreen", "green"),
    ("darkyellow", "yellow"),
    ("darkblue", "blue"),
    ("purple", "fuchsia"),
    ("teal", "turquoise"),
    ("lightgray", "white"),
]


def _codes() -> dict[str, str]:
    codes = {"": "", "reset": _RESET} | {name: f"\x1b[{number}m" for name, number in _STYLES.items()}
    for number, (dark, bright) in enumerate(_SHADES, start=30):
        codes |= {dark: f"\x1b[{number}m", bright: f"\x1b[{number};01m"}
    return codes | {"white": codes["bold"], "brown": codes["darkyellow"], "darkteal": codes["turquoise"], "fuscia": codes["fuchsia"]}


class Colorizer:
    """Colours texts, or leaves them as they are where no terminal would show it.

    Args:
        notty: whether they stay as they are.

    Attributes:
        codes: what begins each colour and style.
    """

    def __init__(self, *, notty: bool) -> None:
        self.notty = notty
        self.codes: Mapping[str, str] = _codes()

    def colorize(self, color_key: str, text: str) -> str:
        """Return a text in a colour or style; KeyError for one that `codes` does not have."""
        return text if self.notty else f"{self.codes[color_key]}{text}{_RESET}"


# Decided once, as in RQ: what is printed goes to this program's standard output.
colorizer = Colorizer(notty=not sys.stdout.isatty())


def make_colorizer(color: str) -> Callable[[str], str]:
    """Return a function that returns a text in this colour, if standard output is a terminal."""

    def colorize(text: str) -> str:
        return colorizer.colorize(color, text)

    return colorize


green = make_colorizer("darkgreen")
yellow = make_colorizer("darkyellow")
blue = make_colorizer("darkblue")
red = make_colorizer("darkred")


class ColorizingStreamHandler(_TextHandler):
    """A log handler that shows warnings and errors in colour, if its stream is a terminal.

    Args:
        exclude: says of a record that it is shown as it is; None for no record.
        args: those of `logging.StreamHandler`.
        kwargs: likewise.
    """

    levels: Mapping[int, Callable[[str], str]] = {logging.WARNING: yellow, logging.ERROR: red, logging.CRITICAL: red}

    def __init__(self, exclude: Callable[[logging.LogRecord], bool] | None = None, *args: Any, **kwargs: Any) -> None:
        self.exclude = exclude
        super().__init__(*args, **kwargs)

    @property
    def is_tty(self) -> bool:
        """Whether the stream is a terminal."""
        isatty: Callable[[], bool] | None = getattr(self.stream, "isatty", None)
        return isatty is not None and isatty()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = super().format(record)
        color = self.levels.get(record.levelno)
        if color is None or not self.is_tty or (self.exclude is not None and self.exclude(record)):
            return line
        return color(line)
