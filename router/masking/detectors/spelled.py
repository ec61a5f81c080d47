"""Secrets whose names stand elsewhere than before an equals sign: in pairs, blocks, code, markup and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from router.masking.detectors.detector import Span, has_digit
from router.masking.detectors.forms import FORMS, VALUE_GOES_ON, Evidence, Form, grouped, together
from router.masking.detectors.forms_of_code import CODE_FORMS, CODE_SIGN
from router.masking.detectors.forms_of_text import TEXT_FORMS, TEXT_SIGN
from router.masking.names import NAME_CHARACTERS
from router.masking.patterns import compile_bytes, compile_set, first_span, groups_at

ENGLISH = (*FORMS, *CODE_FORMS, *TEXT_FORMS)
ENGLISH_SIGN = f"{CODE_SIGN}|{TEXT_SIGN}"
"""What stands in a text with such a secret, besides the English words for one."""
_MEMORY = 16 << 20
"""Bytes in which RE2 may remember what it learnt of texts; with fewer it forgets all, again and again."""
_ALGORITHM = (
    r"(?i)^(?:(?:sha|md|base|utf|argon|aes|rsa|pbkdf|oauth|ntlm|win|latin|iso)v?[-_]?[0-9]{1,4}(?:id|[di])?(?:$|[-_./:])"
    r"|[0-9]{1,4}(?:-?[a-z]{1,4}|-[a-z]+|-[0-9]+[a-z-]*)$)"
)
"""`SHA256`, `base64-encoded`, and what counts: `8-character`, `8-16`, `30days`."""
_LEAST_OF_MIXED = 5
_LEAST_OF_TANGLED = 8
_LEAST_CHANGES = 3
_LONGEST_QUOTED = 256
_LONGEST_JUDGED = 512
"""Bytes of a value by which it is judged: what is turned down is read again, for names within it."""
_LONGEST_NAME = 64
_QUOTES = (b'"', b"'", b"`")


class Spelled(NamedTuple):
    """A name that may say secret, and the value given to it, or the beginning of a long one.

    Attributes:
        is_told: whether the form or the value shows that a value stands there; else it may be a word of prose.
    """

    name: str
    value: bytes
    is_quoted: bool
    is_told: bool


class _Forms:
    """Forms, compiled together and each."""

    def __init__(self, forms: Sequence[Form]) -> None:
        sources = [form.source.encode().decode("latin-1") for form in forms]
        self.all = compile_bytes(together(sources), memory=_MEMORY)
        self._each = [(form, compile_bytes(source, captures=True)) for form, source in zip(forms, sources, strict=True)]
        self._begins = compile_set(sources, at_start=True)

    def read(self, text: bytes, start: int, end: int) -> tuple[Form, Span, Span]:
        """Return the first form that begins at `start`, and the spans of its groups.

        Forms that capture are slow, and slower yet when all are tried at once, so first those are told that may match.
        """
        likely = self._begins.Match(text[start:end]) or range(len(self._each))
        for form, pattern in map(self._each.__getitem__, sorted(likely)):
            found, name, value = groups_at(pattern, text, start, end)
            if found[0] >= 0:
                return form, name, value
        raise AssertionError  # one of them does


class SpelledSecrets:
    """Finds values given to names in forms where more than a mark stands between the two."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._groups = [_Forms(group) for group in grouped(forms)]
        self._rest = compile_bytes(VALUE_GOES_ON)
        self._letter = compile_bytes(r"[A-Za-z].*[0-9!#$%&*+=?@^~]|[0-9!#$%&*+=?@^~].*[A-Za-z]")
        self._algorithm = compile_bytes(_ALGORITHM)

    def find(self, text: bytes, is_secret: Callable[[Spelled], bool]) -> Iterator[Span | None]:
        """Yield the spans of values in such a form of which `is_secret` says so, and None for others."""
        for forms in self._groups:
            yield from self._find(forms, text, is_secret)

    def _find(self, forms: _Forms, text: bytes, is_secret: Callable[[Spelled], bool]) -> Iterator[Span | None]:
        position = 0
        while found := first_span(forms.all, text, position):
            form, named, (begin, least) = forms.read(text, *found)
            # What is turned down may be written in another form from its name on.
            position = named[0] if found[0] < named[0] < begin else max(begin, found[0] + 1)
            near = min(len(text), least + _LONGEST_JUDGED)
            end = self._end_of_rest(text, least, near) if form.is_open else least
            value = text[begin : whole(text, begin, end)]
            if not self._shows(form.evidence, value):
                yield None
                continue
            name = form.says or _name(text, *named)
            is_told = form.evidence is not Evidence.SIGNS or has_digit(value)
            if is_secret(Spelled(name, value, text[begin - 1 : begin] in _QUOTES, is_told)):
                if end == near:
                    end = self._end_of_rest(text, least, len(text))
                position = max(position, whole(text, begin, end))
                yield begin, position
            else:
                yield None

    def _end_of_rest(self, text: bytes, start: int, latest: int) -> int:
        """Return where a value ends of which the first bytes end at `start`."""
        rest = first_span(self._rest, text[start:latest])
        return start + rest[1] if rest else start

    def _shows(self, evidence: Evidence, value: bytes) -> bool:
        """Return whether a value shows what is asked of it, as far as that can be told without its name."""
        if evidence is Evidence.TANGLED and not is_tangled(value):
            return False
        return evidence not in (Evidence.MIXED, Evidence.TANGLED) or self.is_mixed(value)

    def is_mixed(self, value: bytes) -> bool:
        """Return whether a value can be no word of prose, nor the name of an algorithm."""
        is_mixed = len(value) >= _LEAST_OF_MIXED and first_span(self._letter, value) is not None
        return is_mixed and first_span(self._algorithm, value) is None


def is_tangled(value: bytes) -> bool:
    """Return whether letters and digits change as often as in no word with a number: `Kx9mQ2`, not `Web3Provider`."""
    if len(value) < _LEAST_OF_TANGLED:
        return False
    kinds = [chr(byte).isdigit() for byte in value if chr(byte).isalnum()]
    return sum(one is not other for one, other in pairwise(kinds)) >= _LEAST_CHANGES


def _name(text: bytes, start: int, end: int) -> str:
    """Return the whole name of which a form found the end."""
    before = text[max(0, start - _LONGEST_NAME) : start]
    return (before[len(before.rstrip(NAME_CHARACTERS.encode())) :] + text[start:end]).decode("latin-1")


def whole(text: bytes, begin: int, end: int) -> int:
    """Return where a value ends that begins at `begin`: at its closing quote, or before the marks of a sentence."""
    mark = text[begin - 1 : begin]
    if mark in _QUOTES:
        closed = text.find(mark, begin, begin + _LONGEST_QUOTED)
        while closed >= 0 and text[closed - 1 : closed] == b"\\" != text[begin - 2 : begin - 1]:
            closed = text.find(mark, closed + 1, begin + _LONGEST_QUOTED)  # one within a value whose own is bare
        if closed >= 0 and b"\n" not in text[end:closed]:
            return begin + len(text[begin:closed].rstrip(b"\\"))
        return end
    return begin + len(text[begin:end].rstrip(b".,:!?;)}]*" if mark == b"*" else b".,:!?;)}]"))
