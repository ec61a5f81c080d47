r"""A folded shadow of a text: what a reader would see, with a way back to the original offsets.

Detectors look for ASCII. Full-width or Arabic digits, zero-width characters between digits, `%40`, `&#64;` and JSON's
`\u0040` say the same to a reader or to the next program, so every text is looked at folded as well.
"""

from __future__ import annotations

import unicodedata
from array import array
from bisect import bisect_right
from functools import lru_cache
from typing import Any

from router.masking.blocks import Pieces, is_ascii
from router.masking.breath import Breathe, go_on
from router.masking.patterns import compile_custom, spans
from router.masking.utf8 import with_blanks

# What always hides a character: other digits and letters that read as ASCII, and what is invisible.
_DISGUISED = (
    r"[^\P{Nd}0-9]|\p{Cf}|[\x{B2}\x{B3}\x{B9}\x{34F}\x{2024}\x{2070}-\x{209C}\x{2460}-\x{24FF}\x{3002}"
    r"\x{FE00}-\x{FE0F}\x{FE50}-\x{FE6F}\x{FF01}-\x{FF61}\x{1D400}-\x{1D7FF}\x{1F100}-\x{1F1FF}\x{E0000}-\x{E01EF}"
    # Control characters, strokes through letters, fillers and blanks of other scripts, ends of lines and paragraphs.
    r"\x00\x7F-\x{9F}\x{334}-\x{338}\x{488}\x{489}\x{115F}\x{1160}\x{2028}\x{2029}\x{20DD}-\x{20E0}\x{20E2}-\x{20E4}"
    r"\x{2800}\x{3164}\x{FFA0}]"
)
# Blanks and dashes that are typed for a plain one.
_SEPARATORS = r"[^\P{Zs} ]|[\x{2010}-\x{2013}\x{2212}]"
# Longer ones, of which prose is full: they matter beside a digit, and after a capital, as in an account number.
_DASHES = r"[^\P{Pd}\-]"
_ESCAPED = (
    r"\\+u[0-9A-Fa-f]{4}|\\+x[0-9A-Fa-f]{2}|\\+/|%(?:25)*[0-9A-Fa-f]{2}"
    r"|&(?:amp;)*#[0-9]{1,7};?|&(?:amp;)*#[xX][0-9A-Fa-f]{1,6};|&(?:amp;)*(?:amp|quot|apos|nbsp|commat|period|num);"
)
_ASCII_SITES = compile_custom(rf"{_ESCAPED}|[\x00\x7F]")
# Accents on digits, and the boxes of emoji.
_MARKS = r"\p{Mn}|\x{20E3}"
_SITES = compile_custom(
    f"(?:{_DISGUISED}|{_SEPARATORS})(?:{_DISGUISED}|{_SEPARATORS}|{_DASHES}|{_MARKS})*"
    f"|[0-9)](?: ?(?:{_SEPARATORS}|{_DASHES}|{_MARKS}))+|[A-Z](?:{_SEPARATORS}|{_DASHES})+|(?:{_DASHES})+[0-9]"
    f"|{_ESCAPED}"
)
AROUND = 256
"""Bytes around a folded character within which a value of ordinary length lies."""
_LONGEST_KNOWN = 16
_BLANKS = (b" ", b"\n")
_FILLERS = "\u034f\u115f\u1160\u3164\uffa0"
_ENTITIES = {b"amp": "&", b"quot": '"', b"apos": "'", b"nbsp": " ", b"commat": "@", b"period": ".", b"num": "#"}


