"""A span that no server takes for its size, made shorter: its longest texts are cut, everything else stays."""

from __future__ import annotations

from router.delivery.protobuf import BYTES, field, read_fields, varint

SMALLEST = 16_384
"""Bytes below which a span is not made shorter: what is refused then is not refused for its size."""
_ATTRIBUTE = 9
_KEEP = 256


def shorten_span(span: bytes, most: int) -> bytes | None:
    """Return the span with its longest text attributes cut until it has about `most` bytes.

    A cut text ends in `[cut: N bytes]`. Ids, times and names stay, so it is the same observation.

    Returns:
        None when cutting every text would not be enough.

    Raises:
        ValueError: the bytes are not a span.
    """
    parts = list(_fields(span))
    lengths = [len(text) for _, text in parts if text is not None]
    limit = _limit(lengths, most - (len(span) - sum(lengths)))
    if limit is None:
        return None
    return b"".join(raw if text is None or len(text) <= limit else _cut(raw, text, limit) for raw, text in parts)


def _limit(lengths: list[int], budget: int) -> int | None:
    """Return the length to which texts are cut so that all of them together fit into a budget."""
    shorter, left = sorted(lengths), len(lengths)
    for length in shorter:
        if length * left > budget:
            each = budget // left
            return each if each >= _KEEP else None
        budget -= length
        left -= 1
    return None


def _fields(span: bytes) -> list[tuple[bytes, bytes | None]]:
    """Return every field as it stands, with its text where it is a text attribute."""
    found: list[tuple[bytes, bytes | None]] = []
    for number, wire, value in read_fields(span):
        if wire == BYTES and isinstance(value, bytes):
            found.append((field(number, value), _text_of(value) if number == _ATTRIBUTE else None))
        elif isinstance(value, int):
            raw = varint(value) if wire == 0 else value.to_bytes(8 if wire == 1 else 4, "little")
            found.append((varint(number << 3 | wire) + raw, None))
    return found


def _text_of(attribute: bytes) -> bytes | None:
    """Return the text of a KeyValue message, None when its value is none."""
    for number, _, value in read_fields(attribute):
        if number == 2 and isinstance(value, bytes):
            for kind, _, text in read_fields(value):
                return text if kind == 1 and isinstance(text, bytes) else None
    return None


def _cut(raw: bytes, text: bytes, limit: int) -> bytes:
    mark = f"… [cut: {len(text)} bytes]".encode()
    kept = text[: max(0, limit - len(mark))].decode("utf-8", "ignore").encode()
    key = next(value for number, _, value in read_fields(_inside(raw)) if number == 1 and isinstance(value, bytes))
    return field(_ATTRIBUTE, field(1, key) + field(2, field(1, kept + mark)))


def _inside(raw: bytes) -> bytes:
    (_, _, value), *_ = read_fields(raw)
    assert isinstance(value, bytes)
    return value
