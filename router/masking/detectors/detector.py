"""What a detector is: something that finds values of one kind in UTF-8 bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from router.masking.patterns import compile_bytes, first_span

Span = tuple[int, int]
"""Offsets in bytes, end exclusive."""
Keys = tuple[str, ...]
"""The nearest keys over a value, innermost last."""
Find = Callable[[bytes], Iterable[Span | None]]
"""Yields spans of a text, and None after a look at what turned out to be none: who asks can do something else then."""
_UUID: Final = compile_bytes(
    r"(?:^|[^0-9A-Za-z])([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[0-9A-Fa-f]{2}-[0-9A-Fa-f]{32}-[0-9A-Fa-f]{16}-[0-9A-Fa-f]{2})(?:[^0-9A-Za-z]|$)",
    captures=True,
)
"""UUIDs, and trace ids as W3C's `traceparent` has them."""
_UUID_LENGTH: Final = 56
"""Bytes of the longer one, and one that ends it."""
_UUID_DASHES: Final = 3
"""Dashes in the one that has fewer; without as many there is none."""
_DIGIT: Final = compile_bytes("[0-9]")
NO_NUMBER: Final = 1 << 30
"""`shortest_number` of what no number alone can be."""


class Detector(Protocol):
    """Finds values of one kind.

    `find` gets UTF-8 and yields spans in bytes that lie on character boundaries; they may overlap. After a look at
    what turned out to be none it may yield None. It must take linear time, and whatever it raises withholds the field
    it was looking at.

    Attributes:
        shortest: a text of fewer bytes cannot hold a hit.
        shortest_number: a number of fewer characters cannot be a hit.
        reaches_far: whether a hit can be longer than `router.masking.fold.AROUND` with blanks in it, or depend on what
            stands farther off; of a folded text such a detector gets all, and not only what is near the folding.
    """

    @property
    def name(self) -> str: ...

    @property
    def shortest(self) -> int: ...

    @property
    def shortest_number(self) -> int: ...

    @property
    def reaches_far(self) -> bool: ...

    def find(self, text: bytes) -> Iterable[Span | None]: ...


@runtime_checkable
class ReadsKeys(Protocol):
    """A detector to which the key of a value says something of the value, as a word before it does in a text."""

    def under(self, keys: Keys) -> Find | None:
        """Return what finds values under `keys`, besides what `find` does; None where they say nothing."""
        ...


@runtime_checkable
class Gated(Protocol):
    """A detector with a `sign`: an RE2 pattern over bytes that matches every text in which `find` finds anything.

    Attributes:
        sign_is: what it is a sign of: the `form` of a value, or a `word` before one. Those of one kind are looked for
            in one go, and of different ones are not: RE2 remembers how far it had got with each, in all combinations,
            and for those of all signs it has no room.
    """

    @property
    def sign(self) -> str: ...

    @property
    def sign_is(self) -> str: ...


@runtime_checkable
class Screened(Protocol):
    """A detector that can tell of most texts, in much less time than `find` takes, that it finds nothing there."""

    def may_find(self, text: bytes) -> bool: ...


@runtime_checkable
class Composed(Protocol):
    """A detector that finds what its `parts` find, each of which may have a sign of its own."""

    @property
    def parts(self) -> Sequence[Detector]: ...


@runtime_checkable
class Prepared(Protocol):
    """A detector that imports something for the first value that it looks at twice, unless it was prepared."""

    def prepare(self) -> None:
        """Import it."""
        ...


def parts_of(detector: Detector) -> Sequence[Detector]:
    """Return the detectors that together find what `detector` finds."""
    return detector.parts if isinstance(detector, Composed) else (detector,)


def united(found: Iterable[Span]) -> list[Span]:
    """Return disjoint spans in order that cover the same bytes."""
    whole: list[Span] = []
    for start, end in sorted(found):
        if whole and start < whole[-1][1]:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((start, end))
    return whole


def after(before: bytes, find: Find) -> Find:
    """Return what finds in a text what `find` would if `before` stood before it."""
    size = len(before)

    def found(text: bytes) -> Iterator[Span | None]:
        for span in find(before + text):
            yield None if span is None or span[1] <= size else (max(0, span[0] - size), span[1] - size)

    return found


def overlaps_any(span: Span, others: Sequence[Span]) -> bool:
    """Return whether a span shares a byte with one of `others`, which are disjoint and in order."""
    before = bisect_left(others, (span[1],))
    return before > 0 and others[before - 1][1] > span[0]


def is_in_uuid(text: bytes, start: int, end: int) -> bool:
    """Return whether a span shares a byte with a UUID or traceparent: its digits are nobody's number."""
    offset = max(0, start - _UUID_LENGTH)
    return text.count(b"-", offset, end + _UUID_LENGTH) >= _UUID_DASHES and any(
        offset + match.start(1) < end and start < offset + match.end(1)
        for match in _UUID.finditer(text[offset : end + _UUID_LENGTH])
    )


def has_digit(value: bytes) -> bool:
    """Return whether an ASCII digit is in `value`."""
    return first_span(_DIGIT, value) is not None


def near(words: Any, text: bytes, span: Span, *, before: int, after: int) -> bool:
    """Return whether the compiled pattern `words` matches within so many bytes before or after a span."""
    start, end = span
    sides = text[max(0, start - before) : start], text[end : end + after]
    return any(first_span(words, side) for side in sides)
