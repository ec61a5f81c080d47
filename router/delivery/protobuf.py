"""The protobuf wire format, as far as OTLP needs it: varints and length-delimited fields, written and read."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_ONE_BYTE = tuple(bytes((n,)) for n in range(128))


def varint(number: int) -> bytes:
    """Return `number` (0 to 2**64-1) as a base-128 varint."""
    if number < 0x80:
        return _ONE_BYTE[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """Return a length-delimited field: text, bytes, or a nested message."""
    return b"".join((varint(number << 3 | BYTES), varint(len(payload)), payload))


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at offset `at`, and the offset behind it.

    Raises:
        ValueError: the data ends within it, or it is longer than 64 bits.
    """
    number = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >= 1 << 64:
                break
            return number, at
        shift += 7
    raise ValueError("malformed protobuf: bad varint")


def read_fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield (field number, wire type, value) of a message; fixed and varint values are ints, the rest bytes.

    Raises:
        ValueError: the data is not a protobuf message.
    """
    at, end = 0, len(data)
    while at < end:
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("malformed protobuf: field number 0")
        if wire == VARINT:
            value, at = read_varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, at = read_varint(data, at)
        elif wire in (FIXED64, FIXED32):
            size = 8 if wire == FIXED64 else 4
        else:
            raise ValueError(f"malformed protobuf: wire type {wire}")
        if at + size > end:
            raise ValueError("malformed protobuf: field longer than its message")
        chunk = data[at : at + size]
        at += size
        yield number, wire, chunk if wire == BYTES else int.from_bytes(chunk, "little")
