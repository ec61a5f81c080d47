"""Payment card numbers in bytes: runs of digits, cut at their groups, then checked by Luhn, scheme and length."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from router.masking.luhn import SIZES, luhn, rows
from router.masking.patterns import compile_bytes, first_span, spans

_is_digit = frozenset(b"0123456789").__contains__
_HEX = frozenset(b"0123456789abcdefABCDEF")

_GROUPINGS = frozenset(
    [(length,) for length in SIZES]
    + [(4, 4, 4), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 3), (4, 4, 4, 4), (4, 4, 4, 6), (4, 4, 4, 7), (4, 4, 4, 4, 1)]
    + [(4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 4, 5), (4, 4, 8), (4, 8, 4), (8, 4, 4), (4, 12), (12, 4), (8, 8)]
    + [(4, 6, 5), (4, 6, 4), (4, 5, 6), (4, 11), (4, 10), (6, 10), (6, 13), (6, 4, 5), (6, 4, 6), (4, 2, 6, 4)]
    + [(4, 3, 3, 3), (4, 3, 3, 5), (4, 3, 4, 3), (4, 3, 4, 4), (4, 3, 4, 5), (4, 4, 3, 3), (4, 4, 3, 4), (4, 4, 3, 5)]
)
"""Numbers of digits in the groups people write a card number in, besides one by one."""
_Place = tuple[int, list[bytes], tuple[int, ...]]
_SIZES_BY_START = {
    start: sorted({len(grouping) for grouping in _GROUPINGS if grouping[:2] == start}, reverse=True)
    for start in {grouping[:2] for grouping in _GROUPINGS if len(grouping) > 1}
}
_LONG_RUN = 64
"""Bytes from which on it is faster to ask of all rows of groups at once whether they pass Luhn."""
_LONGEST_PIECE = 8192
_LONGEST_CARD = 40
"""Bytes of a card number written digit by digit, and the digit after it."""
_TO_BLANKS = bytes.maketrans(b".-", b"  ")
_INLINE = b"0123456789 .-_/+|*:#~\xc2\xb7"
_CELL_MARKS = b"|:"
_WORDS = (b"card", b"maestro", b"debit")
_REACH_BEFORE, _REACH_BEHIND = 48, 24
"""Bytes beside a number in which a word says what it is."""
_OWN_LABEL, _AS_IT_WAS = b"[credit_card]", b"0" * 19
"""What masking writes in the place of a card says nothing of the numbers beside it, and brings no word nearer."""
_WORDS_BEFORE = compile_bytes(
    r"(?i)(?:^|[^a-z])(?:no|nr|num|cc|mc|vi|ax|pan|exp|cvv|credit|acct|account|konto|karte|carte|pay|paid|payment|sale)$"
    r"|(?:visa|master|amex|american|express|discover|diners|jcb|union|rupay|mir|verve|troy|number|cc(?:no|num))$"
)
_WORDS_AFTER = compile_bytes(
    r"(?i)^(?:exp|cvv|cvc|cvn|csc|cid|cc|pan|pin|valid|until|thru|visa|master|amex|discover|diners|jcb|name|holder|zip|amount)"
)
"""What stands against a card number where no blank does: what it is, or what comes next."""
_LONGEST_WORD = 16
_FOUR = (8600, 9792, 9860)
_ARTICLE = compile_bytes(r"(?i)\b(?:ean|gtin|upc|isbn|barcode)(?:-?1[0-4])?[\"']?[ \t]*[:=#]?[ \t]*[\"']?$")
"""Words before a number of goods, which may pass for a card of 13 digits."""

_MARK = "[ .-]"
_WIDE = r"[\t_/+|,;*:#~]|\r?\n|  | [-|] | ?\xc2\xb7 ?|, "
_GAP = f"(?:{_MARK}|{_WIDE})"


def _grouped(groupings: Iterable[Sequence[int]]) -> str:
    """Return a pattern of digits in any of these groups, one mark between each and the next."""
    rest: dict[int, list[Sequence[int]]] = {}
    for first, *others in groupings:
        rest.setdefault(first, []).append(others)
    return "|".join(
        f"[0-9]{{{first}}}"
        + (f"(?:{_MARK}(?:{_grouped(filter(None, each))})){'?' * ([] in each)}" if any(each) else "")
        for first, each in sorted(rest.items())
    )


_GROUPS = rf"(?:^|[^0-9])(?:{_grouped(_GROUPINGS)}|[0-9](?:{_MARK}[0-9]){{12,18}})"
_SPREAD = rf"[0-9]{{4}}{_GAP}(?:[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}|[0-9]{{6}}{_GAP}[0-9]{{4,5}})"
_HALF = rf"[0-9](?:{_MARK}?[0-9]){{6}}"
_BEYOND_LINE = (
    rf"[0-9]{{4}}(?:{_WIDE})[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
    rf"|[0-9]{{4}}{_GAP}[0-9]{{4}}(?:{_WIDE})[0-9]{{4}}{_GAP}[0-9]{{4}}"
    rf"|[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}(?:{_WIDE})[0-9]{{4}}"
    rf"|[0-9]{{4}}(?:{_WIDE})[0-9]{{6}}{_GAP}[0-9]{{4}}|[0-9]{{4}}{_GAP}[0-9]{{6}}(?:{_WIDE})[0-9]{{4}}"
    rf"|{_HALF}\r?\n[0-9]|[0-9]\r?\n{_HALF}"
)
CARD_SIGN = rf"{_GROUPS}(?:[^0-9]|$)|{_BEYOND_LINE}"
"""Matches every text with a card number."""
_GOES_BEYOND_LINE = compile_bytes(_BEYOND_LINE)
_RUN = compile_bytes(rf"{_GROUPS}(?:{_MARK}[0-9]+)*(?:[^0-9]|$)")
"""Groups that may be a card number, the groups after them, and the bytes around, which are no digits."""
_SPREAD_GROUPS = compile_bytes(_SPREAD)
_WRAPPED = compile_bytes(rf"[0-9](?:{_MARK}?[0-9]){{0,17}}\r?\n[0-9](?:{_MARK}?[0-9]){{0,17}}")


def find_cards(text: bytes) -> Iterator[tuple[int, int] | None]:
    """Yield the spans of card numbers in `text`, some of them twice, and None for groups that hold none."""
    told: list[tuple[int, int]] = []  # nearly in order, as pieces overlap
    for run in _runs(text):
        for piece in _pieces(text, *run):
            yield None
            for span in _in_run(text, *piece):
                if span is not None:
                    told.append(span)
                yield span
    if first_span(_GOES_BEYOND_LINE, text):
        for is_card_of, pattern in ((_is_wrapped_card, _WRAPPED), (_is_spread_card, _SPREAD_GROUPS)):
            for span in spans(pattern, text):
                yield span if not _is_among(span, told) and is_card_of(text, *span) else None


def _is_among(span: tuple[int, int], told: Sequence[tuple[int, int]]) -> bool:
    """Return whether a span is one of those that were told before, as far as they are in order."""
    index = bisect_left(told, span)
    return index < len(told) and told[index] == span


def _runs(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield rows of groups, one mark between each and the next, the first of which may begin a card number."""
    position = 0
    while found := first_span(_RUN, text, position):
        start, end = found
        start += not _is_digit(text[start])
        end -= not _is_digit(text[end - 1])
        yield start, end
        position = end


