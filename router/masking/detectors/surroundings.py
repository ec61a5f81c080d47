"""What stands around a number and says that it is nobody's: lines of a dump, traces, tables of figures."""

from __future__ import annotations

from collections.abc import Sequence

from router.masking.detectors.detector import Span, overlaps_any
from router.masking.patterns import compile_bytes, first_span

_DUMP = compile_bytes(r"^[0-9a-fA-F]{6,7}0:?(?: [0-9a-fA-F]{4}){8}(?:  |$)|^[0-7]{6}0(?: [0-7]{3}){16}$")
"""A whole line of `xxd`, `hexdump` or `od`: sixteen bytes, at an offset that sixteen divides."""
_TRACE = compile_bytes(r"(?i)(?:(?:^|[^a-z])(?:trace|span|parent)[_-]?id[\"']?[ \t]*[:=][ \t]*[\"']?|\b[0-9a-f]{32}/)$")
_SHORTEST_TRACE = 17
"""Digits of an id of 64 bits, where it could be taken for a card's number; shorter ones are rare and cards are not."""
_FIGURES = b"0123456789 .\t|-"
_FOUR_DIGITS = 4
_WHOLE_ROW = 6
"""Groups of digits in a line that holds more than a number and what belongs to it."""
_LONGEST_LINE = 256
_BEFORE = 48


def outside_dumps(found: Sequence[Span], text: bytes) -> Sequence[Span]:
    """Return the spans that lie in no line of a dump of bytes."""
    return [span for span in found if not first_span(_DUMP, text[slice(*_line(text, *span))])]


def outside_traces(found: Sequence[Span], text: bytes) -> Sequence[Span]:
    """Return the spans but for long ones that are called the id of a trace or span."""
    return [span for span in found if not _is_trace(text, *span)]


def outside_tables(found: Sequence[Span], text: bytes) -> Sequence[Span]:
    """Return the spans but for those in a row of figures beside another row that holds none of them."""
    return [span for span in found if not _is_in_table(text, span, found)]


def _is_trace(text: bytes, start: int, end: int) -> bool:
    return (
        end - start >= _SHORTEST_TRACE
        and text[start:end].isdigit()
        and first_span(_TRACE, text[max(0, start - _BEFORE) : start]) is not None
    )


def _is_in_table(text: bytes, span: Span, found: Sequence[Span]) -> bool:
    start, end = _line(text, *span)
    groups = _figures(text[start:end])
    is_wide = b"  " in text[span[0] : span[1]] and bool(groups)
    if not (is_wide or len(groups) >= _WHOLE_ROW or (len(groups) > _FOUR_DIGITS and _are_of_four(groups))):
        return False
    rows = [_line(text, start - 1, start - 1)] if text[max(0, start - 1) : start] == b"\n" else []
    rows += [_line(text, end + 1, end + 1)] if text[end : end + 1] == b"\n" else []
    return any(len(_figures(text[slice(*row)])) >= _FOUR_DIGITS and not overlaps_any(row, found) for row in rows)


def _figures(line: bytes) -> list[bytes]:
    """Return the groups of digits of a line that holds nothing else."""
    return [] if line.translate(None, _FIGURES) else line.translate(None, b"|").split()


def _are_of_four(groups: list[bytes]) -> bool:
    return all(len(group) == _FOUR_DIGITS for group in groups)


def _line(text: bytes, start: int, end: int) -> Span:
    """Return the line around a span, without its end; of a long one what stands near."""
    earliest, latest = max(0, start - _LONGEST_LINE), min(len(text), end + _LONGEST_LINE)
    begin = max(earliest, text.rfind(b"\n", earliest, start) + 1)
    stop = text.find(b"\n", end, latest)
    return begin, latest if stop < 0 else stop
