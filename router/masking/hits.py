"""What was found in a text, by what comes in its place: in order, and made one where it overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.masking.detectors.detector import Span
from router.masking.policy import Replacement

Hits = list[tuple[Replacement, list[Span]]]
"""Spans in bytes, in no order, by what comes in their place.

There may be a million, and what holds numbers only costs the garbage collector nothing.
"""
Hit = tuple[int, int, Replacement]
"""Start and end in bytes, and what comes in their place."""
_Sortable = tuple[int, int, int]
"""Start, the end with a minus, and the place of what comes there among the hits."""
_MANY: Final = 4096
_BLOCK: Final = 65_536
"""Bytes whose hits are sorted in one go, where there are many."""


def merged(hits: Hits) -> Iterator[tuple[int, int, Replacement, list[Hit]]]:
    """Yield disjoint spans in order, with what replaces them and the hits they are made of; use up `hits`.

    Overlapping hits become one, and the strictest, then longest, decides.
    """
    group: list[Hit] = []
    end = 0
    for hit in _in_order(hits):
        if group and hit[0] >= end:
            yield group[0][0], end, _decisive(group), group
            group = []
        end = max(end, hit[1]) if group else hit[1]
        group.append(hit)
    yield group[0][0], end, _decisive(group), group


def _in_order(hits: Hits) -> Iterator[Hit]:
    """Yield hits by their start, the longest first."""
    for some in _in_blocks(hits) if sum([len(spans) for _, spans in hits]) > _MANY else (_each(hits),):
        for start, minus_end, number in sorted(some):
            yield start, -minus_end, hits[number][0]


def _each(hits: Hits) -> Iterator[_Sortable]:
    return ((start, -end, number) for number, (_, spans) in enumerate(hits) for start, end in spans)


def _in_blocks(hits: Hits) -> Iterator[list[_Sortable]]:
    """Yield the same in blocks, in order, and use up `hits`: sorting all, or letting them go, would hold the GIL."""
    blocks: dict[int, list[_Sortable]] = {}
    for number, (_, spans) in enumerate(hits):
        while spans:
            start, end = spans.pop()
            blocks.setdefault(start // _BLOCK, []).append((start, -end, number))
    for block in sorted(blocks):
        yield blocks.pop(block)


def _decisive(group: list[Hit]) -> Replacement:
    return max(group, key=lambda hit: (hit[2].strictness, hit[1] - hit[0]))[2] if len(group) > 1 else group[0][2]
