"""Detectors of what opens a door: tokens, authorization headers, passwords in URLs, JSON web tokens, private keys."""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Sequence

from router.masking.blocks import holds
from router.masking.detectors.bare import CALLED
from router.masking.detectors.commands import LONGEST_COMMAND
from router.masking.detectors.detector import NO_NUMBER, Span, has_digit
from router.masking.detectors.placeholders import Placeholders
from router.masking.patterns import (
    CURL_USER,
    HEADER_NAMES,
    HEADER_VALUES,
    ISSUED_TOKENS,
    JWT,
    JWT_BEGIN,
    PEM_BEGIN,
    PEM_BODY,
    PEM_END,
    TOKENS_BY_THEIR_MIDDLE,
    compile_bytes,
    end_at,
    first_span,
    groups_at,
    loosened,
    spans,
)

_AWS_KEYS = (b"AKIA", b"ASIA", b"ABIA", b"ACCA")
_AWS_LENGTH = 20
_BASES = b"ACGTN"
"""The letters of DNA, where `ACCA` begins many a word."""
_BREAKS = b" \t\r\n\"'+"
"""What stands in a key that goes on in the next line or the next literal of a program."""
_TOKEN_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.~-"
_LONGEST_START = 128
"""Bytes of a token before what it is known by."""
_BEGIN_A_MIDDLE = b".:|-"
_BEGIN_AN_OPTION = (b"/", b"-")
"""What a user does not begin with: `-u/--unit: …`."""
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_TAKES_USER = (
    r"(?:^|[^A-Za-z0-9_.-])(?:curl|https?|httpie|xh|wget)(?:\.exe)?[\s\"'][^|;&\n]*$|--(?:proxy-user|auth)[ =]"
)
"""What says that a user and a password follow `-u`, even if both are numbers."""
_TAKES_OTHER = (
    r"(?:^|[^A-Za-z0-9_.-])(?:docker|podman|nerdctl|kubectl|oc|chroot|runuser|sudo|sort|rsync|cp|mv|diff|python[0-9.]*)"
    r"[\s\"'][^|;&\n]*$"
)
"""What says that `-u` means something else: a user and a group, `unbuffered`, `unique`."""
_MAY_BE_HEADER = "ey[A-DI-L].(?:[A-Za-f]...){2}"
"""Base64 of nine bytes of which the first is `{`, the next a quote or a blank, and later ones ASCII."""
_HEADER = r"^\{\s*\"[ -~\s]*$"
_MOST_DECODED = 65_536
"""Bytes of base64 that are looked into; longer runs are media."""


class IssuedKey:
    """Tokens whose form names their issuer, as they are."""

    name = "api_key"
    sign = loosened("|".join((*ISSUED_TOKENS, *(middle for middle, _ in TOKENS_BY_THEIR_MIDDLE))))
    sign_is = "form"
    shortest = 12
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self) -> None:
        middles = [middle for middle, _ in TOKENS_BY_THEIR_MIDDLE]
        self._pattern = compile_bytes("|".join((*ISSUED_TOKENS, *middles)))
        self._by_middle = [
            (ord(middle.lstrip("\\")[0]), compile_bytes(middle), compile_bytes(before))
            for middle, before in TOKENS_BY_THEIR_MIDDLE
        ]

    def find(self, text: bytes) -> Iterator[Span | None]:
        position = told = 0
        while found := first_span(self._pattern, text, position):
            start, position = found
            begin = self._begin(text, start, told) if text[start] in _BEGIN_A_MIDDLE else start
            if begin < 0:
                position = start + 1  # what follows may be a token of its own
            elif span := _narrow(text, begin, position, told):
                told = span[1]
                yield span
                continue
            yield None

    def _begin(self, text: bytes, start: int, earliest: int) -> int:
        """Return where a token begins that is known by the middle at `start`; -1 where that is the middle of none."""
        for first, middle, before in self._by_middle:
            if first == text[start] and end_at(middle, text, start, start + _LONGEST_START) >= 0:
                known = first_span(before, text[max(earliest, start - _LONGEST_START) : start])
                return start - (known[1] - known[0]) if known else -1
        return start


