"""Telephone numbers in bytes: what is written like one, checked against the numbering plans of phonenumbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from router.masking.patterns import compile_bytes, first_span, spans

REGIONS: Final = ("US", "GB", "AU", "AT", "CH", "DE", "FR", "IT", "NL")
"""Where a number without a country code may belong to when no word says that it is a telephone number."""

_GAP = r"(?:\) ?[./-]? ?\(?|[ ./-]{1,3}\(?|\()?"
NUMBER = compile_bytes(rf"(?:\+ ?|\b00[ .-]?)?\(?[0-9]{_GAP}(?:[0-9]{_GAP}){{4,}}[0-9]")
"""What is written like a telephone number."""
_MOST_DIGITS = 17
_MOST_NATIONAL = 13
_LEAST_BESIDE = 9
"""Digits of a number that is told from other figures before or after it."""
_LONGEST = 128
"""Bytes of the longest number, with all marks that may stand in it."""
_EXTENSION = compile_bytes(r"(?i)^ ?(?:x|ext\.?|extension|#) ?[0-9]{1,6}\b")
_WORDS = (
    *("phone", "phones", "telephone", "telephones", "telphone", "telphones", "tel", "telefon", "telefono", "telefone"),
    *("telefonnummer", "portable", "mobile", "mobiles", "mobil", "movil", "cell", "cellphone", "cellular", "handy"),
    *("fax", "landline", "hotline", "pager", "whatsapp", "sms", "call", "called", "calling", "callback", "dial"),
    *("rufnummer", "celular", "ring", "text", "texts", "reach", "reached", "answering at", "message to", "messages to"),
    *("registered", "contact", "phone_number"),
)
_PLACES = ("desk", "office", "home", "work", "direct")
_WORD_BEFORE = (
    rf"(?i:(?:\b|_)(?:(?:{'|'.join(_WORDS)})\b|(?:{'|'.join(_PLACES)})[ \t]*:)[^0-9\n]{{0,16}}\n?[^0-9\n]{{0,4}})"
)
_BEFORE = compile_bytes(f"{_WORD_BEFORE}$")
_WORDS_AFTER = ("office", "fax", "mobile", "cell", "home", "work", "desk", "phone", "tel")
_WORD_AFTER = rf"(?i:[ ,-]{{0,3}}\(?(?:{'|'.join(_WORDS_AFTER)})\b)"
_AFTER = compile_bytes(f"^{_WORD_AFTER}")
_TELLING = frozenset(re.split("[ _]", word)[0].encode() for word in (*_WORDS, *_PLACES, *_WORDS_AFTER))
"""What these words begin with."""
_LETTERS = bytes(byte if byte in b"abcdefghijklmnopqrstuvwxyz" else 0x20 for byte in bytes(range(256)).lower())
"""Translates letters to lower case, and everything else to blanks."""
_NORTH_AMERICAN_FORM = (
    r"(?:1[ .-]?)?(?:\([2-9][0-9]{2}\)[ .-]?[0-9]{3}[ .-]?[0-9]{4}|[2-9][0-9]{2} [2-9][0-9]{2}[ .-][0-9]{4}"
    r"|[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}|[2-9][0-9]{2}\.[0-9]{3}\.[0-9]{4})"
)
_ZERO_FORM = r"\(?0[0-9]{1,4}[)]?[ /-]{1,2}[0-9]{2,4}(?:[ -][0-9]{2,4}){1,3}"
_NORTH_AMERICAN = compile_bytes(f"^{_NORTH_AMERICAN_FORM}$")
_LEADING_ZERO = compile_bytes(f"^{_ZERO_FORM}$")
_FORMS = compile_bytes(
    rf"\b{_ZERO_FORM}\b|\(0[0-9]{{1,4}}\) ?[0-9]{{2,4}}(?: [0-9]{{2,4}}){{1,3}}\b|{_NORTH_AMERICAN_FORM}\b"
)
_SIX = rf"[0-9](?:{_GAP}[0-9]){{5,}}"
PHONE_SIGN = (
    rf"(?:^|[^A-Za-z0-9])(?:\+ ?\(?{_SIX}|00{_GAP}[0-9](?:{_GAP}[0-9]){{3,}}|{_ZERO_FORM}|{_NORTH_AMERICAN_FORM})"
    rf"|{_WORD_BEFORE}(?:\+ ?)?\(?{_SIX}|{_SIX}{_WORD_AFTER}"
)
"""Matches every text with a telephone number: it says so by its form or by a word beside it."""
_SIGN = compile_bytes(PHONE_SIGN)
_NEAR = 64
"""Bytes after a sign within which a number begins to which it belongs; or another sign that the first one overlaps."""
_DATE = compile_bytes(
    r"^(?:[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:19|20)[0-9]{2})(?:[^0-9]|$)"
)
_NONE = compile_bytes(r"^\+(?: ?0\.| [0-9]{1,3}\.[0-9]{5})|^00[0-9]+-00[0-9]+$")
"""A summand, which is no `+1.4155550198` as registrars write it; a range."""
_MARKS = b" ()./-+"
_NUMBER_BYTES = b"0123456789" + _MARKS
_ALPHANUMERIC = frozenset(byte for byte in range(0x80) if chr(byte).isalnum())
_NEVER_BEFORE = _ALPHANUMERIC.union(b"_$#@")
_NEVER_AFTER = _ALPHANUMERIC.union(b"_").difference(b"0123456789xXe")
_BLANK, _PERCENT, _DASH, _PLUS, _LINE, _ZERO, _ONE = b" %-+_01"
_DIGITS = frozenset(b"0123456789")
_FIGURES = _DIGITS.union(b" ")


def find_phones(text: bytes) -> Iterator[tuple[int, int] | None]:
    """Yield the spans of telephone numbers in `text`, and None for what is only written like one."""
    return phones_among(_near_signs(text), text)


def phones_among(written_like_one: Iterable[tuple[int, int]], text: bytes) -> Iterator[tuple[int, int] | None]:
    """Do the same for some of what is written like one: spans that `NUMBER` found."""
    for start, end in written_like_one:
        whole = _end_of_first(text, start, end)
        first = _without_joined(text, start, whole)
        stop = _phone(text, start, first) if first and _stands_alone(text, start, first) else 0
        yield (start, _end_of_extension(text, stop) if stop == end else stop) if stop else None
        if not stop or first < end:
            yield from _in_row(text, stop or start, end, is_row=whole < end)


def _in_row(text: bytes, position: int, end: int, *, is_row: bool) -> Iterator[tuple[int, int] | None]:
    """Yield the numbers of a telling form in a row or column; where it is none, the one behind a figure."""
    for span in spans(_FORMS, text[position:end]):
        start, stop = _past_other(text, position + span[0], position + span[1]), position + span[1]
        is_one = is_row or (stop == end and _is_told_from_figures(text[start:stop]))
        found = _phone(text, start, stop) if is_one and _stands_alone(text, start, stop) else 0
        yield (start, _end_of_extension(text, found) if found == stop else found) if found else None


def _is_told_from_figures(written: bytes) -> bool:
    """Return whether what stands beside a figure is none itself: `06 12 34 56 78`, `415-555-0198`."""
    is_long = len(written.translate(None, _MARKS)) >= _LEAST_BESIDE
    return is_long and (written[0] == _ZERO or not _FIGURES.issuperset(written))


def _past_other(text: bytes, start: int, end: int) -> int:
    """Return where the number begins that follows on the end of something else: of `10.0.0.1` in `10.0.0.1 415-…`."""
    if text[start] == _ONE and text[start + 1] == _BLANK and not _stands_alone(text, start, end):
        return start + 2
    return start


def _end_of_first(text: bytes, start: int, end: int) -> int:
    """Return where the first of the numbers in a row may end: at `end` where the row is none; 0 where none tells."""
    written = text[start : min(end, start + _LONGEST)]
    most = _MOST_DIGITS if written[:1] in b"+0" else _MOST_NATIONAL
    if end - start <= _LONGEST and len(written.translate(None, _MARKS)) <= most:
        return end
    if written[:1] != b"+":
        return 0
    while len(written.translate(None, _MARKS)) > most:
        written = written[: max(0, written.rfind(b" "))]
    return start + len(written.rstrip(_MARKS))


def _without_joined(text: bytes, start: int, end: int) -> int:
    """Return where a number ends before the beginning of a time or a word, as in `415-555-0198 10:30`; else `end`."""
    after = text[end : end + 2]
    if not (after[:1] == b":" and after[1:].isdigit()) and (after[:1] or b" ")[0] not in _NEVER_AFTER:
        return end
    written = text[start:end].rpartition(b" ")[0].rstrip(_MARKS)
    has_form = written[:1] == b"+" or first_span(_FORMS, written) == (0, len(written))
    is_long = len(written.translate(None, _MARKS)) >= _LEAST_BESIDE
    is_told = has_form and is_long and (after[:1] == b":" or not _FIGURES.issuperset(written))
    return start + len(written) if is_told else end


def _near_signs(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield of what is written like a telephone number that which stands near a sign of one: most numbers do not."""
    position = 0
    for begin, end in spans(_SIGN, text):
        if end + _NEAR <= position:
            continue
        # A number begins after what can stand in none.
        start = position + len(text[position:begin].rstrip(_NUMBER_BYTES))
        for span in spans(NUMBER, text, start):
            position = span[0]
            if position >= end + _NEAR:
                break
            position = span[1]
            yield span
        else:
            return