def _is_spread_card(text: bytes, start: int, end: int) -> bool:
    """Return whether groups with other marks between them are a card number; those of a table need a word near them."""
    if _goes_on(text, start, end):
        return False
    written = text[start:end]
    if not is_card(bytes(filter(_is_digit, written))):
        return False
    is_inline = not written.translate(None, _INLINE) and not _is_in_row(text, start, end)
    return is_inline or is_named(text, start, end)


def _is_in_row(text: bytes, start: int, end: int) -> bool:
    """Return whether a mark between the cells of a table, or the parts of an address, goes on beside the groups."""
    around = text[max(0, start - 2) : start].strip()[-1:] + text[end : end + 2].strip()[:1]
    return any(mark in text[start:end] and mark in around for mark in _CELL_MARKS)


def _is_wrapped_card(text: bytes, start: int, end: int) -> bool:
    """Return whether the digits at the end of one line and at the start of the next are one card number."""
    if _goes_on(text, start, end):
        return False
    written = text[start:end].replace(b"\r", b"").translate(_TO_BLANKS)
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


def _in_run(text: bytes, start: int, end: int) -> Iterator[tuple[int, int] | None]:
    # Of two that overlap either may be the card: by chance some of a row of figures pass for one.
    free, overlapping = start, False
    for position, groups, lengths in (_each_place if end - start < _LONG_RUN else _likely_places)(text, start, end):
        if end - position < SIZES[0]:
            return
        is_free = position >= free
        size = _card_at(text, position, groups, lengths) if is_free or not overlapping else 0
        if size:
            free, overlapping = position + size, not is_free
        yield (position, free) if size else None


def _each_place(text: bytes, start: int, end: int) -> Iterator[_Place]:
    """Yield where groups of digits begin, with the groups from there on and their lengths."""
    groups = text[start:end].translate(_TO_BLANKS).split(b" ")
    lengths = (*map(len, groups),)
    for number, length in enumerate(lengths):
        yield start, groups[number:], lengths[number:]
        start += length + 1


