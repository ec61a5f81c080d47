"""The built-in detectors: each finds one kind of sensitive value in UTF-8 bytes."""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from router.masking.cards import find_cards
from router.masking.patterns import (
    HEADER_NAMES,
    HEADER_VALUES,
    ISSUED_TOKENS,
    JWT,
    PEM_BEGIN,
    PEM_BODY,
    PEM_END,
    compile_bytes,
    compile_custom,
)

Span = tuple[int, int]
"""Offsets in bytes, end exclusive."""


class Detector(Protocol):
    """Finds values of one kind.

    `find` gets UTF-8 and returns spans in bytes that lie on character boundaries; they may overlap. It must take
    linear time, and whatever it raises withholds the field it was looking at.

    Attributes:
        shortest: a text of fewer bytes cannot hold a hit.
        reads_folded: whether folding keeps every hit, so that the original need not be looked at as well.
    """

    @property
    def name(self) -> str: ...

    @property
    def shortest(self) -> int: ...

    @property
    def reads_folded(self) -> bool: ...

    def find(self, text: bytes) -> Sequence[Span]: ...


class Pattern:
    """An operator's own RE2 pattern."""

    name = "pattern"
    shortest = 0
    reads_folded = False

    def __init__(self, source: str) -> None:
        self._pattern = compile_custom(source)

    def find(self, text: bytes) -> Sequence[Span]:
        return [span for span in _spans(self._pattern, text) if span[0] < span[1]]


class Email:
    """E-mail addresses, international and quoted ones too."""

    name = "email"
    shortest = 6
    reads_folded = True
    # Two-byte characters (Latin, Greek, Cyrillic, Hebrew, Arabic) belong to an address; the three-byte ones of scripts
    # without spaces would pull the whole sentence in, so they count only where an address has nothing else.
    _NARROW = r"[\xc3-\xdf][\x80-\xbf]"
    _WIDE = r"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf][\x80-\xbf]"

    def __init__(self) -> None:
        self._narrow = compile_bytes(_address(self._NARROW))
        self._wide = compile_bytes(_address(self._WIDE))

    def find(self, text: bytes) -> Sequence[Span]:
        if b"@" not in text:
            return ()
        found = [span for span in _spans(self._narrow, text) if not _is_image(text, span)]
        if text.isascii() or text.count(b"@") <= len(found):
            return found
        return found + [span for span in _spans(self._wide, text) if not any(_overlap(span, other) for other in found)]


class CreditCard:
    """Payment card numbers: 13 to 19 digits of a known scheme, Luhn-valid, grouped as people group them."""

    name = "credit_card"
    shortest = 12
    reads_folded = True

    def find(self, text: bytes) -> Sequence[Span]:
        return find_cards(text)


class ApiKey:
    """Tokens whose form names their issuer, and the values of authorization headers."""

    name = "api_key"
    shortest = 12
    reads_folded = True

    def __init__(self) -> None:
        self._pattern = compile_bytes("|".join((*ISSUED_TOKENS, *HEADER_VALUES)))
        self._header = compile_bytes(
            rf"^(?i:{HEADER_NAMES}[\"']?[ \t]*[:=][ \t]*[\"']?(?:[a-z][a-z0-9-]*[ \t]+)?"
            r"|(?:bearer|basic)[ \t:=]+)(.+)$",
            captures=True,
        )

    def find(self, text: bytes) -> Sequence[Span]:
        return [span for found in _spans(self._pattern, text) if (span := self._narrow(text, found))]

    def _narrow(self, text: bytes, span: Span) -> Span | None:
        start, end = span
        if text[start] in b"AaBbPpTtXx" and (header := self._header.search(text[start:end])):
            return self._header_value(text, start + header.start(1), end, text[start:end].lower())
        while text[end - 1] in b".":
            end -= 1
        found = text[start:end]
        if found.startswith((b"AKIA", b"ASIA")) and found.endswith(b"EXAMPLE"):
            return None
        if found.startswith(b"_sk-"):
            start, found = start + 1, found[1:]
        if found.startswith(b"sk-") and found.islower() and not _has_digit(found):
            return None
        if found.startswith(b"JQQJ99") or found[1:3] == b"Q~":
            while start and (text[start - 1 : start].isalnum() or text[start - 1] in b"_.~-"):
                start -= 1
        return start, end

    def _header_value(self, text: bytes, start: int, end: int, words: bytes) -> Span | None:
        value = text[start:end]
        if b"basic" in words and not words.startswith((b"auth", b"proxy")) and not _is_user_and_password(value):
            return None
        return (start, end) if _has_digit(value) or len(value) >= 40 else None


class Jwt:
    """JSON web tokens, signed, encrypted or bare."""

    name = "jwt"
    shortest = 20
    reads_folded = True

    def __init__(self) -> None:
        self._pattern = compile_bytes(JWT)

    def find(self, text: bytes) -> Sequence[Span]:
        return list(_spans(self._pattern, text)) if b"ey" in text else ()


class PrivateKey:
    """Private keys in PEM, OpenSSH, PGP or PuTTY form, also where the end is missing."""

    name = "private_key"
    shortest = 20
    reads_folded = True

    def __init__(self) -> None:
        self._begin = compile_bytes(PEM_BEGIN)
        self._end = compile_bytes(PEM_END)
        self._body = compile_bytes(PEM_BODY)

    def find(self, text: bytes) -> Sequence[Span]:
        if b"PRIVATE KEY" not in text and b"PuTTY-User-Key" not in text:
            return ()
        spans: list[Span] = []
        position = 0
        while begin := self._begin.search(text, position):
            closed = self._end.search(text, begin.end())
            reopened = self._begin.search(text, begin.end())
            if closed and not (reopened and reopened.start() < closed.start()):
                position = closed.end()
            else:
                position = self._body.match(text, begin.end()).end()
            spans.append((begin.start(), position))
        return spans


def builtin_detectors() -> Mapping[str, Detector]:
    """Return new detectors by the names that `detect:` uses."""
    detectors: tuple[Detector, ...] = (Email(), CreditCard(), ApiKey(), Jwt(), PrivateKey())
    return {detector.name: detector for detector in detectors}


def _address(wide: str) -> str:
    word, letter = rf"(?:[A-Za-z0-9_]|{wide})", rf"(?:[A-Za-z]|{wide})"
    local = rf"(?:{word}(?:{word}|[.+%'~!#$*^-])*|\"[^\"@\n]+\")"
    domain = rf"(?:(?:{word}|-)+\.)+(?:xn--[A-Za-z0-9-]+|{letter}{letter}+)"
    return rf"{local}@(?:{domain}|\[[0-9A-Fa-f.:]+\])"


def _is_image(text: bytes, span: Span) -> bool:
    return text[span[0] : span[1]].rpartition(b"@")[2][:3] in (b"2x.", b"3x.", b"1x.")


def _is_user_and_password(value: bytes) -> bool:
    try:
        return b":" in binascii.a2b_base64(value.translate(bytes.maketrans(b"-_", b"+/")) + b"==")
    except binascii.Error:
        return False


def _has_digit(value: bytes) -> bool:
    return any(byte in b"0123456789" for byte in value)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _spans(pattern: Any, text: bytes) -> Iterator[Span]:
    return (match.span() for match in pattern.finditer(text))
