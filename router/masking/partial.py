"""Shows the end of a value and nothing else of it: `****1234`."""

from __future__ import annotations

from typing import Final

STARS: Final = "****"
"""Stands for what is hidden, however long it is."""
_SHARE: Final = 4
"""One character in so many may be shown."""


def shown_from(value: str, kind: str, keep_last: int) -> int:
    """Return the index from which `value` may be shown: at most `keep_last` characters, of a card digits.

    Never more than a quarter; and nothing up to a star, so that what masking wrote is told from what it kept.
    """
    counted = [index for index, char in enumerate(value) if kind != "credit_card" or char.isdecimal()]
    shown = min(keep_last, len(counted) // _SHARE)
    start = counted[-shown] if shown else len(value)
    return max(start, value.rfind("*") + 1)


def partly_shown(end: str, kind: str) -> str:
    """Return the text that replaces a value of which `end` may be shown."""
    return STARS + ("".join(filter(str.isdecimal, end)) if kind == "credit_card" else end)


def is_partly_shown(data: bytes, start: int, end: int, keep_last: int) -> bool:
    """Return whether the span lies within stars and at most `keep_last` characters after them, which masking wrote."""
    stars = data.rfind(STARS.encode(), max(0, start - 4 * keep_last - len(STARS)), start + len(STARS))
    if stars < 0:
        return False
    after = data[stars:].lstrip(b"*")
    tail = data[len(data) - len(after) : end].decode("utf-8", "replace")
    return len(tail) <= keep_last and "*" not in tail