def _likely_places(text: bytes, start: int, end: int) -> Iterator[_Place]:
    """Yield the same where groups pass Luhn, and have the prefix of a scheme or a word beside the run."""
    prefixes = _ANY_PREFIX if is_named(text, start, end) else _PREFIXES
    for digits, marks in rows(text[start:end].translate(_TO_BLANKS).rstrip(), prefixes):
        position = start + digits + marks
        groups = text[position : min(end, position + _LONGEST_CARD)].translate(_TO_BLANKS).split(b" ")
        if end > position + _LONGEST_CARD:
            del groups[-1]  # of which only a part may stand here
        yield position, groups, (*map(len, groups),)


def _card_at(text: bytes, start: int, groups: list[bytes], lengths: tuple[int, ...]) -> int:
    """Return how many bytes from `start` on, where `groups` of digits begin, make a card number; 0 for none."""
    first = lengths[0] if lengths else 0
    if first == 1:
        count = 0 if _follows_single(text, start) else _count_of_singles(lengths)
        return 2 * count - 1 if count and is_card(b"".join(groups[:count])) else 0
    for count in _SIZES_BY_START.get(lengths[:2], ()):
        if count <= len(lengths) and lengths[:count] in _GROUPINGS:
            digits = b"".join(groups[:count])
            if _is_card_at(text, start, start + len(digits) + count - 1, digits):
                return len(digits) + count - 1
    if first not in SIZES or not _is_card_at(text, start, start + first, groups[0]):
        return 0
    return 0 if _is_part_of_number(text, start, start + first) else first


def _count_of_singles(lengths: tuple[int, ...]) -> int:
    """Return how many single digits come first, if a card number has as many."""
    count = next((count for count, length in enumerate(lengths) if length > 1), len(lengths))
    return count if count in SIZES and count > 12 else 0


def _follows_single(text: bytes, position: int) -> bool:
    """Return whether a single digit and a mark stand before `position`."""
    before = text[max(0, position - 3) : position]
    return before[-1:] in (b" ", b".", b"-") and before[-2:-1].isdigit() and not before[:-2].isdigit()


def _is_card_at(text: bytes, start: int, end: int, digits: bytes) -> bool:
    """Return whether `digits` are a card: twelve, or those of no known scheme, need a word near them that says so."""
    if not luhn(digits) or (len(digits) == 13 and first_span(_ARTICLE, text[max(0, start - 24) : start])):
        return False
    if len(digits) > 12 and has_scheme(digits) and not _is_within_word(text, start, end):
        return True
    return digits.strip(b"0") != b"" and is_named(text, start, end)


def _is_within_word(text: bytes, start: int, end: int) -> bool:
    """Return whether letters that say nothing stand against both ends, as in an id: `order_A4279744725114739B`."""
    return (
        text[max(0, start - 1) : start].isalpha()
        and text[end : end + 1].isalpha()
        and text[start:end].isdigit()
        and not first_span(_WORDS_BEFORE, text[max(0, start - _LONGEST_WORD) : start])
        and not first_span(_WORDS_AFTER, text[end : end + _LONGEST_WORD])
    )


def _goes_on(text: bytes, start: int, end: int) -> bool:
    """Return whether more digits stand against either end, or letters against both."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return before.isdigit() or after.isdigit() or (before.isalpha() and after.isalpha())


def is_named(text: bytes, start: int, end: int) -> bool:
    """Return whether a word near the digits says that they are of a card."""
    size = len(_OWN_LABEL)
    before = text[max(0, start - _REACH_BEFORE - size) : start].lower().replace(_OWN_LABEL, _AS_IT_WAS)
    after = text[end : end + _REACH_BEHIND + size].lower().replace(_OWN_LABEL, _AS_IT_WAS)
    return any(word in before[-_REACH_BEFORE:] or word in after[:_REACH_BEHIND] for word in _WORDS)


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
    return has_scheme(digits) and luhn(digits)


def has_scheme(digits: bytes) -> bool:
    """Return whether a card scheme has numbers of this length that begin so."""
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


def _table(size: int) -> bytes:
    """Return, for each number of two digits, a 1 if a scheme has cards of `size` digits that begin with it."""
    return bytes(
        two < 100 and any(has_scheme(b"%02d%02d" % (two, rest) + bytes(size - 4)) for rest in range(100))
        for two in range(256)
    )


_PREFIXES = {size: _table(size) for size in SIZES if size > 12}
_ANY_PREFIX = dict.fromkeys(SIZES, bytes(two < 100 for two in range(256)))