class Shadow:
    """Folded text and, for its spans, the way back.

    Attributes:
        text: the folded text.
        spaced: the original one with blanks for escaped line breaks, of the same length.
    """

    __slots__ = ("_begins", "_shifts", "_shifts_at", "spaced", "text")

    def __init__(self, spaced: bytes, text: bytes, begins: array[int], at: array[int], shifts: array[int]) -> None:
        """Take what was folded, in order: where each begins in `text`, and how much farther that is in the original.

        Args:
            at: by how many bytes that is where it begins.
            shifts: by how many it is behind it, as `at` for what vanished.
        """
        self.text = text
        self.spaced = spaced
        self._begins = begins
        self._shifts_at = at
        self._shifts = shifts

    def changed(self) -> list[tuple[int, bytes]]:
        """Return the parts of the folded text that read otherwise than the original does, with where each begins.

        A part reaches so far around what was folded that a value, and the words that give one away, are whole in it;
        it begins and ends at blanks. Where that is most of the text, it is all of it.
        """
        parts: list[list[int]] = []
        following = dict.fromkeys(_BLANKS, -1)  # where the next of each stands, looked for once
        for start, end in self._around_changes():
            reached = parts[-1][1] if parts else 0
            if parts and end <= reached:
                continue
            start, end = self._blank_before(reached, start), self._blank_after(end, following)
            if parts and start <= reached:
                parts[-1][1] = end
            else:
                parts.append([start, end])
        if sum(end - start for start, end in parts) * 2 > len(self.text):
            return [(0, self.text)]
        return [(start, self.text[start:end]) for start, end in parts]

    def _around_changes(self) -> list[tuple[int, int]]:
        """Return disjoint spans, in order, of what stands within `AROUND` bytes of what was folded."""
        spread: list[tuple[int, int]] = []
        begin = end = -1
        for offset in self._begins:
            if offset - AROUND > end:
                if end >= 0:
                    spread.append((begin, end))
                begin = offset - AROUND
            end = offset + AROUND
        return [*spread, (begin, end)]

    def _blank_before(self, lowest: int, offset: int) -> int:
        for blank in _BLANKS if offset > lowest else ():
            lowest = max(lowest, self.text.rfind(blank, lowest, offset))
        return lowest

    def _blank_after(self, offset: int, following: dict[bytes, int]) -> int:
        for blank, place in (*following.items(),):
            if place < offset:
                found = self.text.find(blank, offset)
                following[blank] = found if found >= 0 else len(self.text)
        return min(following.values())

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text for which a non-empty span of the shadow stands."""
        return self._stands_for(start)[0], self._stands_for(end - 1)[1]

    def _stands_for(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._begins, offset) - 1
        if index < 0:
            return offset, offset + 1
        shifts = self._shifts_at if offset == self._begins[index] else self._shifts
        return offset + shifts[index], offset + self._shifts[index] + 1


def fold(text: bytes, breathe: Breathe = go_on) -> Shadow | None:
    """Return the shadow of `text` (UTF-8), or None where there is nothing to fold."""
    sites = _sites(text)
    if sites is None:
        return None
    # Of the same length, so that offsets stay: what follows an escaped line break begins a word.
    spaced = with_blanks(text) if b"\\" in text else text
    shadow = _replace_sites(spaced, sites, breathe)
    return shadow if shadow.text != text else None


def folded(text: bytes, breathe: Breathe = go_on) -> bytes:
    """Return `text` folded, but with its escaped line breaks; `text` itself where there is nothing to fold."""
    sites = _sites(text)
    return text if sites is None else _replace_sites(text, sites, breathe).text


def _sites(text: bytes) -> Any:
    """Return the pattern of what may have to be folded in `text`, None where nothing does."""
    if not is_ascii(text):
        return _SITES
    # One of these stands in a text in ASCII that has anything to fold.
    is_plain = not (b"\\" in text or b"%" in text or b"&" in text or b"\x00" in text or b"\x7f" in text)
    return None if is_plain else _ASCII_SITES


def _replace_sites(text: bytes, pattern: Any, breathe: Breathe) -> Shadow:
    begins, at, shifts = array("q"), array("q"), array("q")  # to let a million objects go would hold the GIL
    pieces = Pieces()
    position = shift = 0
    for start, end in spans(pattern, text):
        breathe()
        found = text[start:end]
        for offset, size, char in (_known_characters if end - start <= _LONGEST_KNOWN else _characters)(found):
            begin = start + offset
            begins.append(begin - shift)
            before, shift = shift, shift + size - len(char)
            at.append(before if char else shift)
            shifts.append(shift)
            pieces.add(text, position, begin, char)
            position = begin + size
    if not begins:
        return Shadow(text, text, begins, at, shifts)
    pieces.add(text, position, len(text), b"")
    return Shadow(text, pieces.joined(), begins, at, shifts)


def _characters(found: bytes) -> tuple[tuple[int, int, bytes], ...]:
    """Return (offset, bytes, ASCII) of what folds within a match; empty ASCII for what vanishes."""
    if found[0] in b"\\%&":
        char = _unescape(found)
        folded = fold_character(char) if char else None
        return () if folded is None else ((0, len(found), folded),)
    characters, offset = [], 0
    for char in found.decode():
        size = len(char.encode())
        folded = fold_character(char) if size > 1 or not char.isprintable() else None
        if folded is not None:
            characters.append((offset, size, folded))
        offset += size
    return tuple(characters)


_known_characters = lru_cache(maxsize=4096)(_characters)
"""The same, remembered: a text has the same blanks and escapes again and again."""


def _unescape(found: bytes) -> str | None:
    if found.startswith(b"%"):
        code = int(found[-2:], 16)
    elif found.startswith(b"&"):
        *_, name = found[1:].rstrip(b";").split(b";")  # `&amp;#64;` is one that was escaped again
        if not name.startswith(b"#"):
            return _ENTITIES[name]
        digits = name[1:]
        code = int(digits.lstrip(b"xX"), 16 if digits[0] in b"xX" else 10)
    else:
        bare = found.lstrip(b"\\")
        if bare == b"/":
            return "/"
        code = int(bare[1:], 16)
    return chr(code) if code < 0x110000 else None


@lru_cache(maxsize=4096)
def fold_character(char: str) -> bytes | None:
    """Return the ASCII byte that `char` reads as, b"" where it is invisible, None where it is neither."""
    if char.isascii():
        return b" " if char.isspace() else char.encode() if char.isprintable() else b""
    if char in "\u3002\uff61":
        return b"."
    if char in _FILLERS or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return b""
    kind = unicodedata.category(char)
    if kind in ("Cc", "Cf", "Mn", "Me"):
        return b""
    if kind == "Nd":
        return str(unicodedata.decimal(char)).encode()
    if kind in ("Zs", "Zl", "Zp") or char == "\u2800":
        return b" "
    if kind == "Pd" or char == "\u2212":
        return b"-"
    plain = unicodedata.normalize("NFKC", char)
    return plain.encode() if len(plain) == 1 and plain.isascii() else None
