"""An operator's own detectors: a pattern, words that stand near a hit, a checksum."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import re2

from router.config.model import Near, PatternDetector
from router.config.validators import Validator, find_validator
from router.masking.detectors.detector import Find, Keys, Span
from router.masking.detectors.keys import as_member
from router.masking.patterns import compile_custom

_NO_LETTER = r"[^\p{L}\p{M}\p{N}]"


class OwnPattern:
    """What the pattern finds, a word stands near, and the checksum confirms."""

    shortest = 0
    shortest_number = 0
    reaches_far = True

    def __init__(self, name: str, spec: PatternDetector, is_valid: Validator | None = None) -> None:
        """Compile a detector that was checked; `is_valid` stands in for the checksum that it names.

        Raises re2.error, UnknownValidator.
        """
        self.name = name
        self._pattern = compile_custom(spec.pattern, captures=spec.group > 0)
        self._group = spec.group
        near = Near.of(spec.near)
        self._near = NearWords(near) if near is not None else None
        self._is_valid = find_validator(spec.validate_) if spec.validate_ is not None else is_valid

    def under(self, keys: Keys) -> Find | None:
        before, key_end = as_member(keys)
        size = len(before)

        def find(text: bytes) -> Sequence[Span]:
            text = before + text
            # What begins between them says nothing of the key, and would take in the quotes that are only thought.
            hits = [hit for hit in self._pattern.finditer(text) if not key_end <= hit.start() < size]
            found = [(max(size, start), end) for start, end in self._spans(text, hits) if end > size]
            return [(start - size, end - size) for start, end in found if self._holds(text[start:end])]

        return find

    def find(self, text: bytes) -> Sequence[Span]:
        found = self._spans(text, list(self._pattern.finditer(text)))
        return [span for span in found if span[0] < span[1] and self._holds(text[span[0] : span[1]])]

    def _spans(self, text: bytes, hits: list[Any]) -> list[Span]:
        """Return what is hidden of those hits that have a word near them."""
        if hits and self._near is not None:
            stand = self._near.in_text(text)
            hits = [hit for hit in hits if stand.is_near(*hit.span())]
        return [hit.span(self._group) for hit in hits]

    def _holds(self, value: bytes) -> bool:
        return self._is_valid is None or self._is_valid(value.decode("utf-8", "replace"))


class NearWords:
    """Finds the words of `near:` in a text."""

    def __init__(self, near: Near) -> None:
        words = "|".join(re2.escape(word) for word in near.words)
        self._pattern = compile_custom(rf"(?i)(?:^|{_NO_LETTER})({words})(?:{_NO_LETTER}|$)", captures=True)
        self._within = near.within

    def in_text(self, text: bytes) -> StandingWords:
        """Return where the words stand in `text`."""
        return StandingWords(text, list(_words(self._pattern, text)), self._within)


def _words(pattern: Any, text: bytes) -> Iterator[Span]:
    position = 0
    while found := pattern.search(text, position):
        yield found.span(1)
        position = found.end(1)  # what ends a word may begin the next


class StandingWords:
    """The words in one text, in order."""

    def __init__(self, text: bytes, words: list[Span], within: int) -> None:
        self._text = text
        self._words = words
        self._starts = [start for start, _ in words]
        self._within = within

    def is_near(self, start: int, end: int) -> bool:
        """Return whether a word stands inside the span, or few enough characters before or after it."""
        after = bisect_left(self._starts, start)
        if after < len(self._words) and self._is_short(end, self._words[after][0]):
            return True
        return after > 0 and self._is_short(self._words[after - 1][1], start)

    def _is_short(self, start: int, end: int) -> bool:
        """Return whether few enough characters stand between two offsets; none when the second is not after."""
        if end - start <= self._within:
            return True
        return end - start <= 4 * self._within and len(self._text[start:end].decode("utf-8", "replace")) <= self._within
