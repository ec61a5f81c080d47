"""Shows the end of a value and nothing else of it: `****1234`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

STARS: Final = "****"
"""Stands for what is hidden, however long it is."""
_SHARE: Final = 4
"""One character in so many may be shown."""


def shown_from(value: str, kind: str, keep_last: int) -> int:
    """Return the index from which `value` may be shown: at most `keep_last` characters, of a card digits.

    Never more than a quarter of what is not a star; and nothing up to one, so that what masking wrote is told from
    what it kept.
    """
    counted = [index for index, char in enumerate(value) if char != "*" and (kind != "credit_card" or char.isdecimal())]
    shown = min(keep_last, len(counted) // _SHARE)
    start = counted[-shown] if shown else len(value)
    return max(start, value.rfind("*") + 1)


def partly_shown(end: str, kind: str) -> str:
    """Return the text that replaces a value of which `end` may be shown."""
    return STARS + ("".join(filter(str.isdecimal, end)) if kind == "credit_card" else end)


def is_partly_shown(data: bytes, start: int, end: int, written: Collection[bytes], longest: int) -> bool:
    """Return whether the span is nothing but stars, or lies within one of the texts `written`.

    Anybody can write stars before a value, so it is not enough that they stand there. No text of `written` has more
    than `longest` bytes after its stars.
    """
    if not data[start:end].strip(b"*"):
        return True
    stars = data.rfind(STARS.encode(), max(0, start - longest - len(STARS)), start + len(STARS))
    if stars < 0:
        return False
    shown = stars + len(STARS)
    return any(data[stars:stop] in written for stop in range(max(end, shown), shown + longest + 1))