class EncodedKey:
    """The same tokens in what is base64 of a text with one."""

    name = "api_key"
    shortest = 24
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self, issued: IssuedKey) -> None:
        self._issued = issued
        self._pattern = compile_bytes(r"[A-Za-z0-9+/_-]{24,}={0,2}")

    def find(self, text: bytes) -> Iterator[Span | None]:
        for start, end in spans(self._pattern, text):
            yield (start, end) if self._holds_token(text[start:end]) else None

    def _holds_token(self, run: bytes) -> bool:
        if run.islower() or run.isupper():  # digests, ids, words
            return False
        return any(self._issued.find(_decoded(run[:_MOST_DECODED])))


class ApiKey:
    """Tokens whose form names their issuer."""

    name = "api_key"
    shortest = 12
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self) -> None:
        issued = IssuedKey()
        self.parts = (issued, EncodedKey(issued))

    def find(self, text: bytes) -> Iterator[Span | None]:
        for part in self.parts:
            yield from part.find(text)


class AuthHeader:
    """Values of headers that authenticate (`Authorization`, `X-Api-Key`), bare `Bearer …`, and curl's `-u user:…`."""

    name = "auth_header"
    _WRITTEN = "|".join((*HEADER_VALUES, CURL_USER))
    sign = _WRITTEN
    sign_is = "word"
    shortest = 12
    shortest_number = NO_NUMBER
    reaches_far = True

    def __init__(self) -> None:
        self._pattern = compile_bytes(self._WRITTEN)
        self._header = compile_bytes(
            rf"^(?i:(?:{HEADER_NAMES}|(?:set-)?cookie|bundle_[a-z0-9_]+)[\"']?[ \t]*[:=,][ \t]*(?:b?[\"'])?"
            r"(?:[a-z][a-z0-9-]*[ \t]+)?|(?:bearer|basic)[ \t:=]+"
            r"|\s?(?:-u[ =]?|--(?:proxy-)?user[ =]|--auth[ =])[ \t]{0,3})(.+)$",
            captures=True,
        )
        self._placeholders = Placeholders()
        self._example = compile_bytes(r"^(?i:(?:x+|user(?:name)?):(?:x+|pass(?:word)?))$")
        self._curl = compile_bytes(_TAKES_USER)
        self._other = compile_bytes(_TAKES_OTHER)
        self._called = compile_bytes(rf"^{CALLED}(?:\.{CALLED})+$")

    def find(self, text: bytes) -> Iterator[Span | None]:
        for found in spans(self._pattern, text):
            yield self._value(text, *found)

    def _value(self, text: bytes, start: int, end: int) -> Span | None:
        words = text[start:end].lower().lstrip()
        given = groups_at(self._header, text[start:end], 0)[1]
        if given[0] < 0:
            return None
        start += given[0]
        value = text[start:end]
        if words.startswith(b"-"):
            return (start, end) if self._logs_in(text[max(0, start - LONGEST_COMMAND) : start], value) else None
        if words.startswith(b"bundle_"):
            return (start, end)
        if words.startswith(b"basic"):
            return (start, end) if _is_user_and_password(value) else None
        if text[end : end + 1] == b"(" and first_span(self._called, value):
            return None
        return (start, end) if has_digit(value) or len(value) >= 40 else None

    def _logs_in(self, before: bytes, value: bytes) -> bool:
        """Return whether `value`, that a command takes, is a user and a password, or a token in the place of a user."""
        value = value.strip(b"\"'")
        user, mark, password = value.partition(b":")
        if not mark or any(map(self._placeholders.is_reference, (password or user, value))):
            return False
        if first_span(self._example, value):
            return False
        if first_span(self._curl, before):
            return True
        # Elsewhere these are a user and a group: `docker run -u 1000:1000`, `-u www-data:www-data`.
        is_group = (user.isdigit() and password.isdigit()) or user == password
        return not is_group and user[:1] not in _BEGIN_AN_OPTION and first_span(self._other, before) is None


class UrlCredentials:
    """User and password in a URL, or a token alone: `https://user:password@host`; the host stays."""

    name = "url_credentials"
    shortest = 9
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self) -> None:
        self._pattern = compile_bytes(
            r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s/@:\"'<>`]*:[^\s/\"'<>`]+|[A-Za-z0-9_.~-]{20,})@"
        )
        # RE2 skips to what this begins with.
        self._mark = compile_bytes(r"://[^\s/@]*[:@]")
        self._placeholders = Placeholders()

    def may_find(self, text: bytes) -> bool:
        return b"://" in text and first_span(self._mark, text) is not None

    def find(self, text: bytes) -> Sequence[Span]:
        found = []
        for start, end in spans(self._pattern, text):
            begin = text.index(b"://", start) + 3
            value = text[begin : end - 1]
            user, mark, password = value.partition(b":")
            is_token = has_digit(user) and not user.islower()
            if (mark or is_token) and not any(map(self._placeholders.is_reference, (password, value))):
                found.append((begin, end - 1))
        return found


