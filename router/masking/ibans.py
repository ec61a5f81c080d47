"""International bank account numbers in bytes: cut to the length of their country, then checked modulo 97."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from string import ascii_uppercase, digits

from router.masking.patterns import compile_bytes, first_span, spans

_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE GG IE IM JE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ DZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI BF DJ FR GA GF GP IT MC MQ MR NC PF PM RE SM TF WF YT CG CM",
    28: "AL AZ BY BJ CI CY DO GT HN HU LB ML NI PL SN SV TG",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTH_BY_COUNTRY = {country: length for length, names in _LENGTHS.items() for country in names.split()}
"""Characters of an account number by country, after the registry of ISO 13616."""
IBAN_START = rf"(?:\b|_)(?i:{'|'.join(_LENGTH_BY_COUNTRY)})[ .-]?[0-9]{{2}}(?:[ .-]|\s{{2}})?[A-Za-z0-9]"
"""How a number begins, with the underscore before it."""
_START = compile_bytes(IBAN_START)
_MOST_GAPS = 24
_GAPS = b" .\t\r\n-"
_LONGEST_GAP = 2
"""Bytes between two groups: a line may end there."""
_BY_LENGTH = {
    length: compile_bytes(rf"^[A-Za-z0-9](?:[{_GAPS.decode()}]{{0,{_LONGEST_GAP}}}[A-Za-z0-9]){{{length - 1}}}")
    for length in _LENGTHS
}
_NUMBERS = str.maketrans({letter: str(int(letter, 36)) for letter in ascii_uppercase})
_SHAPE = str.maketrans(ascii_uppercase + digits, "A" * 26 + "0" * 10)


def find_ibans(text: bytes) -> Iterator[tuple[int, int] | None]:
    """Yield the spans of account numbers in `text`, and None for what only begins like one."""
    reached = 0
    for start, _ in spans(_START, text):
        start += text[start] == 0x5F
        length = _LENGTH_BY_COUNTRY[text[start : start + 2].decode().upper()]
        end = _end_of(text, start, length) if start >= reached else 0
        if end and is_iban(text[start:end]):
            reached = end
            yield start, end
        else:
            yield None


def is_iban(value: bytes) -> bool:
    """Return whether `value` has the length of its country and a remainder of 1 modulo 97; gaps do not matter.

    Letters are written in one case; those of the country may have their own: `De89`, `DE89`, `de89`.
    """
    written = value.translate(None, _GAPS).decode()
    plain = written.upper()
    if _LENGTH_BY_COUNTRY.get(plain[:2]) != len(plain) or not plain[2:4].isdigit():
        return False
    if not (written[4:].isdigit() or written[4:].isupper() or written[4:].islower()):
        return False
    if int((plain[4:] + plain[:4]).translate(_NUMBERS)) % 97 != 1:
        return False
    return _is_of_country(plain[:2], plain[4:].translate(_SHAPE))


def load_countries() -> None:
    """Import now what the first account number would need."""
    _is_of_country("DE", "0" * 18)


@lru_cache(maxsize=1024)
def _is_of_country(country: str, shape: str) -> bool:
    """Return whether accounts of a country have letters and digits where `shape` has `A` and `0`."""
    from stdnum import iban  # takes its time to load
    from stdnum.exceptions import InvalidComponent, InvalidFormat

    check_digits = iban.calc_check_digits(f"{country}00{shape}")
    try:
        iban.validate(f"{country}{check_digits}{shape}", check_country=False)
    except InvalidFormat:
        return False
    except InvalidComponent:  # a country of our list that stdnum does not know
        return True
    return True


def _end_of(text: bytes, start: int, length: int) -> int:
    """Return where `length` letters and digits from `start` on end, gaps between them; 0 where they do not."""
    found = first_span(_BY_LENGTH[length], text[start : start + length + _MOST_GAPS + 1])
    end = start + found[1] if found else 0
    return 0 if text[end : end + 1].isalnum() else end
