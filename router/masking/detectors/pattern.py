"""An operator's own pattern as a detector."""

from __future__ import annotations

from collections.abc import Sequence

from router.masking.detectors.detector import Find, Keys, Span
from router.masking.detectors.keys import as_member
from router.masking.patterns import compile_custom, spans


class Pattern:
    """An operator's own RE2 pattern."""

    name = "pattern"
    shortest = 0
    shortest_number = 0
    reaches_far = True

    def __init__(self, source: str) -> None:
        self._pattern = compile_custom(source)

    def under(self, keys: Keys) -> Find | None:
        before, key_end = as_member(keys)
        size = len(before)

        def find(text: bytes) -> Sequence[Span]:
            found = spans(self._pattern, before + text)
            # What begins behind the key says nothing of it, and would take in the quotes that are only thought.
            return [(max(0, start - size), end - size) for start, end in found if start < key_end and end > size]

        return find

    def find(self, text: bytes) -> Sequence[Span]:
        return [span for span in spans(self._pattern, text) if span[0] < span[1]]
