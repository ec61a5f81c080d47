r"""A folded shadow of a text: what a reader would see, with a way back to the original offsets.

Detectors look for ASCII. Full-width or Arabic digits, zero-width characters between digits, `%40`, `&#64;` and JSON's
`\u0040` say the same to a reader or to the next program, so every text is looked at folded as well.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import Any

from router.masking.patterns import compile_custom
from router.masking.utf8 import with_blanks

# What always hides a character: other digits and letters that read as ASCII, and what is invisible.
_DISGUISED = (
    r"[^\P{Nd}0-9]|\p{Cf}|[\x{B2}\x{B3}\x{B9}\x{34F}\x{2024}\x{2070}-\x{209C}\x{2460}-\x{24FF}\x{3002}"
    r"\x{FE00}-\x{FE0F}\x{FE50}-\x{FE6F}\x{FF01}-\x{FF61}\x{1D400}-\x{1D7FF}\x{1F100}-\x{1F1FF}\x{E0000}-\x{E01EF}]"
)
# What prose is full of, and what matters only after a digit or, as in an account number, a capital.
_SEPARATORS = r"[^\P{Pd}\-]|[^\P{Zs} ]|\x{2212}"
_ESCAPED = (
    r"\\+u[0-9A-Fa-f]{4}|\\+x[0-9A-Fa-f]{2}|\\+/|%(?:25)*[0-9A-Fa-f]{2}"
    r"|&#[0-9]{1,7};?|&#[xX][0-9A-Fa-f]{1,6};|&(?:amp|quot|apos|nbsp|commat|period|num);"
)
_ASCII_SITES = compile_custom(_ESCAPED)
# Accents on digits, and the boxes of emoji.
_MARKS = r"\p{Mn}|\x{20E3}"
_SITES = compile_custom(
    f"(?:{_DISGUISED})(?:{_DISGUISED}|{_SEPARATORS}|{_MARKS})*|[0-9](?:{_SEPARATORS}|{_MARKS})+|[A-Z](?:{_SEPARATORS})+|{_ESCAPED}"
)
AROUND = 256
"""Bytes around a folded character within which a value of ordinary length lies."""
_BLANKS = (b" ", b"\n")
_ENTITIES = {b"amp": "&", b"quot": '"', b"apos": "'", b"nbsp": " ", b"commat": "@", b"period": ".", b"num": "#"}


class Shadow:
    """Folded text and, for its spans, the way back.

    Attributes:
        text: the folded text.
        spaced: the original one with blanks for escaped line breaks, of the same length.
    """

    __slots__ = ("_folded", "_original", "_replaced", "spaced", "text")

    def __init__(self, text: bytes) -> None:
        self.text = self.spaced = text
        # Segment i begins at _folded[i] in the shadow and at _original[i] in the text; _replaced[i] is how many bytes
        # of the text its single byte stands for, or 0 where both are the same.
        self._folded: list[int] = []
        self._original: list[int] = []
        self._replaced: list[int] = []

    def begin(self, folded: int, original: int, replaced: int) -> None:
        """Add a segment; segments come in order."""
        self._folded.append(folded)
        self._original.append(original)
        self._replaced.append(replaced)

    def changed(self) -> list[tuple[int, bytes]]:
        """Return the parts of the folded text that read otherwise than the original does, with where each begins.

        A part reaches so far around what was folded that a value, and the words that give one away, are whole in it;
        it begins and ends at blanks. Where that is most of the text, it is all of it.
        """
        parts: list[list[int]] = []
        for offset, original, replaced in zip(self._folded, self._original, self._replaced, strict=True):
            if offset == original and not replaced:
                continue  # what stands before all that was folded
            reached = parts[-1][1] if parts else 0
            if parts and offset + AROUND <= reached:
                continue
            start = self._blank_before(reached, offset - AROUND)
            end = self._blank_after(offset + AROUND)
            if parts and start <= reached:
                parts[-1][1] = end
            else:
                parts.append([start, end])
        if sum(end - start for start, end in parts) * 2 > len(self.text):
            return [(0, self.text)]
        return [(start, self.text[start:end]) for start, end in parts]

    def _blank_before(self, lowest: int, offset: int) -> int:
        if offset <= lowest:
            return lowest
        return max(lowest, *(self.text.rfind(blank, lowest, offset) for blank in _BLANKS))

    def _blank_after(self, offset: int) -> int:
        found = [at for blank in _BLANKS if (at := self.text.find(blank, offset)) >= 0]
        return min(found, default=len(self.text))

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text for which a non-empty span of the shadow stands."""
        if not self._folded:
            return start, end
        return self._stands_for(start)[0], self._stands_for(end - 1)[1]

    def _stands_for(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._folded, offset) - 1
        original = self._original[index]
        if self._replaced[index]:
            return original, original + self._replaced[index]
        begin = original + offset - self._folded[index]
        return begin, begin + 1


def fold(text: bytes) -> Shadow | None:
    """Return the shadow of `text` (UTF-8), or None where there is nothing to fold."""
    spaced, escaped = text, b"\\" in text
    if escaped:
        # Of the same length, so that offsets stay: what follows an escaped line break begins a word.
        spaced = with_blanks(text)
    if not spaced.isascii():
        sites = _SITES
    elif escaped or b"%" in spaced or b"&" in spaced:
        sites = _ASCII_SITES
    else:
        return None
    shadow = Shadow(spaced)
    _replace_sites(shadow, spaced, sites)
    return shadow if shadow.text != text else None


def _replace_sites(shadow: Shadow, text: bytes, sites: Any) -> None:
    pieces: list[bytes] = []
    position = length = 0
    for match in sites.finditer(text):
        start, end = match.span()
        for begin, size, char in _folded_characters(text, start, end):
            if begin > position:
                shadow.begin(length, position, 0)
                pieces.append(text[position:begin])
                length += begin - position
            if char:
                shadow.begin(length, begin, size)
                pieces.append(char)
                length += 1
            position = begin + size
    if position:
        shadow.begin(length, position, 0)
        pieces.append(text[position:])
        shadow.text = b"".join(pieces)


def _folded_characters(text: bytes, start: int, end: int) -> list[tuple[int, int, bytes]]:
    """Return (offset, bytes, ASCII) of what folds within a match; empty ASCII for what vanishes."""
    found = text[start:end]
    if found[0] in b"\\%&":
        char = _unescape(found)
        folded = fold_character(char) if char else None
        return [] if folded is None else [(start, end - start, folded)]
    characters, offset = [], start
    for char in found.decode():
        size = len(char.encode())
        folded = fold_character(char) if size > 1 else None
        if folded is not None:
            characters.append((offset, size, folded))
        offset += size
    return characters


def _unescape(found: bytes) -> str | None:
    if found.startswith(b"%"):
        code = int(found[-2:], 16)
    elif found.startswith(b"&#"):
        code = int(found[3:-1], 16) if found[2] in b"xX" else int(found[2:].rstrip(b";"))
    elif found.startswith(b"&"):
        return _ENTITIES[found[1:-1]]
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
        return b" " if char.isspace() else char.encode()
    if char in "\u3002\uff61":
        return b"."
    if char == "\u034f" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return b""
    kind = unicodedata.category(char)
    if kind in ("Cf", "Mn", "Me"):
        return b""
    if kind == "Nd":
        return str(unicodedata.decimal(char)).encode()
    if kind == "Zs":
        return b" "
    if kind == "Pd" or char == "\u2212":
        return b"-"
    plain = unicodedata.normalize("NFKC", char)
    return plain.encode() if len(plain) == 1 and plain.isascii() else None
