"""What counts as a number: one that is finite; true and false are none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_LARGEST = 1e300


def number_of(value: Any) -> float | None:
    """Return a number as it is; None for anything else, NaN and what is too large to be added up."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if -_LARGEST < value < _LARGEST else None


def number_in(text: str) -> float | None:
    """Return the number that a text spells, None for any other text and for what only Python reads (`1_000`, `٧`)."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return number_of(float(text))
    except ValueError:
        return None


def total_of(values: Iterable[Any]) -> float | None:
    """Return the sum of the numbers among some values, None when there are none."""
    numbers = [number for value in values if (number := number_of(value)) is not None]
    return sum(numbers) if numbers else None
