"""An operator's own pattern as a detector."""

from __future__ import annotations

from collections.abc import Sequence

from router.masking.detectors.detector import Span, spans
from router.masking.patterns import compile_custom


class Pattern:
    """An operator's own RE2 pattern."""

    name = "pattern"
    shortest = 0

    def __init__(self, source: str) -> None:
        self._pattern = compile_custom(source)

    def find(self, text: bytes) -> Sequence[Span]:
        return [span for span in spans(self._pattern, text) if span[0] < span[1]]
