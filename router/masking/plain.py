"""Copies foreign values into bounded, plain JSON data, without ever running foreign code."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from types import MappingProxyType
from typing import Any

from router.masking.names import REMOVED, hides, is_container, is_telling
from router.masking.utf8 import encoded


def _spelled(*words: str) -> tuple[str, ...]:
    """Return words as programs spell them: `parameter_value`, `parameterValue`, `ParameterValue`, `PARAMETER_VALUE`."""
    spelled = []
    for word in words:
        joined = word.title().replace("_", "")
        spelled += [word, joined[0].lower() + joined[1:], joined, word.upper()]
    return tuple(dict.fromkeys(spelled))


MAX_DEPTH = 64
MAX_NODES = 200_000
_MAX_INT_BITS = 1024
_MAX_SECRETS = 1_000
_NAMES = _spelled(
    "name", "key", "header", "field", "label", "variable", "parameter", "parameter_name", "parameter_key", "id"
)
_VALUES = frozenset(_spelled("value", "values", "parameter_value"))
"""What lists of named values call the two: `{"name": "x-api-key", "value": …}`."""


class Copier:
    """Copies values until it has met `max_nodes` of them; one Copier per record.

    What JSON cannot hold becomes a marker such as `[MASKED:bytes]`; so does what is too deep, too much, or a cycle.
    Values whose key names a secret become `[REMOVED]`.

    Attributes:
        removed: how many values went because of their key's name.
        secrets: the texts and numbers among them, as texts; a bounded number.
        withheld: how many did because they were too deep, too many, or a cycle.
    """

    __slots__ = ("_nodes", "_open", "removed", "secrets", "withheld")

    def __init__(self, max_nodes: int = MAX_NODES) -> None:
        self._nodes = max_nodes
        self._open: set[int] = set()
        self.removed = 0
        self.secrets: set[str] = set()
        self.withheld = 0

    def copy(self, value: Any, *, in_metadata: bool = False, depth: int = 0) -> Any:
        """Return `value` as new dicts, lists, str, int, float, bool and None."""
        self._nodes -= 1
        if self._nodes < 0:
            return self._withhold("size")
        kind = type(value)
        if kind is str:
            return clean_text(value)
        if value is None or kind is bool:
            return value
        if kind is int or kind is float:
            return _number(value)
        return self._copy_other(value, kind, in_metadata, depth)

    def _copy_other(self, value: Any, kind: type, in_metadata: bool, depth: int) -> Any:
        if issubclass(kind, str):
            return clean_text(str.__str__(value))
        if issubclass(kind, int):
            return _number(int.__int__(value))
        if issubclass(kind, float):
            return _number(float.__float__(value))
        if not issubclass(kind, (dict, list, tuple, MappingProxyType)):
            return marker(_type_name(kind))
        if depth >= MAX_DEPTH:
            return self._withhold("depth")
        if id(value) in self._open:
            return self._withhold("cycle")
        self._open.add(id(value))
        try:
            if issubclass(kind, (list, tuple)):
                items = [*(list if issubclass(kind, list) else tuple).__iter__(value)]
                if items and all(map(_is_pair, items)):
                    return [self._copy_pair(item, in_metadata, depth + 1) for item in items]
                return [self.copy(item, in_metadata=in_metadata, depth=depth + 1) for item in items]
            # A plain dict of a proxy's items: a subclass may have its own items().
            source = value if issubclass(kind, dict) else dict(value)
            return self._copy_mapping(source, in_metadata, depth)
        finally:
            self._open.discard(id(value))

    def _copy_pair(self, pair: Any, in_metadata: bool, depth: int) -> list[Any]:
        """Return a pair of a list of pairs, such as headers are, without the value where the name is a secret's."""
        name, value = pair
        both = [self.copy(item, in_metadata=in_metadata, depth=depth + 1) for item in (name, value)]
        if is_telling(both[0]) and hides(both[0], both[1], {}):
            both[1] = self._remove(both[1])
        return both

    def _remove(self, plain: Any) -> str:
        self.removed += 1
        self.secrets.update(islice(leaves(plain), _MAX_SECRETS - len(self.secrets)))
        return REMOVED

    def _withhold(self, reason: str) -> str:
        self.withheld += 1
        return marker(reason)

    def _copy_mapping(self, value: dict[Any, Any], in_metadata: bool, depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        numbers: dict[str, int] = {}
        for key, item in dict.items(value):
            name = key if type(key) is str and key.isascii() else _key(key)
            if name in copied:
                name = free_name(name, copied, numbers)
            called = member_name(name, value)
            if not is_telling(called):
                copied[name] = self.copy(item, in_metadata=in_metadata, depth=depth + 1)
                continue
            if is_container(called, in_metadata=in_metadata) and item:
                copied[name] = REMOVED
                self.removed += 1
                continue
            plain = self.copy(item, in_metadata=in_metadata, depth=depth + 1)
            if hides(called, plain, value):
                plain = self._remove(plain)
            copied[name] = plain
        return copied


def marker(reason: str) -> str:
    """Return the text that stands for a value that cannot leave, such as `[MASKED:bytes]`."""
    return f"[MASKED:{reason}]"


def leaves(plain: Any) -> Iterator[str]:
    """Yield the texts and numbers in a plain value, as texts."""
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, (int, float)) and not isinstance(plain, bool):
        yield str(plain)
    elif isinstance(plain, (dict, list)):
        for item in plain.values() if isinstance(plain, dict) else plain:
            yield from leaves(item)


def member_name(key: str, siblings: dict[Any, Any]) -> str:
    """Return what a member of an object is called: `ssn` for the `value` of `{"name": "ssn", "value": …}`.

    Of several names the first counts, unless another one says more.
    """
    if key not in _VALUES:
        return key
    told = [called for name in _NAMES if type(called := siblings.get(name)) is str]
    return next(filter(is_telling, told), told[0]) if told else key


def clean_text(text: str) -> str:
    """Return `text` with every lone surrogate replaced, so that it can always be encoded as UTF-8."""
    if text.isascii():
        return text
    try:
        encoded(text)
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def free_name(name: str, taken: dict[str, Any], numbers: dict[str, int]) -> str:
    """Return `name` with a suffix such as `~2` that is not taken; `numbers` remembers where to go on for each name."""
    number = numbers.get(name, 2)
    while f"{name}~{number}" in taken:
        number += 1
    numbers[name] = number + 1
    return f"{name}~{number}"


def _is_pair(item: Any) -> bool:
    return type(item) in (list, tuple) and len(item) == 2 and type(item[0]) is str


def _number(value: int | float) -> int | float | str:
    if type(value) is int:
        return value if value.bit_length() <= _MAX_INT_BITS else marker("int")
    return value if math.isfinite(value) else str(float(value))


def _key(key: Any) -> str:
    kind = type(key)
    if kind is str:
        return clean_text(key)
    if key is None:
        return "null"
    if kind is bool:
        return "true" if key else "false"
    if kind is int or kind is float:
        return str(_number(key))
    if issubclass(kind, str):
        return clean_text(str.__str__(key))
    return marker(_type_name(kind))


def _type_name(kind: type) -> str:
    name = type.__getattribute__(kind, "__name__")
    return name if isinstance(name, str) and name.isascii() and name.isidentifier() and len(name) <= 40 else "object"
