"""Detectors of numbers that a state gave to a person."""

from __future__ import annotations

from collections.abc import Iterator

from router.masking.detectors.detector import Find, Keys, Span, after, near
from router.masking.detectors.keys import keys_say
from router.masking.patterns import compile_bytes, first_span, spans

_NEVER_ISSUED = frozenset((b"078051120", b"219099999"))
"""Printed in advertisements; the Social Security Administration withdrew them."""
_LENGTH = 9
_SHORT = 64
_NINE_DIGITS = r"[0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{4}"
_LONGER = "[0-9]{10,}"
_ALPHANUMERIC = frozenset(byte for byte in range(0x80) if chr(byte).isalnum())
_BLANK, _PERCENT, _HASH = b" %#"
_JOINS = b"-."
_CELL_MARKS = b",:/"
"""What stands between a number and something else, but may as well stand within digits that have no other mark."""


class UsSsn:
    """Social Security numbers of the United States, of an area, group and serial that can exist.

    Three, two and four digits with the same mark between them count anywhere; other ways to write nine digits where
    a word near them says what they are, or where they begin with 0 and the text has no words at all.
    """

    name = "us_ssn"
    sign = _NINE_DIGITS
    sign_is = "form"
    shortest = 9
    shortest_number = 9
    reaches_far = False

    def __init__(self) -> None:
        self._pattern = compile_bytes(f"{_NINE_DIGITS}|{_LONGER}")
        self._words = compile_bytes(
            r"(?i)\bssns?\b|social.{0,3}sec|\bsoc\.? ?sec|\b(?:my|your|his|her|their) social\b|taxpayer|\bitin\b"
        )
        self._letter = compile_bytes(r"[A-Za-z]|[\x80-\xff]")

    _KEYS = frozenset(("ssn", "ssns", "social security", "social sec", "soc sec", "taxpayer", "tax id", "itin", "tin"))

    def under(self, keys: Keys) -> Find | None:
        return after(b"ssn: ", self.find) if keys_say(keys, self._KEYS) else None

    def find(self, text: bytes) -> Iterator[Span | None]:
        for start, end in spans(self._pattern, text):
            yield (start, end) if _stands_alone(text, start, end) and self._is_number(text, start, end) else None

    def _is_number(self, text: bytes, start: int, end: int) -> bool:
        written = text[start:end]
        digits = written.translate(None, b" .-")
        area, group, serial = digits[:3], digits[3:5], digits[5:]
        if area in (b"000", b"666") or area[0] == 0x39 or group == b"00" or serial == b"0000":
            return False
        if digits in _NEVER_ISSUED:
            return False
        if len(written) == 11 and written[3] == written[6]:
            return True
        if near(self._words, text, (start, end), before=48, after=24):
            return True
        if digits[0] != 0x30 or len(text) > _SHORT or first_span(self._letter, text):
            return False
        return not any(byte in _CELL_MARKS for byte in text[max(0, start - 1) : start] + text[end : end + 1])


def _stands_alone(text: bytes, start: int, end: int) -> bool:
    """Return whether no digit, letter or mark joins the number to something longer."""
    before = text[start - 1] if start else _BLANK
    after = text[end] if end < len(text) else _BLANK
    is_bare = text[start:end].isdigit()
    if before in _ALPHANUMERIC or after in _ALPHANUMERIC or (is_bare and end - start > _LENGTH):
        return False
    if is_bare and (before in b"_$" or after in b"_"):
        return False
    is_issue = is_bare and before == _HASH
    if is_issue and not text[max(0, start - 6) : start].lower().rstrip(b" #").endswith((b"ssn", b"tin")):
        return False
    if after == _PERCENT and before != _PERCENT:  # a percentage; between two of them it is a pattern of SQL
        return False
    return not (
        (before in _JOINS and text[max(0, start - 2) : start - 1].isdigit())
        or (after in _JOINS and text[end + 1 : end + 2].isdigit())
        or text[end : end + 2] == b"--"
    )
