"""Values that were found once in a call, so that they are hidden wherever else they stand in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from router.masking.detectors import Span
from router.masking.policy import Finder, Policy, Replacement

SHORTEST: Final = 8
"""Characters below which a value may stand elsewhere by coincidence."""
MAX_VALUES: Final = 1_000
"""Values of one call that are remembered."""
Found = Mapping[Replacement, Set[str]]
"""Values that detectors found anywhere, by what was written in their place."""


@dataclass(frozen=True, slots=True, repr=False)
class Literals:
    """Finds values that another detector found elsewhere in the same call."""

    values: tuple[bytes, ...]
    name: str = "literal"
    shortest: int = SHORTEST

    def find(self, text: bytes) -> Sequence[Span]:
        spans: list[Span] = []
        for value in self.values:
            start = text.find(value)
            while start >= 0:
                spans.append((start, start + len(value)))
                start = text.find(value, start + len(value))
        return spans


def with_literals(policy: Policy, found: Found) -> Policy:
    """Return a policy that hides these values too, each by what replaced it before."""
    literals = tuple(
        Finder(Literals(tuple(value.encode() for value in sorted(values))), replacement)
        for replacement, values in found.items()
    )
    return replace(policy, finders=policy.finders + literals, clean_keys=set())
