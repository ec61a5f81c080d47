"""Payment card numbers in bytes: runs of digits, cut at their groups, then checked by Luhn, scheme and length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from router.masking.patterns import compile_bytes, spans

DIGITS = r"[0-9](?:(?:[ .\t_/+-]|\r?\n|  | - )?[0-9]){11,}"
"""Enough digits for a card number, with what may stand between them."""
_RUN = compile_bytes(DIGITS)
_LINE = compile_bytes(r"[0-9](?:[ .-]?[0-9]){11,}")
_WRAPPED = compile_bytes(r"[0-9](?:[ .-]?[0-9]){0,17}\r?\n[0-9](?:[ .-]?[0-9]){0,17}")
_GAP = r"(?:[ .\t_/+-]|\r?\n|  | - )"
_GROUPED = compile_bytes(
    rf"[0-9]{{4}}{_GAP}(?:[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}|[0-9]{{6}}{_GAP}[0-9]{{4,5}})"
)
_TO_SPACE = bytes.maketrans(b".-", b"  ")
_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes(2 * d - 9 * (d > 4) for d in range(10)))
_HEX = frozenset(b"0123456789abcdefABCDEF")

_GROUPINGS = frozenset(
    [(length,) for length in range(12, 20)]
    + [(4, 4, 4), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 3), (4, 4, 4, 4), (4, 4, 4, 6), (4, 4, 4, 7), (4, 4, 4, 4, 1)]
    + [(4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 4, 5), (4, 4, 8), (4, 8, 4), (8, 4, 4), (4, 12), (12, 4), (8, 8)]
    + [(4, 6, 5), (4, 6, 4), (4, 5, 6), (4, 11), (4, 10), (6, 10), (6, 13), (6, 4, 5), (6, 4, 6), (4, 2, 6, 4)]
    + [(4, 3, 3, 3), (4, 3, 3, 5), (4, 3, 4, 3), (4, 3, 4, 4), (4, 3, 4, 5), (4, 4, 3, 3), (4, 4, 3, 4), (4, 4, 3, 5)]
)
"""Numbers of digits in the groups people write a card number in, besides one by one."""
_MOST_GROUPS = max(map(len, _GROUPINGS))
_SIZES_BY_START = {
    start: sorted({len(grouping) for grouping in _GROUPINGS if grouping[:2] == start}, reverse=True)
    for start in {grouping[:2] for grouping in _GROUPINGS}
}
_SIZES_OF_ONE = frozenset(range(12, 20))
_FEW_DIGITS = 64
_LONGEST_PIECE = 8192
_LONGEST_CARD = 40
"""Bytes of a card number written digit by digit."""
_UNUSUAL = compile_bytes("[^0-9 .-]|  | - ")
_INLINE = b"0123456789 .-_/+"
_is_digit = frozenset(b"0123456789").__contains__
_WORDS = (b"card", b"maestro", b"debit")
_FOUR = (8600, 9792, 9860)
_ARTICLE = compile_bytes(r"(?i)\b(?:ean|gtin|upc|isbn|barcode)(?:-?1[0-4])?[\"']?[ \t]*[:=#]?[ \t]*[\"']?$")
"""Words before a number of goods, which may pass for a card of 13 digits."""


def find_cards(text: bytes) -> list[tuple[int, int]]:
    """Return the spans of card numbers in `text`."""
    if len(text) < 12:
        return []
    return [span for run in spans(_RUN, text) for span in _in_lines(text, *run)]


def _in_lines(text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the cards of a run that may go on over ends of lines."""
    if not _is_unusual(text, start, end):
        for piece in _pieces(text, start, end):
            yield from _in_run(text, *piece)
        return
    run = text[start:end]
    for line in _LINE.finditer(run):
        for piece in _pieces(text, start + line.start(), start + line.end()):
            yield from _in_run(text, *piece)
    for is_card_of, pattern in ((_is_wrapped_card, _WRAPPED), (_is_spread_card, _GROUPED)):
        for match in pattern.finditer(run):
            span = start + match.start(), start + match.end()
            if is_card_of(text, *span):
                yield span


