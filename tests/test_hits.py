"""Hits in order, and made one where they overlap: however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from router.masking.detectors.detector import Span
from router.masking.hits import Hits, merged
from router.masking.policy import Replacement

REPLACEMENTS = (Replacement("m", "a", "redact", "A"), Replacement("m", "b", "mask"))
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda each: (each[0], sum(each))), max_size=8)


def seen(hits: Sequence[tuple[Replacement, Sequence[Span]]]) -> list[tuple[int, int, str, list[tuple[int, int, str]]]]:
    """Return what becomes of them, by the names of what replaces it."""
    copied: Hits = [(replacement, [*spans]) for replacement, spans in hits]
    return [
        (start, end, decisive.kind, [(begin, stop, each.kind) for begin, stop, each in group])
        for start, end, decisive, group in merged(copied)
    ]


@settings(max_examples=40)
@given(SPANS.filter(bool), SPANS)
def test_many_hits_are_what_few_are(first: list[Span], second: list[Span]) -> None:
    """Where there are thousands they are taken in blocks, and a block may end within some that overlap."""
    hits = [*zip(REPLACEMENTS, (first, second), strict=True)]
    few = seen(hits)
    assert few == sorted(few)
    for before, (start, *_) in pairwise(few):
        assert before[1] <= start
    assert sorted((begin, stop) for *_, group in few for begin, stop, _ in group) == sorted(first + second)
    filler = [(start, start + 1) for start in range(70_000, 78_400, 2)]
    at = 65_536 - 20
    shifted = [(each, [(start + at, end + at) for start, end in spans]) for each, spans in hits]
    many = seen([*shifted, (REPLACEMENTS[0], filler)])
    assert [
        (start - at, end - at, kind, [(begin - at, stop - at, each) for begin, stop, each in group])
        for start, end, kind, group in many[: len(few)]
    ] == few
    assert len(many) == len(few) + len(filler)
