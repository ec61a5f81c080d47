"""Detectors of ways to reach a person: e-mail addresses and telephone numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from router.masking.blocks import BLOCK, holds, is_ascii
from router.masking.detectors.credentials import UrlCredentials
from router.masking.detectors.detector import NO_NUMBER, Find, Keys, Span, after, is_in_uuid, overlaps_any
from router.masking.detectors.keys import keys_say
from router.masking.detectors.surroundings import is_in_dump
from router.masking.patterns import compile_bytes, spans
from router.masking.phones import PHONE_SIGN, find_phones, load_plans


class Email:
    """E-mail addresses, international and quoted ones too."""

    name = "email"
    shortest = 6
    shortest_number = NO_NUMBER
    reaches_far = False
    # Two-byte characters (Latin, Greek, Cyrillic, Hebrew, Arabic) belong to an address; the three-byte ones of scripts
    # without spaces would pull the whole sentence in, so they count only where an address has nothing else.
    _NARROW = r"[\xc3-\xdf][\x80-\xbf]"
    _WIDE = r"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf][\x80-\xbf]"

    def __init__(self) -> None:
        self._narrow = compile_bytes(_address(self._NARROW))
        self._wide = compile_bytes(_address(self._WIDE))
        self._url_credentials = UrlCredentials()

    def may_find(self, text: bytes) -> bool:
        return b"@" in text

    def find(self, text: bytes) -> Iterator[Span | None]:
        found: list[Span] = []
        passwords = self._passwords_in_urls(text)
        for span in spans(self._narrow, text):
            is_ones = _is_ones(text, span) and text.find(b"@", *span) not in passwords
            if is_ones:
                found.append(span)
            yield span if is_ones else None
        if not is_ascii(text) and _count(text, b"@") > len(found):
            for span in spans(self._wide, text):
                is_ones = _is_ones(text, span) and text.find(b"@", *span) not in passwords
                yield span if is_ones and not overlaps_any(span, found) else None

    def _passwords_in_urls(self, text: bytes) -> Collection[int]:
        """Return where passwords before the host of a URL end, as far as no address can stand there instead."""
        if not holds(text, b"://"):
            return ()
        credentials = [(text[start:end], end) for start, end in self._url_credentials.find(text)]
        # Otherwise as `https://site.example:jane@example.com` and `https://user:password@host,jane@example.com`.
        return {end for each, end in credentials if b"@" not in each and b"." not in each.partition(b":")[0]}


class Phone:
    """Telephone numbers: international ones, and national ones in a telling form or beside a word that tells."""

    name = "phone"
    sign = PHONE_SIGN
    sign_is = "form"
    shortest = 7
    shortest_number = 7
    reaches_far = False

    _KEYS = frozenset(
        """
        phone phones telephone telephones tel telefon telefono telefone mobile mobiles cell cellphone cellular fax
        landline hotline whatsapp sms msisdn handy rufnummer celular
        """.split()
    )

    def prepare(self) -> None:
        load_plans()

    def under(self, keys: Keys) -> Find | None:
        return after(b"phone: ", self.find) if keys_say(keys, self._KEYS) else None

    def find(self, text: bytes) -> Iterator[Span | None]:
        for span in find_phones(text):
            yield None if span is None or is_in_uuid(text, *span) or is_in_dump(text, *span) else span


def _count(text: bytes, mark: bytes) -> int:
    """Return how often a byte stands in `text`, block by block."""
    return sum(text.count(mark, start, start + BLOCK) for start in range(0, len(text), BLOCK))


def _address(wide: str) -> str:
    word, letter = rf"(?:[A-Za-z0-9_]|{wide})", rf"(?:[A-Za-z]|{wide})"
    local = rf"(?:{word}(?:{word}|[.+%'~!#$*^-])*|\"[^\"@\n]+\")"
    domain = rf"(?:(?:{word}|-)+\.)+(?:xn--[A-Za-z0-9-]+|{letter}{letter}+)"
    return rf"{local}@(?:{domain}|\[[0-9A-Fa-f.:]+\])"


def _is_ones(text: bytes, span: Span) -> bool:
    """Return whether an address may be somebody's: no image's, `icon@2x.png`, and no repository's, `ssh://git@…`."""
    local, _, domain = text[span[0] : span[1]].rpartition(b"@")
    if local != b"git":
        return domain[:3] not in (b"2x.", b"3x.", b"1x.")
    path = text[span[1] : span[1] + 2]
    is_path = path[:1] == b":" and (path[1:].isalnum() or path[1:] in (b"/", b"~"))
    return not is_path and text[max(0, span[0] - 3) : span[0]] != b"://"
