"""Long texts and bytes in blocks: what Python does to megabytes in one go holds the GIL for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import AnyStr, Final

BLOCK: Final = 131_072
"""Bytes or characters that are worked on in one go: less than a millisecond."""
_MANY: Final = 4096


def holds(text: AnyStr, mark: AnyStr, start: int = 0, end: int | None = None) -> bool:
    """Return whether `mark` stands in `text`, between `start` and `end`."""
    if end is None and len(text) <= BLOCK:
        return mark in text
    end = len(text) if end is None else end
    return any(
        text.find(mark, begin, min(end, begin + BLOCK + len(mark) - 1)) >= 0 for begin in range(start, end, BLOCK)
    )


def is_ascii(data: bytes) -> bool:
    """Return `data.isascii()`."""
    if len(data) <= BLOCK:
        return data.isascii()
    return all(data[start : start + BLOCK].isascii() for start in range(0, len(data), BLOCK))


def joined(chunks: Iterable[str]) -> str:
    """Return the chunks as one text, joined and let go by thousands."""
    blocks, rest = [], iter(chunks)
    while some := list(islice(rest, _MANY)):
        blocks.append("".join(some))
    return "".join(blocks)


class Pieces:
    """Pieces of bytes that become one, joined and let go by thousands."""

    __slots__ = ("_blocks", "_pieces")

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._pieces: list[bytes] = []

    def add(self, data: bytes, start: int, end: int, then: bytes) -> None:
        """Add what stands in `data` from `start` to `end`, and `then` after it."""
        while end - start > BLOCK:
            self._blocks.append(b"".join((*self._pieces, data[start : start + BLOCK])))
            self._pieces.clear()
            start += BLOCK
        self._pieces += (data[start:end], then)
        if len(self._pieces) > _MANY:
            self._blocks.append(b"".join(self._pieces))
            self._pieces.clear()

    def joined(self) -> bytes:
        """Return all of them as one; Python lets the GIL go where it joins a megabyte or more of bytes."""
        return b"".join((*self._blocks, *self._pieces))
