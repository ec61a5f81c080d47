"""Attributes of a span as bytes; what each line guards against stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from router.delivery import attributes as names
from router.delivery.jsontext import json_bytes, text_of, utf8
from router.delivery.protobuf import field, varint

TRUE = b"\x12\x02\x10\x01"
"""The value of a boolean attribute that is true."""

# Most attributes are short: what stands before their name and before their value is made once.
_SHORT = 126
_SHORT_HEADS = tuple(b"\x4a" + varint(size + 4) for size in range(2 * _SHORT))
_SHORT_VALUE_HEADS = tuple(b"\x12" + varint(size + 2) + b"\x0a" + varint(size) for size in range(_SHORT))


def metadata_of(given: Any) -> dict[str, Any]:
    """Return metadata by text keys."""
    if not isinstance(given, Mapping):
        given = {} if given is None else {"value": given}
    return {_metadata_key(key if isinstance(key, str) else text_of(key)): value for key, value in given.items()}


@lru_cache(maxsize=2048)
def _metadata_key(name: str) -> str:
    return utf8(name).decode() or "_"


def append_metadata(out: list[bytes], prefix: str, metadata: Mapping[str, Any]) -> None:
    """Append one attribute for each key, below `prefix`."""
    for key, value in metadata.items():
        append_text(out, f"{prefix}.{key}", value)


def append_tags(out: list[bytes], tags: Any) -> None:
    """Append the tags of a trace, a list of texts; nothing when there are none."""
    texts = [utf8(text) for tag in _listed(tags) if (text := text_of(tag))]
    if texts:  # an empty list would be stored as one junk tag
        items = [field(1, field(1, text)) for text in texts]
        array = field(2, field(5, b"".join(items)))
        key, head = _key(names.TRACE_TAGS), array[: len(array) - sum(map(len, items))]
        out += (b"\x4a", varint(len(key) + len(array)), key, head)
        for item, raw in zip(items, texts, strict=True):
            out += (item[: len(item) - len(raw)], raw)


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)):
        return value
    return () if value is None else (value,)


@lru_cache(maxsize=2048)
def _key(name: str) -> bytes:
    return field(1, utf8(name))


def append_text(out: list[bytes], name: str, value: Any) -> None:
    """Append a text attribute, JSON for what is not text; nothing at all for None and ""."""
    if value is None or (isinstance(value, str) and not value):
        return  # an attribute without a value makes the server lose the whole request
    raw = utf8(value) if isinstance(value, str) else json_bytes(value)
    key = _key(name)
    if len(raw) < _SHORT and len(key) < _SHORT:
        out += (_SHORT_HEADS[len(key) + len(raw)], key, _SHORT_VALUE_HEADS[len(raw)], raw)
        return
    size = varint(len(raw))
    inner = 1 + len(size) + len(raw)
    value_size = varint(inner)
    total = varint(len(key) + 1 + len(value_size) + inner)
    out += (b"\x4a", total, key, b"\x12", value_size, b"\x0a", size, raw)


def integer(number: int) -> bytes:
    """Return the value of an integer attribute, 0 or more."""
    value = b"\x18" + varint(number)
    return b"\x12" + varint(len(value)) + value


def append_value(out: list[bytes], name: str, value: bytes) -> None:
    """Append an attribute whose value is encoded already."""
    key = _key(name)
    out += (b"\x4a", varint(len(key) + len(value)), key, value)
