"""Values that are split across adjacent texts, such as the text parts of one message."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from router.masking.detectors import BUILTIN_DETECTORS
from router.masking.detectors.detector import overlaps_any, united
from router.masking.hits import Hits, merged
from router.masking.policy import Finder
from router.masking.scan import MaskFailed, Scanner
from router.masking.utf8 import decoded, encoded

_SEPARATORS = (b"", b" ")
"""What may be thought between two texts: the first may end in the middle of a word or at its end."""
_MAX_PASSES = 4
_PERSONAL = frozenset(each.name for each in BUILTIN_DETECTORS if each.group == "pii")


def mask_across(texts: list[str], scanner: Scanner, active: tuple[Finder, ...]) -> list[str]:
    """Return `texts` with every value replaced that more than one of them holds; what one holds alone stays.

    What replaces a value stands where the value begins. Raises MaskFailed, also where that finds no end.
    """
    for separator in _SEPARATORS:
        for _ in range(_MAX_PASSES):
            changed = _pass(texts, separator, scanner, active)
            if changed is None:
                break
            texts = changed
        else:
            raise MaskFailed(active[0].replacement.mask, drops=any(finder.replacement.drops for finder in active))
    return texts


def _pass(texts: list[str], separator: bytes, scanner: Scanner, active: tuple[Finder, ...]) -> list[str] | None:
    parts = [encoded(text) for text in texts]
    starts = list(accumulate((len(part) + len(separator) for part in parts[:-1]), initial=0))
    data = separator.join(parts)

    def is_split(start: int, end: int) -> bool:
        first = bisect_right(starts, start) - 1
        return first + 1 < len(starts) and start < starts[first] + len(parts[first]) and end > starts[first + 1]

    hits = scanner.find(data, active)
    split = [(replacement, [span for span in spans if is_split(*span)]) for replacement, spans in hits]
    if not any(spans for _, spans in split):
        return None
    # What one text holds alone and overlaps is part of what is replaced: nothing of it may stay behind.
    alone: Hits = [
        (replacement, [(offset + start, offset + end) for start, end in spans])
        for offset, part in zip(starts, parts, strict=True)
        for replacement, spans in scanner.find(part, active)
    ]
    personal = {
        kind: united(span for replacement, spans in alone if replacement.kind == kind for span in spans)
        for kind in _PERSONAL & {replacement.kind for replacement, _ in alone}
    }
    # A hit may only add the neighbour's last word to an address or number that one text holds whole. Nobody can tell
    # for a secret or a pattern where it ends, so there the neighbour's word goes as well.
    split = [
        (replacement, [span for span in spans if not overlaps_any(span, personal.get(replacement.kind, ()))])
        for replacement, spans in split
    ]
    if not any(spans for _, spans in split):
        return None
    for start, end, replacement, group in [*merged([*split, *alone])][::-1]:
        if is_split(start, end):
            _replace(parts, starts, start, end, scanner.written(data, start, end, replacement, group).encode())
    return [decoded(part) for part in parts]


def _replace(parts: list[bytes], starts: list[int], start: int, end: int, written: bytes) -> None:
    first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
    for index in range(last, first - 1, -1):
        begin, stop = max(start - starts[index], 0), end - starts[index]
        parts[index] = parts[index][:begin] + (written if index == first else b"") + parts[index][stop:]
