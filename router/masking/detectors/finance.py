"""Detectors of payment: card numbers and bank accounts."""

from __future__ import annotations

from collections.abc import Sequence

from router.masking.cards import CARD_SIGN, find_cards
from router.masking.detectors.detector import NO_NUMBER, Find, Keys, Span, after, outside_uuids
from router.masking.detectors.keys import keys_say
from router.masking.detectors.surroundings import outside_dumps, outside_matrices, outside_traces
from router.masking.ibans import IBAN_START, find_ibans


class CreditCard:
    """Payment card numbers: 13 to 19 digits of a known scheme, Luhn-valid, grouped as people group them."""

    name = "credit_card"
    sign = CARD_SIGN
    shortest = 12
    shortest_number = 12
    reaches_far = False

    _KEYS = frozenset(("card", "cards", "cardnumber", "creditcard", "debit", "maestro", "pan", "cc"))

    def under(self, keys: Keys) -> Find | None:
        return after(b"card: ", self.find) if keys_say(keys, self._KEYS) else None

    def find(self, text: bytes) -> Sequence[Span]:
        found: Sequence[Span] = [*dict.fromkeys(find_cards(text))]
        for leave_out in (outside_uuids, outside_dumps, outside_matrices, outside_traces):
            found = leave_out(found, text) if found else found
        return found


class Iban:
    """International bank account numbers: of a known country, of its length, right modulo 97."""

    name = "iban"
    sign = IBAN_START
    shortest = 15
    shortest_number = NO_NUMBER
    reaches_far = False

    def find(self, text: bytes) -> Sequence[Span]:
        return find_ibans(text)
