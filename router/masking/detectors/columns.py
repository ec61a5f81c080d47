"""Secrets in a column of a table, under a head that names them: CSV, Markdown, what databases print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from router.masking.names import NAME_CHARACTERS, says_secret

HEAD_ENDS = r"[A-Za-z0-9_.-]*[\"'`* \t]*[,;|\t\r\n]"
"""What follows a word for a secret at the head of a column."""
_SEPARATORS = (b"|", b"\t", b";", b",")
_CELL_MARKS = b" \t\r\"'"
_MARKDOWN = b"`*"
_HEAD_BYTES = NAME_CHARACTERS.encode() + b"#\"'`* \t\r,;|"
_RULE_BYTES = b" \t\r|:+=-"
"""What the line under the head of a table consists of."""
_LONGEST_HEAD = 4096
_MOST_WORDS = 3
_LEAST_COLUMNS = 2


class Cell(NamedTuple):
    """A cell under the name of a secret, and the span of what stands in it."""

    name: str
    begin: int
    end: int


def cells_under(text: bytes, start: int) -> tuple[Sequence[Cell], int]:
    """Return what stands in the cells under the line around `start`, if that is the head of a table.

    None is empty; one may be a placeholder, or a word that describes the column. With them comes where the table
    ends, or else the line, or what was read of a longer one.
    """
    end = text.find(b"\n", start, start + _LONGEST_HEAD)
    if end < 0:
        return (), start + _LONGEST_HEAD
    earliest = max(0, start - _LONGEST_HEAD)
    head = text[max(earliest, text.rfind(b"\n", earliest, start) + 1) : end]
    if head.translate(None, _HEAD_BYTES):
        return (), end
    separator = _separator(head)
    if not separator:
        return (), end
    names = _names(head.split(separator))
    return _rows(text, end + 1, separator, names) if any(names) else ((), end)


def _rows(text: bytes, start: int, separator: bytes, names: list[str]) -> tuple[Sequence[Cell], int]:
    found: list[Cell] = []
    marks = _CELL_MARKS + _MARKDOWN if separator == b"|" else _CELL_MARKS
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        row = text[start:end]
        cells = row.split(separator)
        if row.strip(_RULE_BYTES):
            if len(cells) != len(names):
                break
            offset = start
            for name, cell in zip(names, cells, strict=True):
                if name and (value := cell.strip(marks)):
                    begin = offset + cell.index(value)
                    found.append(Cell(name, begin, begin + len(value)))
                offset += len(cell) + 1
        elif not row.strip():
            break
        start = end + 1
    return found, start


def _separator(head: bytes) -> bytes:
    for mark in _SEPARATORS:
        if mark in head:
            return mark
    return b""


def _names(heads: list[bytes]) -> list[str]:
    """Return for each column its name where that says secret, else an empty text; nothing for prose and code."""
    plain = [head.strip(_CELL_MARKS + _MARKDOWN).decode("latin-1") for head in heads]
    if (
        not all(plain[1:-1])
        or sum(map(bool, plain)) < _LEAST_COLUMNS
        or any(head.count(" ") >= _MOST_WORDS for head in plain)
    ):
        return []
    return [head if says_secret(head) else "" for head in plain]