def _is_unusual(text: bytes, start: int, end: int) -> bool:
    """Return whether a run has more between its digits than single blanks, dots and dashes."""
    if end - start > _LONGEST_PIECE:  # searched, not translated: that would hold the GIL for as long as it takes
        return _UNUSUAL.search(text, start, end) is not None
    run = text[start:end]
    return run.translate(None, b"0123456789 .-") != b"" or b"  " in run or b" - " in run


def _is_spread_card(text: bytes, start: int, end: int) -> bool:
    """Return whether groups with other marks between them are a card number; those of a table need a word near them."""
    if text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum():
        return False
    written = text[start:end]
    return is_card(bytes(filter(_is_digit, written))) and (
        not written.translate(None, _INLINE) or _is_named(text, start, end)
    )


def _is_wrapped_card(text: bytes, start: int, end: int) -> bool:
    """Return whether the digits at the end of one line and at the start of the next are one card number."""
    if text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum():
        return False
    written = text[start:end].replace(b"\r", b"").translate(_TO_SPACE)
    for joined in (written.replace(b"\n", b""), written.replace(b"\n", b" ")):
        lengths = tuple(len(group) for group in joined.split(b" "))
        digits = joined.replace(b" ", b"")
        if lengths in _GROUPINGS and len(digits) > 12 and is_card(digits):
            return True
    return False


