"""Detectors of payment: card numbers and bank accounts."""

from __future__ import annotations

from collections.abc import Sequence

from router.masking.cards import find_cards
from router.masking.detectors.detector import Span
from router.masking.ibans import find_ibans


class CreditCard:
    """Payment card numbers: 13 to 19 digits of a known scheme, Luhn-valid, grouped as people group them."""

    name = "credit_card"
    shortest = 12

    def find(self, text: bytes) -> Sequence[Span]:
        return find_cards(text)


class Iban:
    """International bank account numbers: of a known country, of its length, right modulo 97."""

    name = "iban"
    shortest = 15

    def find(self, text: bytes) -> Sequence[Span]:
        return find_ibans(text)
