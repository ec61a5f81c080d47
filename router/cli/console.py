"""Where a command prints, in the colours and symbols that the receiver can show."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

from router.cli.exits import CommandError
from router.settings import process_environment

Role = Literal["error", "warning", "gutter", "caret", "label", "path", "note", "good", "bad", "dim", "title"]

_COLOURS: Mapping[Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "gutter": "34",
    "caret": "1;31",
    "label": "34",
    "path": "1",
    "note": "1",
    "good": "32",
    "bad": "31",
    "dim": "2",
    "title": "1",
}
_ASCII = {
    "✔": "+",
    "✘": "x",
    "■": "#",
    "·": "-",
    "→": "->",
    "←": "<-",
    "∈": "in",
    "…": "...",
    "–": "-",
    "∅": "-",
}
_TO_ASCII = str.maketrans(_ASCII)


class Console:
    """A text stream that takes text with colours and symbols and writes what its receiver can show.

    Colours: never with NO_COLOR or on a dumb terminal, always with FORCE_COLOR, otherwise on terminals. A stream
    whose encoding lacks our symbols gets ASCII ones.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._symbols = _can_encode("".join(_ASCII), self._encoding)
        self.has_colours = _wants_colours(stream, environ)

    def print(self, text: str = "") -> None:
        """Write a text and a newline; characters that the encoding lacks become escapes."""
        if not self._symbols:
            text = text.translate(_TO_ASCII)
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write a text as it is, but for characters that the encoding lacks."""
        if not _can_encode(text, self._encoding):
            text = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        self._stream.write(text)

    def print_json(self, value: Any, *, indent: int | None = 2) -> None:
        """Write a value as JSON and a newline; escapes take care of what the encoding lacks."""
        text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
        if not _can_encode(text, self._encoding):
            text = json.dumps(value, indent=indent, default=str)
        self._stream.write(text + "\n")

    def flush(self) -> None:
        self._stream.flush()

    def paint(self, role: Role, text: str) -> str:
        """Return the text in the colour of its role, or as it is where there are no colours."""
        return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m" if self.has_colours and text else text


def stdout() -> Console:
    """Return the console for results."""
    return Console(sys.stdout, process_environment())


def stderr() -> Console:
    """Return the console for everything that is not the result."""
    return Console(sys.stderr, process_environment())


def print_error(error: CommandError) -> None:
    """Print on stderr what a command cannot do, and the way out."""
    console = stderr()
    console.print(f"{console.paint('error', 'error')}: {error}")
    if error.hint:
        console.print(f"  = {console.paint('note', 'help:')} {error.hint}")


def _wants_colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True
