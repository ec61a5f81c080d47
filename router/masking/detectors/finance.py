"""Detectors of payment: card numbers and bank accounts."""

from __future__ import annotations

from collections.abc import Iterator

from router.masking.cards import CARD_SIGN, find_cards
from router.masking.detectors.detector import NO_NUMBER, Find, Keys, Span, after, is_in_uuid
from router.masking.detectors.keys import keys_say
from router.masking.detectors.surroundings import Lines, is_in_dump, is_in_matrix, is_trace
from router.masking.ibans import IBAN_START, find_ibans, load_countries


class CreditCard:
    """Payment card numbers: 13 to 19 digits of a known scheme, Luhn-valid, grouped as people group them."""

    name = "credit_card"
    sign = CARD_SIGN
    sign_is = "form"
    shortest = 12
    shortest_number = 12
    reaches_far = False

    _KEYS = frozenset(("card", "cards", "cardnumber", "creditcard", "debit", "maestro", "pan", "cc"))

    def under(self, keys: Keys) -> Find | None:
        return after(b"card: ", self.find) if keys_say(keys, self._KEYS) else None

    def find(self, text: bytes) -> Iterator[Span | None]:
        lines = Lines(text)
        for span in find_cards(text):
            yield None if span is None or _is_nobodys(lines, *span) else span


def _is_nobodys(lines: Lines, start: int, end: int) -> bool:
    text = lines.text
    return (
        is_in_matrix(lines, start, end)
        or is_in_uuid(text, start, end)
        or is_in_dump(text, start, end)
        or is_trace(text, start, end)
    )


class Iban:
    """International bank account numbers: of a known country, of its length, right modulo 97."""

    name = "iban"
    sign = IBAN_START
    sign_is = "form"
    shortest = 15
    shortest_number = NO_NUMBER
    reaches_far = False

    def prepare(self) -> None:
        load_countries()

    def find(self, text: bytes) -> Iterator[Span | None]:
        return find_ibans(text)