class Jwt:
    """JSON web tokens, signed, encrypted or bare."""

    name = "jwt"
    shortest = 20
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self) -> None:
        self._begin = compile_bytes(JWT_BEGIN)
        self._whole = compile_bytes(JWT)
        self._header = compile_bytes(_HEADER)
        self._may_be_header = compile_bytes(_MAY_BE_HEADER)

    def may_find(self, text: bytes) -> bool:
        return holds(text, b"ey")

    def find(self, text: bytes) -> Iterator[Span | None]:
        position = 0
        while found := first_span(self._begin, text, position):
            begin, position = self._header_in(text, *found), found[1]
            if begin >= 0 and (end := end_at(self._whole, text, begin)) >= 0:
                position = end
                yield begin, end
            else:
                yield None

    def _header_in(self, text: bytes, start: int, end: int) -> int:
        """Return where a header begins in what looks like one; -1 for none, as in the name `keyboardEvent.`."""
        part, begin = text[start : end - 1], 0
        while found := first_span(self._may_be_header, part, begin):
            if first_span(self._header, _decoded(part[slice(*found)])):
                return start + found[0]
            begin = found[0] + 1
        is_word = part.islower() or part.isupper() or not has_digit(part) or text[start - 1 : start].isalnum()
        return -1 if is_word or text[end : end + 2] != b"ey" else start


class PrivateKey:
    """Private keys in PEM, OpenSSH, PGP or PuTTY form, also where the end is missing."""

    name = "private_key"
    shortest = 20
    shortest_number = NO_NUMBER
    reaches_far = True

    def __init__(self) -> None:
        self._begin = compile_bytes(PEM_BEGIN)
        self._end = compile_bytes(PEM_END)
        self._body = compile_bytes(PEM_BODY)

    def may_find(self, text: bytes) -> bool:
        return holds(text, b"PRIVATE KEY") or holds(text, b"PuTTY-User-Key")

    def find(self, text: bytes) -> Sequence[Span]:
        found: list[Span] = []
        position = 0
        closed = self._end.search(text)
        while begin := self._begin.search(text, position):
            if closed and closed.start() < begin.end():
                closed = self._end.search(text, begin.end())
            reopened = self._begin.search(text, begin.end())
            if closed and not (reopened and reopened.start() < closed.start()):
                position = closed.end()
            else:
                position = self._body.match(text, begin.end()).end()
            found.append((begin.start(), position))
        return found


def _narrow(text: bytes, start: int, end: int, earliest: int) -> Span | None:
    """Return the token alone, or None for an example of the documentation or a word that only begins like one.

    A token that is known by its middle begins at `earliest` or later.
    """
    while text[end - 1] in b".":
        end -= 1
    found = text[start:end]
    if found.startswith(_AWS_KEYS):
        plain = found.translate(None, _BREAKS)
        is_whole = len(plain) == len(found) or (len(plain) == _AWS_LENGTH and has_digit(plain))
        return (start, end) if is_whole and not plain.endswith(b"EXAMPLE") and plain.strip(_BASES) else None
    if found.startswith(b"AP") and not (has_digit(found[2:]) and not found.isupper()):
        return None
    if found.startswith(b"_sk-"):
        start, found = start + 1, found[1:]
    if found.startswith(b"sk-") and found.islower() and not has_digit(found):
        return None
    if found.startswith(b"JQQJ99") or found[1:3] == b"Q~":
        before = text[max(earliest, start - _LONGEST_START) : start]
        start -= len(before) - len(before.rstrip(_TOKEN_BYTES))
    return start, end


def _is_user_and_password(value: bytes) -> bool:
    user, mark, _ = _decoded(value).partition(b":")
    return bool(mark) and user.decode("latin-1").isprintable()


def _decoded(value: bytes) -> bytes:
    """Return what `value` is the base64 of, in either alphabet; nothing where it is none."""
    try:
        plain = value.translate(_TO_BASE64).rstrip(b"=")
        return binascii.a2b_base64(plain[: len(plain) - (len(plain) % 4 == 1)] + b"==")
    except binascii.Error:
        return b""