def _end_of_extension(text: bytes, end: int) -> int:
    """Return where the extension after a number ends; `end` where it has none."""
    if text[end : end + 2].lstrip(b" ")[:1] not in (b"x", b"X", b"e", b"E", b"#"):
        return end
    extension = _EXTENSION.search(text[end : end + 16])
    return end + extension.end() if extension else end


def _stands_alone(text: bytes, start: int, end: int) -> bool:
    """Return whether no letter, digit or mark joins the number to something longer; a comma or a plus sign does not."""
    before = text[start - 1] if start else _BLANK
    after = text[end] if end < len(text) else _BLANK
    is_figures = _FIGURES.issuperset(text[start:end])
    if before in (_NEVER_BEFORE if is_figures else _ALPHANUMERIC):
        return False
    if after in _NEVER_AFTER and (is_figures or after != _LINE):
        return False
    if _PERCENT in (before, after) and before != after:  # between two of them it is a pattern of SQL
        return False
    if before in b".,-/" and text[start] != _PLUS and _is_joined(text, start, end):
        return False
    if after == _DASH and text[end + 1 : end + 2].isalpha() and not text[end + 2 : end + 3].isalpha():
        return False
    return not (after in (b"./:-" if is_figures else b".:-") and text[end + 1 : end + 2].isdigit())


