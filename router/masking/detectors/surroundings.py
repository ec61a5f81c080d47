"""What stands around a number and says that it is nobody's: lines of a dump, traces."""

from __future__ import annotations

from collections.abc import Sequence

from router.masking.detectors.detector import Span
from router.masking.patterns import compile_bytes, first_span

_DUMP = compile_bytes(r"^[0-9a-fA-F]{6,7}0:?(?: [0-9a-fA-F]{4}){8}(?:  |$)|^[0-7]{6}0(?: [0-7]{3}){16}$")
"""A whole line of `xxd`, `hexdump` or `od`: sixteen bytes, at an offset that sixteen divides."""
_FIGURES = compile_bytes(r"^[^a-fA-F]{6,9}(?: [0-9]{4}){8}(?:$|  (?:.{0,15}|.{17,})$)")
"""A line that may as well be a number and two cards: no letter among the bytes, nor beside them sixteen characters."""
_TRACE = compile_bytes(r"(?i)(?:(?:^|[^a-z])(?:trace|span|parent)[_-]?id[\"']?[ \t]*[:=][ \t]*[\"']?|\b[0-9a-f]{32}/)$")
_SHORTEST_TRACE = 17
"""Digits of an id of 64 bits, where it could be taken for a card's number; shorter ones are rare and cards are not."""
_LONGEST_LINE = 256
_BEFORE = 48


def outside_dumps(found: Sequence[Span], text: bytes) -> Sequence[Span]:
    """Return the spans that lie in no line of a dump of bytes."""
    return [span for span in found if not _is_dump(text[slice(*_line(text, *span))])]


def outside_traces(found: Sequence[Span], text: bytes) -> Sequence[Span]:
    """Return the spans but for long ones that are called the id of a trace or span."""
    return [span for span in found if not _is_trace(text, *span)]


def _is_dump(line: bytes) -> bool:
    return first_span(_DUMP, line) is not None and first_span(_FIGURES, line) is None


def _is_trace(text: bytes, start: int, end: int) -> bool:
    return (
        end - start >= _SHORTEST_TRACE
        and text[start:end].isdigit()
        and first_span(_TRACE, text[max(0, start - _BEFORE) : start]) is not None
    )


def _line(text: bytes, start: int, end: int) -> Span:
    """Return the line around a span, without its end; of a long one what stands near."""
    earliest, latest = max(0, start - _LONGEST_LINE), min(len(text), end + _LONGEST_LINE)
    begin = max(earliest, text.rfind(b"\n", earliest, start) + 1)
    stop = text.find(b"\n", end, latest)
    return begin, latest if stop < 0 else stop
