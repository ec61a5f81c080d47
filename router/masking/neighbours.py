"""What stands beside a value that was hidden: some of it is seen only once that value is gone."""

from __future__ import annotations

from typing import Final

_BETWEEN_WORDS: Final = bytes(byte for byte in range(0x80) if not chr(byte).isalnum() and byte != 0x5F)
_NO_DIGITS: Final = bytes(byte for byte in range(0x100) if byte not in b"0123456789")
_NEAR: Final = 32
"""Bytes between two values of which one may keep the other from being seen, or give it away by its label."""
_AROUND: Final = 96
"""Bytes beside a hidden value that are looked at again."""


def touches_word(data: bytes, start: int, end: int) -> bool:
    """Return whether a word goes on where the span begins or ends."""
    return (data[max(0, start - 1) : start] + data[end : end + 1]).translate(None, _BETWEEN_WORDS) != b""


def has_neighbour(data: bytes, start: int, end: int, *, is_word: bool) -> bool:
    """Return whether a number stands near the span, or what reads on from it: `…:db8::1`, `…@example.com`.

    Detectors take the figures before and behind a number for a part of it: of `4111111111111111,536-90-4399` the
    second is seen when the first is none any more; and what `[PHONE]` stands before is one as well. Where `is_word`, a
    word comes in the place of the span, and any sign beside it may make it a part of something.
    """
    before, after = data[max(0, start - _NEAR) : start], data[end : end + _NEAR]
    if before.translate(None, _NO_DIGITS) or after.translate(None, _NO_DIGITS):
        return True
    if is_word and (before[-1:] + after[:1]).strip():
        return True
    if after[:1] in (b":", b"@") and after[1:2].strip(_BETWEEN_WORDS):
        return True
    return before[-1:] == b":" and b":" in before[-6:-1]


class Neighbourhoods:
    """The parts of a text around what was replaced in it."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Add what stands around a span that begins behind those before."""
        begin = max(0, start - _AROUND)
        if self._spans and begin <= self._spans[-1][1]:
            begin = self._spans.pop()[0]
        self._spans.append((begin, end + _AROUND))

    def of(self, data: bytes) -> bytes:
        """Return the parts of `data` as one text, in lines; an empty one where there are none."""
        return b"\n".join([data[start:end] for start, end in self._spans])
