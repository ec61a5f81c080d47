"""Detectors of what opens a door: tokens, authorization headers, JSON web tokens, private keys."""

from __future__ import annotations

import binascii
from collections.abc import Sequence

from router.masking.detectors.detector import Span, has_digit, spans
from router.masking.patterns import (
    HEADER_NAMES,
    HEADER_VALUES,
    ISSUED_TOKENS,
    JWT,
    PEM_BEGIN,
    PEM_BODY,
    PEM_END,
    compile_bytes,
)


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
        return [span for found in spans(self._pattern, text) if (span := self._narrow(text, found))]

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
        if found.startswith(b"sk-") and found.islower() and not has_digit(found):
            return None
        if found.startswith(b"JQQJ99") or found[1:3] == b"Q~":
            while start and (text[start - 1 : start].isalnum() or text[start - 1] in b"_.~-"):
                start -= 1
        return start, end

    def _header_value(self, text: bytes, start: int, end: int, words: bytes) -> Span | None:
        value = text[start:end]
        if b"basic" in words and not words.startswith((b"auth", b"proxy")) and not _is_user_and_password(value):
            return None
        return (start, end) if has_digit(value) or len(value) >= 40 else None


class Jwt:
    """JSON web tokens, signed, encrypted or bare."""

    name = "jwt"
    shortest = 20
    reads_folded = True

    def __init__(self) -> None:
        self._pattern = compile_bytes(JWT)

    def find(self, text: bytes) -> Sequence[Span]:
        return list(spans(self._pattern, text)) if b"ey" in text else ()


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
        found: list[Span] = []
        position = 0
        while begin := self._begin.search(text, position):
            closed = self._end.search(text, begin.end())
            reopened = self._begin.search(text, begin.end())
            if closed and not (reopened and reopened.start() < closed.start()):
                position = closed.end()
            else:
                position = self._body.match(text, begin.end()).end()
            found.append((begin.start(), position))
        return found


def _is_user_and_password(value: bytes) -> bool:
    try:
        return b":" in binascii.a2b_base64(value.translate(bytes.maketrans(b"-_", b"+/")) + b"==")
    except binascii.Error:
        return False
