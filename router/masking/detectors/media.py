"""Images, sound and files that stand in a text as base64: no detector can look into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.masking.blocks import BLOCK
from router.masking.detectors.detector import NO_NUMBER, Span
from router.masking.patterns import compile_bytes, first_span, spans

SHORTEST_RUN: Final = 256
"""Characters of bare base64 that are taken for data; a shorter run may be a key or a name."""
_SIGNS = "[A-Za-z0-9+/_-]"
_BREAK = r"(?:\r?\n|(?:\\r)?\\n)"
_LINE = f"{_SIGNS}{{64,128}}"
_LAST_LINE = rf"(?:{_BREAK}{_SIGNS}+(?:=+|\r?(?m:$)))?"
"""What ends with its line: of words the first would seem to go on."""
_URI = compile_bytes(
    r"(?i:data:(?:[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80})?(?:;[a-z0-9._=-]{1,80}){0,4};base64,)"
    rf"{_BREAK}?(?:{_LINE}(?:{_BREAK}{_LINE})+{_LAST_LINE}|{_SIGNS}+)=*"
)
_RUN = compile_bytes(rf"(?:{_LINE}(?:{_BREAK}{_LINE}){{3,}}{_LAST_LINE}|{_SIGNS}{{{SHORTEST_RUN},}})=*")
_URI_MARK = compile_bytes(";[bB][aA][sS][eE]64,")
_EVERY: Final = 4
_IN_RUN: Final = bytes((chr(byte).isalnum() and byte < 0x80) or byte in b"+/_-\\\r\n" for byte in range(256))
_ENOUGH: Final = b"\1" * (SHORTEST_RUN // _EVERY - 1)
_MIXED = tuple(compile_bytes(kind) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
_KINDS = {
    b"iVBORw0KGgo": "image/png",
    b"/9j/": "image/jpeg",
    b"R0lGOD": "image/gif",
    b"JVBERi0": "application/pdf",
    b"SUQz": "audio/mpeg",
    b"T2dnUw": "audio/ogg",
}
"""How the base64 of a kind of data begins."""
_NAMED = frozenset(
    """
    application/json application/pdf application/zip audio/aac audio/flac audio/mp3 audio/mp4 audio/mpeg audio/ogg
    audio/pcm audio/wav audio/webm audio/x-wav image/avif image/bmp image/gif image/heic image/jpeg image/jpg image/png
    image/svg+xml image/tiff image/webp text/csv text/html text/markdown text/plain video/mp4 video/mpeg video/quicktime
    video/webm
    """.split()
)
"""Kinds that are written out; a caller can write anything there."""


class Media:
    """Data URIs in base64, and bare base64 of at least 256 characters; either also in lines of 64 to 128."""

    name = "media"
    shortest = 15
    shortest_number = NO_NUMBER
    reaches_far = False

    def may_find(self, text: bytes) -> bool:
        return (b";" in text and first_span(_URI_MARK, text) is not None) or (
            len(text) >= SHORTEST_RUN and _may_hold_run(text)
        )

    def find(self, text: bytes) -> Iterator[Span | None]:
        yield from spans(_URI, text)
        for start, end in spans(_RUN, text):
            yield (start, end) if _is_mixed(text[start:end]) else None


def _may_hold_run(text: bytes) -> bool:
    """Return whether a run may be in `text`: most have none, and every fourth byte tells."""
    for start in range(0, len(text), BLOCK):
        if _ENOUGH in text[start : start + BLOCK + SHORTEST_RUN : _EVERY].translate(_IN_RUN):
            return True
    return False


def described(value: str) -> str:
    """Return the text that stands for data: its kind and about its size, `[DATA image/png 3 kB]`.

    Nothing that depends on the content: a hash of it would tell whoever has a copy that this is the one.
    """
    head, comma, body = value.partition(",")
    body = body if comma else head
    kind = head[5:].partition(";")[0].lower() if comma else _kind_of(body.encode())
    size = len("".join(body.split()).rstrip("=")) * 3 // 4
    words = ["DATA", *([kind] if kind in _NAMED else []), _rounded(size)]
    return f"[{' '.join(words)}]"


OWN = compile_bytes(
    rf"\[DATA (?:(?:{'|'.join(sorted(name.replace('+', '[+]') for name in _NAMED))}) )?[0-9]{{1,3}} (?:B|kB|MB|GB)\]"
)
"""What `described` writes."""


def _is_mixed(run: bytes) -> bool:
    """Return whether a run has letters of both cases and digits, as data has: a line of dashes is none."""
    return all(kind.search(run) is not None for kind in _MIXED)


def _kind_of(body: bytes) -> str:
    return next((kind for start, kind in _KINDS.items() if body.startswith(start)), "")


def _rounded(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size} {unit}"
        size //= 1000
    return f"{min(size, 999)} GB"
