"""What stands around a number and says that it is nobody's: lines of a dump, rows of a matrix, traces."""

from __future__ import annotations

from collections.abc import Iterator

from router.masking.cards import has_scheme, is_card, is_named
from router.masking.patterns import compile_bytes, first_span, spans

_DUMP = compile_bytes(r"^[0-9a-fA-F]{6,7}0:?(?: [0-9a-fA-F]{4}){8}(?:  |$)|^[0-7]{6}0(?: [0-7]{3}){16}$")
"""A whole line of `xxd`, `hexdump` or `od`: sixteen bytes, at an offset that sixteen divides."""
_FOURS = compile_bytes(r"(?:^|[ \t])[0-9a-fA-F]{4}(?: [0-9a-fA-F]{4}){5,}(?:[ \t\r]|$)")
"""Six or more groups of four hexadecimal digits."""
_LEAST_MIXED = 2
_HEX_BYTES = b"0123456789abcdefABCDEF \t\r"
_FIGURES = compile_bytes(r"^[^a-fA-F]{6,9}(?: [0-9]{4}){8}(?:$|  (?:.{0,15}|.{17,})$)")
"""A line that may as well be a number and two cards: no letter among the bytes, nor beside them sixteen characters."""
_TRACE = compile_bytes(r"(?i)(?:(?:^|[^a-z])(?:trace|span|parent)[_-]?id[\"']?[ \t]*[:=][ \t]*[\"']?|\b[0-9a-f]{32}/)$")
_OFFSET = 6
"""Digits that a line of a dump begins with, at least."""
_SHORTEST_TRACE = 17
"""Digits of an id of 64 bits, where it could be taken for a card's number; shorter ones are rare and cards are not."""
_LEAST_GROUPS = 3
_FIGURE_BYTES = b"0123456789 "
_NEW_LINE = 0x0A
_TO_BLANKS = bytes.maketrans(b"\t\r.-,;|()[]", b" " * 11)
"""What stands between figures, as blanks."""
_LARGE_SCHEMES = frozenset(b"%d" % two for two in (*range(40, 50), *range(51, 56), 34, 35, 37, 60, 62, 65))
"""What numbers of Visa, Mastercard, American Express, JCB, Discover and UnionPay begin with."""
_ROWS_AROUND = 2
_LINES_KEPT = 64
_LONGEST_LINE = 256
_BEFORE = 48


def is_in_dump(text: bytes, start: int, end: int) -> bool:
    """Return whether a span lies in a line of a dump of bytes."""
    begin, line = _line(text, start, end)
    if line[:_OFFSET].isalnum() and first_span(_DUMP, line) is not None:
        return first_span(_FIGURES, line) is None
    return _is_in_fours(line, start - begin, end - begin) and not is_named(text, start, end)


def _is_in_fours(line: bytes, start: int, end: int) -> bool:
    """Return whether a span lies among groups of four, of which some can be nothing but hexadecimal: `54E8 5546 …`."""
    beside = line[max(0, start - 5) : start] + line[end : end + 5]
    if beside.translate(None, _HEX_BYTES) or line.translate(None, b" ").isdigit():
        return False  # as most are, which is told faster than by a pattern
    for first, last in spans(_FOURS, line):
        if first <= start and end <= last:
            groups = line[first:last].split()
            return sum(not (group.isdigit() or group.isalpha()) for group in groups) >= _LEAST_MIXED
    return False


class Lines:
    """The lines of a text that consist of figures; of those near each other each is read once."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._read: dict[int, tuple[int, list[bytes]]] = {}

    def around(self, position: int) -> tuple[int, int, list[bytes]]:
        """Return where the line around `position` begins and ends, and its figures, if it holds nothing else."""
        earliest = max(0, position - _LONGEST_LINE)
        begin = max(earliest, self.text.rfind(b"\n", earliest, position) + 1)
        if (known := self._read.get(begin)) is None:
            if len(self._read) >= _LINES_KEPT:
                self._read.clear()
            stop = self.text.find(b"\n", position, begin + _LONGEST_LINE)
            stop = min(len(self.text), begin + _LONGEST_LINE) if stop < 0 else stop
            is_whole = (begin == 0 or self.text[begin - 1] == _NEW_LINE) and self.text[stop : stop + 1] in (b"", b"\n")
            row = self.text[begin:stop].translate(_TO_BLANKS) if is_whole else b""
            known = self._read[begin] = stop, [] if row.translate(None, _FIGURE_BYTES) else row.split()
        return begin, *known

    def near(self, begin: int, stop: int) -> Iterator[list[bytes]]:
        """Yield the figures of the nearest lines above and below one, up to one that holds anything else."""
        above, below = begin - 1, stop + 1
        for _ in range(_ROWS_AROUND):
            if above > 0:
                begin, _, figures = self.around(above)
                yield figures
                above = begin - 1 if figures else 0
            if below < len(self.text):
                _, stop, figures = self.around(below)
                yield figures
                below = stop + 1 if figures else len(self.text)


def is_in_matrix(lines: Lines, start: int, end: int) -> bool:
    """Return whether a card is written as rows of figures are, and those around it are no cards in its place.

    They are cards where most of them pass as one, or where each could, but for its check digit.
    """
    begin, stop, figures = lines.around(start)
    if len(figures) < _LEAST_GROUPS:
        return False
    groups = lines.text[start:end].translate(_TO_BLANKS).split()
    if len(groups) < _LEAST_GROUPS or (len(groups) == len(figures) and groups[0][:2] in _LARGE_SCHEMES):
        return False  # alone in their rows cards are listed, whatever they are listed with
    first = len(lines.text[begin:start].translate(_TO_BLANKS).split())
    likely = valid = rows = 1
    for other in lines.near(begin, stop):
        if len(other) != len(figures):
            continue
        there = other[first : first + len(groups)]
        digits = b"".join(there)
        if is_card(digits):
            rows, likely, valid = rows + 1, likely + 1, valid + 1
        elif 2 * sum(len(group) == len(one) for group, one in zip(groups, there, strict=True)) >= len(groups):
            rows, likely = rows + 1, likely + has_scheme(digits)
    return likely < rows and valid * 2 <= rows and not is_named(lines.text, start, end)


def is_trace(text: bytes, start: int, end: int) -> bool:
    """Return whether a span is long, and called the id of a trace or span."""
    return (
        end - start >= _SHORTEST_TRACE
        and text[start:end].isdigit()
        and first_span(_TRACE, text[max(0, start - _BEFORE) : start]) is not None
    )


def _line(text: bytes, start: int, end: int) -> tuple[int, bytes]:
    """Return where the line around a span begins, and it without its end; of a long one what stands near."""
    earliest, latest = max(0, start - _LONGEST_LINE), min(len(text), end + _LONGEST_LINE)
    begin = max(earliest, text.rfind(b"\n", earliest, start) + 1)
    stop = text.find(b"\n", end, latest)
    return begin, text[begin : latest if stop < 0 else stop]
