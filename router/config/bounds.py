"""The numbers that `gt`, `gte`, `lt` and `lte` of one matcher leave."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from router.config.model import MatchOperators

ORDERING = frozenset({"gt", "gte", "lt", "lte"})
"""The operators that compare numbers."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Numbers from `low` to `high`. An end is a number and 0, or 1 (-1 for `high`) where the number itself is out."""

    low: tuple[float, int] = (-inf, 0)
    high: tuple[float, int] = (inf, 0)

    @property
    def is_empty(self) -> bool:
        return self.low > self.high

    def within(self, other: Bounds) -> bool:
        """Tell whether `other` has every number that these have."""
        return other.low <= self.low and self.high <= other.high


def bounds_of(operators: MatchOperators) -> Bounds:
    """Return what the four operators leave together; without any of them every number."""
    low = max(_end(operators.gt, 1, -inf), _end(operators.gte, 0, -inf))
    high = min(_end(operators.lt, -1, inf), _end(operators.lte, 0, inf))
    return Bounds(low, high)


def _end(number: float | None, side: int, otherwise: float) -> tuple[float, int]:
    return (otherwise, 0) if number is None else (number, side)