def _is_joined(text: bytes, start: int, end: int) -> bool:
    """Return whether the mark before a number belongs to it, as in `1,23456789` or `part-…`, but not in `tel.…`."""
    mark, further = text[start - 1 : start], text[max(0, start - 2) : start - 1]
    if mark in (b",", b"/"):
        return further.isdigit() and (_DIGITS if mark == b"," else _FIGURES).issuperset(text[start:end])
    if mark == b"." and further.isalpha():
        return first_span(_BEFORE, text[max(0, start - 40) : start]) is None
    return further.isalnum()


def _phone(text: bytes, start: int, end: int) -> int:
    """Return where the number that starts at `start` ends, trying to leave out groups at its end; 0 for none."""
    for named in (False, True):
        if named and not _is_named(text, start, end):
            return 0
        stop = end
        for _ in range(4):
            written = text[start:stop]
            if is_phone(written, named=named):
                return stop
            cut = max(written.rfind(b" "), written.rfind(b"/"))
            if cut < 6:
                break
            stop = start + len(written[:cut].rstrip(b" ()./-"))
    return 0


def _is_named(text: bytes, start: int, end: int) -> bool:
    """Return whether a word beside the number says that it is a telephone number."""
    # Hardly any number has one of these words near it, and a set says so faster than a pattern.
    if _TELLING.isdisjoint(text[max(0, start - 40) : end + 16].translate(_LETTERS).split()):
        return False
    before, after = text[max(0, start - 40) : start], text[end : end + 16]
    return first_span(_BEFORE, before) is not None or first_span(_AFTER, after) is not None


