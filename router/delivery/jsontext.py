"""JSON text of any value: what orjson refuses is repaired instead of raised."""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import isfinite
from typing import Any

import orjson

from router.masking.utf8 import encoded

MAX_DEPTH = 100
_SAFE_INTEGER = 2**53 - 1
# Larger integers lose digits in every JavaScript reader, so they leave the fast path and become text.
_OPTIONS = orjson.OPT_STRICT_INTEGER | orjson.OPT_PASSTHROUGH_DATACLASS


def json_bytes(value: Any) -> bytes:
    """Return `value` as compact JSON in UTF-8; never raises.

    NaN and infinities become null, integers beyond 2**53 text, keys text, lone surrogates U+FFFD, nesting
    beyond `MAX_DEPTH` a marker. An object that JSON does not know becomes the name of its type, never its repr.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(_repaired(value, 0), option=_OPTIONS)


def utf8(text: str) -> bytes:
    """Return `text` in UTF-8; surrogate pairs are joined, lone surrogates become U+FFFD."""
    try:
        return encoded(text)
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def text_of(value: Any) -> str:
    """Return `value` as text: text as it is, anything else as JSON; "" for None."""
    if isinstance(value, str):
        return str(value)
    return "" if value is None else json_bytes(value).decode()


def _repaired(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return utf8(value).decode()
    if isinstance(value, int):
        return int(value) if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else _digits(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    if depth >= MAX_DEPTH:
        return "<nested too deeply>"
    if isinstance(value, Mapping):
        return {_key(key): _repaired(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return [_repaired(item, depth + 1) for item in value]
    try:
        return orjson.loads(orjson.dumps(value, option=_OPTIONS))
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def _key(key: Any) -> str:
    if isinstance(key, str):
        return utf8(key).decode()
    repaired = _repaired(key, 0)
    return repaired if isinstance(repaired, str) else orjson.dumps(repaired).decode()


def _digits(number: int) -> str:
    try:
        return str(int(number))
    except ValueError:  # CPython refuses to print more than 4300 digits
        return hex(number)
