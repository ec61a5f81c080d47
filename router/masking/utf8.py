"""UTF-8 of long texts, step by step: one step over megabytes would hold the GIL for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator

from router.masking.blocks import BLOCK


def encoded(text: str) -> bytes:
    """Return `text.encode()`. Raises UnicodeEncodeError for a lone surrogate."""
    if len(text) <= BLOCK:
        return text.encode()
    return b"".join([text[start : start + BLOCK].encode() for start in range(0, len(text), BLOCK)])


def decoded(data: bytes) -> str:
    """Return `data.decode("utf-8", "replace")`."""
    if len(data) <= BLOCK:
        return data.decode("utf-8", "replace")
    text = ""
    for start, end in _steps(data):
        # CPython makes room behind a text that grows, mostly without moving it; to join all copies all in one go.
        text += data[start:end].decode("utf-8", "replace")
    return text


def with_blanks(data: bytes) -> bytes:
    r"""Return `data` with blanks for escaped line breaks and tabs, of the same length: `a\nb` as `a  b`."""
    steps = _steps(data) if len(data) > BLOCK else [(0, len(data))]
    return b"".join(
        [data[start:end].replace(b"\\n", b"  ").replace(b"\\t", b"  ").replace(b"\\r", b"  ") for start, end in steps]
    )


def _steps(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield spans that cut neither a character nor an escaped line break in two."""
    start = 0
    while start < len(data):
        end = min(start + BLOCK, len(data))
        if data[end - 1 : end] == b"\\" and data[end : end + 1] in (b"n", b"t", b"r"):
            end += 1
        while end < len(data) and data[end] & 0xC0 == 0x80 and end - start < BLOCK + 4:
            end += 1
        yield start, end
        start = end