def _pieces(text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a long run in pieces that overlap by more than a card number, so that no single step takes long."""
    while end - start > _LONGEST_PIECE:
        cut = start + _LONGEST_PIECE
        yield start, cut
        gap = max(text.rfind(mark, start, cut - _LONGEST_CARD) for mark in (b" ", b"-", b"."))
        start = gap + 1 if gap >= start else cut - _LONGEST_CARD
    yield start, end


@dataclass(frozen=True, slots=True)
class _Groups:
    """A run of digits in its groups, ready to be asked about any row of them.

    Attributes:
        lengths: digits of each group.
        offsets: digits before each group, then all digits.
        sums: of the digits before each digit, with those at even, then at odd places doubled as Luhn does; None for a
            few digits, which are added up faster.
    """

    groups: list[bytes]
    lengths: list[int]
    offsets: list[int]
    sums: tuple[list[int], list[int]] | None

    @classmethod
    def of(cls, groups: list[bytes]) -> _Groups:
        """Take the groups of one run, ASCII digits."""
        lengths = [len(group) for group in groups]
        digits = b"".join(groups)
        offsets = list(accumulate(lengths, initial=0))
        if len(digits) < _FEW_DIGITS:
            return cls(groups, lengths, offsets, None)
        values, doubled = digits.translate(_VALUES), digits.translate(_DOUBLED)
        even, odd = bytearray(values), bytearray(values)
        even[::2], odd[1::2] = doubled[::2], doubled[1::2]
        sums = list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))
        return cls(groups, lengths, offsets, sums)

    def digits(self, index: int, count: int) -> bytes:
        """Return the digits of `count` groups from `index` on."""
        return b"".join(self.groups[index : index + count])

    def pass_luhn(self, index: int, count: int) -> bool:
        """Return whether there are as many groups, and the last digit is the check digit of the others."""
        if index + count >= len(self.offsets):
            return False
        if self.sums is None:
            return luhn(self.digits(index, count))
        start, end = self.offsets[index], self.offsets[index + count]
        sums = self.sums[end % 2]
        return (sums[end] - sums[start]) % 10 == 0


def _in_run(text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    run = text[start:end]
    if end - start < 20 and run.isdigit():
        if not _is_part_of_number(text, start, end) and _is_card_at(text, start, end, run):
            yield start, end
        return
    written = run.translate(_TO_SPACE).split(b" ")
    if (
        len(written) <= _MOST_GROUPS
        and tuple(map(len, written)) in _GROUPINGS
        and _is_card_at(text, start, end, b"".join(written))
    ):
        yield start, end  # no more groups could be tried first
        return
    groups = _Groups.of(written)
    lengths = groups.lengths
    index, position = 0, start
    while index < len(lengths):
        count = _card_at(text, groups, index, position)
        if count:
            size = sum(lengths[index : index + count]) + count - 1
            yield position, position + size
            position += size + 1
            index += count
        else:
            position += lengths[index] + 1
            index += 1


def _card_at(text: bytes, groups: _Groups, index: int, position: int) -> int:
    """Return how many groups from `index` on make a card number; 0 for none."""
    lengths = groups.lengths
    first = lengths[index]
    if first == 1:
        count = _count_of_singles(lengths, index)
        return count if count and groups.pass_luhn(index, count) and is_card(groups.digits(index, count)) else 0
    if index + 1 < len(lengths):
        for count in _SIZES_BY_START.get((first, lengths[index + 1]), ()):
            if not groups.pass_luhn(index, count) or tuple(lengths[index : index + count]) not in _GROUPINGS:
                continue
            digits = groups.digits(index, count)
            if _is_card_at(text, position, position + len(digits) + count - 1, digits):
                return count
    if first in _SIZES_OF_ONE:
        end = position + first
        is_free = not _is_part_of_number(text, position, end)
        return int(is_free and _is_card_at(text, position, end, groups.digits(index, 1)))
    return 0


def _count_of_singles(lengths: list[int], index: int) -> int:
    """Return the length of the run of single digits that starts at `index`, if a card number has as many."""
    if index and lengths[index - 1] == 1:
        return 0
    end = index
    while end < len(lengths) and lengths[end] == 1 and end - index < 20:
        end += 1
    return end - index if 13 <= end - index <= 19 else 0


def _is_card_at(text: bytes, start: int, end: int, digits: bytes) -> bool:
    """Return whether `digits` are a card: twelve, or those of no known scheme, need a word near them that says so."""
    if not luhn(digits) or (len(digits) == 13 and _ARTICLE.search(text[max(0, start - 24) : start])):
        return False
    if len(digits) > 12 and _has_scheme(digits) and not _is_within_word(text, start, end):
        return True
    return digits.strip(b"0") != b"" and _is_named(text, start, end)


def _is_within_word(text: bytes, start: int, end: int) -> bool:
    """Return whether letters stand against both ends, as in an id: `order_A4279744725114739B`."""
    return text[max(0, start - 1) : start].isalpha() and text[end : end + 1].isalpha()


def _is_named(text: bytes, start: int, end: int) -> bool:
    """Return whether a word near the digits says that they are of a card."""
    around = text[max(0, start - 48) : end + 24].lower()
    return any(word in around for word in _WORDS)


def _is_part_of_number(text: bytes, start: int, end: int) -> bool:
    """Return whether the digits are a fraction, or stand within a long hexadecimal digest."""
    if text[start - 1 : start] == b"." and text[start - 2 : start - 1].isdigit():
        return True
    low, high = start, end
    while low > 0 and text[low - 1] in _HEX and start - low < 64:
        low -= 1
    while high < len(text) and text[high] in _HEX and high - end < 64:
        high += 1
    return high - low >= 24 and not text[low:high].isdigit()


def is_card(digits: bytes) -> bool:
    """Return whether `digits` (ASCII) has the prefix and length of a card scheme and a valid check digit."""
    return _has_scheme(digits) and luhn(digits)


def luhn(digits: bytes) -> bool:
    """Return whether the last of `digits` (ASCII) is the Luhn check digit of the others."""
    straight, doubled = digits[-1::-2], digits[-2::-2].translate(_DOUBLED)
    return (sum(straight) - 48 * len(straight) + sum(doubled)) % 10 == 0


def _has_scheme(digits: bytes) -> bool:
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if two < 18:  # UATP, and nothing else that begins with 1 or 0
        return two >= 10 and length == 15
    if 40 <= two <= 49:  # Visa
        return length in (13, 16, 18, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:  # Mastercard
        return length == 16
    if two in (34, 37) or four in (1800, 2131):  # American Express, old JCB
        return length == 15
    if two in (36, 38, 39) or 3000 <= four <= 3059 or four == 3095:  # Diners
        return length >= 14
    if two == 50 or 56 <= two <= 69:  # Maestro (from 12 digits), Discover, UnionPay, Verve, RuPay, Troy
        return True
    # JCB, Mir, RuPay, UnionPay, Troy, Uzcard, Humo
    return length >= 16 and (3528 <= four <= 3589 or 2200 <= four <= 2204 or two in (81, 82) or four in _FOUR)
