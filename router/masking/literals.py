"""Values that were found once in a call, so that they are hidden wherever else they stand in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from ahocorasick_rs import BytesAhoCorasick

from router.masking.blocks import BLOCK, holds
from router.masking.breath import Breathe, go_on
from router.masking.detectors import Span
from router.masking.detectors.detector import united
from router.masking.fold import folded
from router.masking.names import is_plain
from router.masking.patterns import compile_bytes, first_span
from router.masking.policy import BY_NAME, Finder, Policy, Replacement
from router.masking.utf8 import encoded

SHORTEST: Final = 8
"""Characters below which a value may stand elsewhere by coincidence."""
MAX_VALUES: Final = 1_000
"""Values of one call that are remembered for each replacement."""
_BY_KEY: Final = frozenset((BY_NAME.kind, "key"))
_SHORTEST_MIXED: Final = 6
_SHORTEST_WORD: Final = 10
_LEAST_VARIETY: Final = 4
_LONGEST: Final = 4_096
_ESCAPED: Final = compile_bytes(r"[\x00-\x1f\"\\]")
"""What JSON writes otherwise."""
_FEW: Final = 32
"""Values that are looked for one by one; making an automaton of them takes longer."""


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What of a call must stand nowhere else in it; kept no longer than the call.

    Attributes:
        values: those that detectors found anywhere or that their keys gave away, by what replaces them.
        uncut: masked texts of which a part only is sent, so that what that part shows of a value is known.
    """

    values: dict[Replacement, set[str]] = field(default_factory=dict)
    uncut: list[str] = field(default_factory=list)

    def remember(self, value: str, replacement: Replacement) -> None:
        """Keep a value, and how it reads without disguise; a bounded number of each replacement."""
        values = self.values.setdefault(replacement, set())
        if value not in values and len(values) < MAX_VALUES:
            values.add(value)
            if not is_plain(value):
                values.add(folded(encoded(value)).decode("utf-8", "replace"))


class Literals:
    """Finds values that another detector found elsewhere in the same call; each is at least one byte long."""

    name = "literal"
    reaches_far = True

    def __init__(self, values: Collection[bytes]) -> None:
        every = BytesAhoCorasick(list(values))

        def holds_another(value: bytes) -> bool:
            return bool(every.find_matches_as_indexes(value[1:]) or every.find_matches_as_indexes(value[:-1]))

        # Of the values that hold no other, one at most ends at each byte, whatever a caller repeats.
        cores = [value for value in values if not holds_another(value)]
        self._cores = BytesAhoCorasick(cores)
        self._others = tuple(set(values).difference(cores))
        self._longest = max(map(len, cores), default=1)
        self.shortest = self.shortest_number = min(map(len, cores), default=1)

    def find(self, text: bytes) -> Sequence[Span]:
        found: list[Span] = []
        for begin, piece in _pieces(text, self._longest):
            matches = self._cores.find_matches_as_indexes(piece, overlapping=True)
            found += united((begin + start, begin + end) for _, start, end in matches)
        return united(found + list(self._longer(text))) if found else ()

    def _longer(self, text: bytes) -> Iterator[Span]:
        for value in self._others:
            start = text.find(value)
            while start >= 0:
                yield start, start + len(value)
                start = text.find(value, start + len(value))


def is_peculiar(secret: str) -> bool:
    """Return whether a value that its key gave away can be told from common words, wherever else it stands.

    `true`, `admin` and `required` cannot: where a key called `token` holds one, it is no secret.
    """
    if len(secret) > _LONGEST:
        return False
    is_mixed = any(map(str.isalpha, secret)) and not secret.isalpha()
    return len(secret) >= (_SHORTEST_MIXED if is_mixed else _SHORTEST_WORD) and len(set(secret)) >= _LEAST_VARIETY


def stands_elsewhere(pieces: Sequence[bytes], found: Found, breathe: Breathe = go_on) -> bool:
    """Return whether values have to be looked for in the whole call: the bytes hold one, or maybe what is left of one.

    A value that its key gave away can stand elsewhere, where another mask took a part of it; and any value where a
    cut did.
    """
    by_key = any(values for replacement, values in found.values.items() if replacement.kind in _BY_KEY)
    return by_key or holds_any([*pieces, *map(encoded, found.uncut)], found.values, breathe)


def holds_any(pieces: Sequence[bytes], found: Mapping[Replacement, Set[str]], breathe: Breathe = go_on) -> bool:
    """Return whether any of the values stands in the bytes, as it is, as JSON spells it, or in disguise."""
    spellings = [each for values in found.values() for value in values for each in _spellings(value)]
    if not spellings:
        return False
    if _holds(b"\n".join(pieces), spellings):
        return True
    disguised = [read for piece in pieces if (read := folded(piece, breathe)) is not piece]
    return bool(disguised) and _holds(b"\n".join(disguised), spellings)


def _holds(text: bytes, spellings: list[bytes]) -> bool:
    if len(spellings) <= _FEW:
        return any(holds(text, each) for each in spellings)
    automaton = BytesAhoCorasick(spellings)
    return any(automaton.find_matches_as_indexes(piece) for _, piece in _pieces(text, max(map(len, spellings))))


def _pieces(text: bytes, longest: int) -> Iterator[tuple[int, bytes]]:
    """Yield where a piece begins, and the piece; they overlap, so that one of them holds a value of `longest` bytes."""
    step = max(BLOCK, longest)
    for begin in range(0, len(text), step):
        yield begin, text[begin : begin + step + longest - 1]


def _spellings(value: str) -> set[bytes]:
    """Return a value as it stands in a text, and as it stands in JSON."""
    text = encoded(value)
    is_same = first_span(_ESCAPED, text) is None if len(value) > _LONGEST else value.isprintable()
    if is_same and '"' not in value and "\\" not in value:
        return {text}
    return {text, json.dumps(value, ensure_ascii=False)[1:-1].encode()}


def with_literals(policy: Policy, found: Found) -> Policy:
    """Return a policy that hides these values too, each by what replaced it before."""
    literals = tuple(
        Finder(Literals([value.encode() for value in sorted(values)]), replacement)
        for replacement, values in found.values.items()
        if values
    )
    finders = policy.finders + literals
    labels = tuple({*policy.labels, *(replacement.label.encode() for replacement in found.values if replacement.label)})
    return replace(policy, finders=finders, labels=labels, shortest=min(each.detector.shortest for each in finders))
