"""Detectors of machines in a network: IP and MAC addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from router.masking.detectors.detector import NO_NUMBER, Span, has_digit, overlaps_any
from router.masking.patterns import compile_bytes, first_span, spans

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HEX = b"0123456789abcdefABCDEF:"
_PREFIX = r"(?:/[0-9]{1,3})?"
_VERSION = r"version|ver|release|rel|build|revision|rev|firmware|section|chapter|clause|paragraph"
_SOFTWARE = (
    r"python|node|java|jdk|jre|ruby|php|perl|golang|rustc|gcc|clang|cuda|openssl|nginx|apache|postgres|postgresql|mysql"
    r"|redis|chrome|chromium|firefox|safari|edge|opera|kernel|linux|android|ios|macos|windows|ubuntu|debian|docker"
)
_COLONS_OF_NO_SCOPE = 3
"""A name of C++ in a scope has two: `abc::def`."""
_MOST_COLONS = 9
"""Of what is read as an address at first, with the mark after it."""


class Ip:
    """IPv4 and IPv6 addresses, with the length of their network where one follows; not the versions of software."""

    name = "ip"
    # Both begin with a mark, which RE2 finds faster than it reads: most texts have neither.
    _SIGN_OF_V4 = r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
    _SIGN_OF_V6 = r":(?::|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:)"
    sign = f"{_SIGN_OF_V4}|{_SIGN_OF_V6}"
    sign_is = "form"
    shortest = 2
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self) -> None:
        self._v4 = compile_bytes(rf"(?:{_OCTET}\.){{3}}{_OCTET}(?:(?:\.[0-9]+)+|{_PREFIX})")
        self._v6 = compile_bytes(
            r"(?:[0-9A-Fa-f]{0,4}:){2,8}(?::|[0-9A-Fa-f]{1,4}|[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})?"
            rf"(?:%[A-Za-z0-9_]+)?{_PREFIX}|(?:[0-9A-Fa-f]{{1,4}}:){{9,}}(?:[0-9A-Fa-f]{{1,4}})?(?:[^0-9A-Fa-f:.%/]|$)"
        )
        self._may_hold_v4 = compile_bytes(self._SIGN_OF_V4)
        self._may_hold_v6 = compile_bytes(self._SIGN_OF_V6)
        self._version_before = compile_bytes(
            rf"(?i)(?:(?:\b|_)(?:{_VERSION})s?\(?[\"']?[ \t]*[:=/-]?[ \t]*[\"']?v?|\bv[.:=]?"
            r"|[a-z]version[(\"':= \t]{1,4}|[=<>~!]=[ \t]*|\^)$"
        )
        # Whatever its parts are: `Chrome/134.0.0.0`, `version 27.1.178.127`.
        self._surely_version = compile_bytes(rf"(?i)(?:\b(?:{_SOFTWARE})/v?|version[ \t]v?)$")
        self._software_before = compile_bytes(rf"(?i)(?:\b(?:{_SOFTWARE})[ /-]v?|[a-z][_-]v?)$")
        self._version_after = compile_bytes(
            r"(?i)^(?:[-_+.]?(?:alpha|beta|rc|pre|post|dev|snapshot|final|release|patch|build|ubuntu|deb|el)(?:[0-9.+_-]|\b)"
            r"|[ab][0-9])"
        )
        self._slice = compile_bytes(r"^[A-Za-z0-9_)\]]\[(?:[0-9]{1,3}::[0-9]*|::[02-9]|::[0-9]{2,3})\]$")
        self._called_address = compile_bytes(
            r"(?i)(?:\b|_)(?:unspecified|listen\w*|bind\w*|bound|host|addr\w*|ip|ipv6)[ \t:=]*$"
        )

    def find(self, text: bytes) -> Iterator[Span | None]:
        found: list[Span] = []
        for match in spans(self._v6, text) if first_span(self._may_hold_v6, text) else ():
            span = None if _is_longer(text, *match) else _without_mark(text, match)
            if span is not None and self._is_v6(text, span):
                found.append(span)
                yield span
            else:
                yield None
        for span in self._written_as_v4(text):
            yield span if self._is_v4(text, span) and not overlaps_any(span, found) else None

    def _written_as_v4(self, text: bytes) -> Iterator[Span]:
        """Yield what `spans` would, reading only what stands around the sign of it."""
        position = 0
        while sign := first_span(self._may_hold_v4, text, position):
            begin = max(position, sign[0] - 3)  # the digits of the first part
            if (span := first_span(self._v4, text, begin)) is None:
                return
            yield span
            position = span[1]

    def _is_v4(self, text: bytes, span: Span) -> bool:
        start, end = span
        before, after = text[max(0, start - 24) : start], text[end : end + 12]
        if before[-1:].isalnum() or before[-1:] == b"_" or after[:1].isalnum() or after[:1] == b"_":
            return False
        if before[-1:] == b"." and (
            before[-2:-1].isdigit() or (before[-2:-1].isalpha() and _is_small(text[start:end]))
        ):
            return False  # a longer chain of numbers, or a name that ends in a version
        if text.count(b".", start, end) > 3:
            return False
        # `10.0.0.1-beta` may be a version, `192.0.2.10-dev` and `10.20.130.4-dev` are machines.
        may_be_version = text[start + 1 : start + 2] == b"." or _is_small(text[start:end])
        if may_be_version and (after[:1].isalpha() or after[:1] in b"-_+.") and first_span(self._version_after, after):
            return False
        last = before.rstrip(b" \t\"'")[-1:]
        if last == b"" or not (last.isalpha() or last in b"=^_-:/("):
            return True
        if first_span(self._surely_version, before):
            return False
        if not _is_small(text[start:end]):
            return True
        # A name may be a server's as well as a program's; the networks of servers begin with 10.
        is_version = first_span(self._version_before, before)
        return not (is_version or (text[start + 1 : start + 2] == b"." and first_span(self._software_before, before)))

    def _is_v6(self, text: bytes, span: Span) -> bool:
        start, end = span
        before, after = text[max(0, start - 1) : start], text[end : end + 2]
        if before.isalnum() or before == b"_" or after[:1].isalnum() or after[:1] == b"_":
            return False
        if after[:1] == b":" and (after[1:].isalnum() or after[1:] == b":"):
            return False
        value = text[start:end].partition(b"/")[0].partition(b"%")[0]
        is_called = first_span(self._called_address, text[max(0, start - 24) : start]) is not None
        if value == b"::":
            return (start + 2 < end and before != b"/") or is_called
        has_port = before == b"[" and after == b"]:"
        is_long = value.count(b":") >= _COLONS_OF_NO_SCOPE
        if not (has_digit(value) or is_long or is_called or has_port) or self._slice.search(
            text[max(0, start - 2) : end + 1]
        ):
            return False
        try:
            ipaddress.IPv6Address(value.decode())
        except ValueError:
            return False
        return True


class Mac:
    """MAC addresses of network cards: six pairs with `:` or `-`, or three groups of four with dots."""

    name = "mac"
    shortest = 14
    shortest_number = NO_NUMBER
    reaches_far = False

    _PAIR, _FOUR = "[0-9A-Fa-f]{2}", "[0-9A-Fa-f]{4}"
    _WRITTEN = rf"{_PAIR}(?::{_PAIR}){{5}}|{_PAIR}(?:-{_PAIR}){{5}}|{_FOUR}\.{_FOUR}\.{_FOUR}"
    sign = _WRITTEN
    sign_is = "form"

    def __init__(self) -> None:
        self._pattern = compile_bytes(self._WRITTEN)

    def find(self, text: bytes) -> Iterator[Span | None]:
        for span in spans(self._pattern, text):
            yield span if _is_mac(text, span) else None


def _is_longer(text: bytes, start: int, end: int) -> bool:
    """Return whether what begins like an address of version 6 is longer than one, or goes on after it."""
    after = text[end : end + 2]
    return (
        text.count(b":", start, end) > _MOST_COLONS
        or after[:1].isalnum()
        or (after[:1] == b":" and (after[1:].isalnum() or after[1:] == b":"))
    )


def _without_mark(text: bytes, span: Span) -> Span:
    """Return the span without the colon of `address:` before it or of a list after it."""
    start, end = span
    if text[start] == 0x3A and text[start + 1] != 0x3A and start and text[start - 1] not in _HEX:
        start += 1
    if text[end - 1] == 0x3A and text[end - 2] != 0x3A:
        end -= 1
    return start, end


def _is_mac(text: bytes, span: Span) -> bool:
    start, end = span
    value = text[start:end]
    mark = b"." if b"." in value else value[2:3]
    before, after = text[max(0, start - 1) : start], text[end : end + 2]
    if _is_word(before) or before == mark or _is_word(after[:1]) or (after[:1] == mark and after[1:].isalnum()):
        return False
    digits = value.translate(None, b":-.")
    return has_digit(digits) and digits.strip(b"0") != b"" and not (mark != b":" and digits.isdigit())


def _is_small(value: bytes) -> bool:
    """Return whether the parts of an address could be the numbers of a version."""
    return b"/" not in value and all(len(part) < 3 for part in value.split(b"."))


def _is_word(byte: bytes) -> bool:
    return byte.isalnum() or byte in (b"_", b":")
