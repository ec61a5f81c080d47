"""What a detector is: something that finds values of one kind in UTF-8 bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

Span = tuple[int, int]
"""Offsets in bytes, end exclusive."""


class Detector(Protocol):
    """Finds values of one kind.

    `find` gets UTF-8 and returns spans in bytes that lie on character boundaries; they may overlap. It must take
    linear time, and whatever it raises withholds the field it was looking at.

    Attributes:
        shortest: a text of fewer bytes cannot hold a hit.
    """

    @property
    def name(self) -> str: ...

    @property
    def shortest(self) -> int: ...

    def find(self, text: bytes) -> Sequence[Span]: ...


def spans(pattern: Any, text: bytes) -> Iterator[Span]:
    """Yield the span of every match of a compiled pattern."""
    return (match.span() for match in pattern.finditer(text))


def united(found: Iterable[Span]) -> list[Span]:
    """Return disjoint spans in order that cover the same bytes."""
    whole: list[Span] = []
    for start, end in sorted(found):
        if whole and start < whole[-1][1]:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((start, end))
    return whole


def overlaps_any(span: Span, others: Sequence[Span]) -> bool:
    """Return whether a span shares a byte with one of `others`, which are disjoint and in order."""
    before = bisect_left(others, (span[1],))
    return before > 0 and others[before - 1][1] > span[0]


def has_digit(value: bytes) -> bool:
    """Return whether an ASCII digit is in `value`."""
    return any(byte in b"0123456789" for byte in value)


def near(words: Any, text: bytes, span: Span, *, before: int, after: int) -> bool:
    """Return whether the compiled pattern `words` matches within so many bytes before or after a span."""
    start, end = span
    return bool(words.search(text[max(0, start - before) : start]) or words.search(text[end : end + after]))