def is_phone(written: bytes, *, named: bool) -> bool:
    """Return whether `written` reads as a telephone number; `named` where a word beside it says so."""
    digits = written.translate(None, _MARKS)
    if not 6 <= len(digits) <= _MOST_DIGITS or not digits.strip(b"01") or first_span(_NONE, written):
        return False
    if written[:1] == b"+" or (written[:2] == b"00" and (named or len(digits) < len(written))):
        return _is_international(written, digits.removeprefix(b"00") if written[:1] != b"+" else digits, named=named)
    if not named and written[0] not in b"0(" and len(digits) not in (10, 11):
        return False
    if first_span(_DATE, written):
        return False
    if named:
        return _is_written_as_phone(written, digits)
    if first_span(_NORTH_AMERICAN, written):
        return True
    return bool(first_span(_LEADING_ZERO, written) and first_span(_national(REGIONS), digits))


def _is_written_as_phone(written: bytes, digits: bytes) -> bool:
    if written.count(b".") == 1 and not written.strip(b"0123456789."):
        return False
    return len(digits) <= _MOST_NATIONAL and (len(digits) >= 7 or len(written) > len(digits))


def _is_international(written: bytes, digits: bytes, *, named: bool) -> bool:
    if b"(0)" in written:
        digits = written.replace(b"(0)", b"").translate(None, _MARKS)
        digits = digits.removeprefix(b"00") if written[:1] != b"+" else digits
    for size in (1, 2, 3):
        plan = _plan(int(digits[:size]))
        if plan is not None:
            valid, lengths = plan
            if first_span(valid, digits[size:]):
                return True
            # A number of the right length that is not given out (yet), written so that it can be nothing else.
            return len(digits) - size in lengths and (named or (len(digits) >= 10 and _is_grouped(written)))
    return False


def _is_grouped(written: bytes) -> bool:
    return sum([written.count(mark) for mark in (b" ", b"-", b".", b")")]) >= 2


def load_plans() -> None:
    """Import now what the first numbers of each country would need; takes 0.15 s."""
    import phonenumbers

    phonenumbers.PhoneMetadata.load_all()


@lru_cache(maxsize=256)
def _plan(code: int) -> tuple[Any, frozenset[int]] | None:
    """Return what national numbers of a country code look like, and how long they can be; None for no code."""
    import phonenumbers

    regions: Sequence[str] = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    plans = [phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions]
    general = [plan.general_desc for plan in plans if plan is not None and plan.general_desc is not None]
    if not general:
        return None
    pattern = "|".join(f"(?:{each.national_number_pattern})" for each in general)
    return compile_bytes(f"^(?:{pattern})$"), frozenset(n for each in general for n in each.possible_length)


@lru_cache(maxsize=8)
def _national(regions: tuple[str, ...]) -> Any:
    """Return a pattern of the numbers of `regions` without marks, the trunk prefix before them."""
    import phonenumbers

    plans = [phonenumbers.PhoneMetadata.metadata_for_region(region) for region in regions]
    return compile_bytes(
        "|".join(
            f"^{plan.national_prefix or ''}(?:{plan.general_desc.national_number_pattern})$"
            for plan in plans
            if plan is not None and plan.general_desc is not None
        )
    )
