"""Copying what a hook is given into plain data of our own: bounded in depth and number, running no foreign code."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import itertools
import math
import numbers
import uuid
from collections.abc import Mapping
from typing import Any

MAX_NODES = 50_000
"""Values one call may hold; what comes after is left out, visibly. A long conversation has a few thousand."""
MAX_DEPTH = 64

_INT_END = 2**63
_CUT = "[cut: too many values]"
_DEEP = "[cut: nested too deeply]"


class Snapshot:
    """Makes the copies of one call and adds up what they hold.

    A copy consists of fresh dicts and lists, and of texts, numbers, booleans and None; texts are shared with
    the original, everything that could change is not. Values without a plain form become a text that names
    their type, never their content: `str()` of a foreign object may show secrets, take long, or raise.

    Attributes:
        size: estimate of the memory that all copies so far hold, in bytes.
    """

    __slots__ = ("_left", "size")

    def __init__(self, max_nodes: int = MAX_NODES) -> None:
        self._left = max_nodes
        self.size = 0

    def copy(self, value: Any, depth: int = MAX_DEPTH) -> Any:
        """Return a plain copy of `value`; circular, endless and foreign values are cut. Never raises."""
        kind = type(value)
        if kind is str:
            self.size += len(value) + 50
            return value
        if value is None or kind is bool:
            return value
        if kind is dict:
            try:
                return self._dict(value, depth)
            except RuntimeError:  # another thread changed it meanwhile; a whole copy of one level is atomic
                return self._dict(value.copy(), depth)
        if kind is list or kind is tuple:
            return self._list(value, depth)
        self.size += 32
        if kind is int:
            return value if -_INT_END <= value < _INT_END else _big(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        try:
            return self._other(value, depth)
        except Exception:  # noqa: BLE001 foreign code may raise anything, and its text may show content
            return _marker(value)

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        if depth <= 0:
            return _DEEP
        self._left -= len(value)
        if self._left < 0:
            return self._cut_dict(value, depth)
        copied: dict[str, Any] = {}
        size = 64
        for given, item in value.items():
            key = given if type(given) is str else _key(given)
            kind = type(item)
            if kind is str:
                size += len(key) + len(item) + 110
                copied[key] = item
            elif item is None or kind is bool:
                size += len(key) + 60
                copied[key] = item
            else:
                size += len(key) + 60
                copied[key] = self.copy(item, depth - 1)
        self.size += size
        return copied

    def _cut_dict(self, value: dict[Any, Any], depth: int) -> Any:
        """Copy as much of a dict as may still be held."""
        room = max(self._left + len(value), 0)
        self._left = room
        return {**self._dict(dict(itertools.islice(value.items(), room)), depth), "…": _CUT}

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> Any:
        if depth <= 0:
            return _DEEP
        cut = len(value) > self._left
        if cut:
            value = value[: max(self._left, 0)]
        self._left -= len(value)
        deeper = depth - 1
        copied = [self.copy(item, deeper) for item in value]
        if cut:
            copied.append(_CUT)
        self.size += 56 + 8 * len(copied)
        return copied

    def _other(self, value: Any, depth: int) -> Any:
        """Copy what has none of the plain types itself; may raise where foreign code runs."""
        if isinstance(value, str):
            return self.copy(str.__str__(value), depth)
        if isinstance(value, enum.Enum):
            return self.copy(value.value, depth - 1) if depth > 0 else _DEEP
        if isinstance(value, int):
            return self.copy(int.__int__(value), depth)
        if isinstance(value, float):
            return self.copy(float.__float__(value), depth)
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (uuid.UUID, decimal.Decimal)):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return f"[{len(value)} bytes]"
        if isinstance(value, dict):
            return self._dict(dict(dict.items(value)), depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._list(tuple(value), depth)
        fields = fields_of(value)
        if fields is not None:
            return self._dict(fields, depth)
        if isinstance(value, Mapping):
            return self._dict(dict(value), depth)
        if isinstance(value, numbers.Integral):
            return self.copy(int(value), depth)
        if isinstance(value, numbers.Real):
            return self.copy(float(value), depth)
        return _marker(value)


def fields_of(value: Any) -> dict[Any, Any] | None:
    """Return the fields of a pydantic model or a dataclass without running its code; None for anything else.

    Fields that their class keeps out of its output (pydantic `exclude=True`, dataclass `repr=False`) stay out.
    """
    kind = type(value)
    model_fields = getattr(kind, "__pydantic_fields__", None) or getattr(kind, "model_fields", None)
    if isinstance(model_fields, dict):
        hidden = {name for name, field in model_fields.items() if getattr(field, "exclude", None)}
        extra = getattr(value, "__pydantic_extra__", None)
        found = {**vars(value), **(extra if isinstance(extra, dict) else {})}
        return {name: item for name, item in found.items() if name not in hidden} if hidden else found
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind) if field.repr]
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    return None


def _key(key: Any) -> str:
    """Return a key of a mapping as JSON would spell it."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or key is True or key is False:
        return {None: "null", True: "true", False: "false"}[key]
    if type(key) is int:
        return _big(key)
    if type(key) is float:
        return repr(key)
    return _marker(key)


def _big(value: int) -> str:
    return str(value) if value.bit_length() <= 4096 else f"[int of {value.bit_length()} bits]"


def _marker(value: Any) -> str:
    return f"[not plain data: {type(value).__name__}]"
