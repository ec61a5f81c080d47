"""Long plain data in parts: JSON that is written, and trees that are let go. In one go either holds the GIL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from router.masking.blocks import BLOCK

_FEW: Final = 64
"""Items that are written in one go."""
_SHORT: Final = 1024
"""Characters of a text that is written together with others."""
_CONTAINERS: Final = (dict, list)


def json_parts(value: Any, encoder: json.JSONEncoder) -> Iterator[str]:
    """Yield what together is `encoder.encode(value)` for plain data."""
    kind = type(value)
    if kind is str and len(value) > BLOCK:
        yield '"'
        yield from (encoder.encode(value[start : start + BLOCK])[1:-1] for start in range(0, len(value), BLOCK))
        yield '"'
    elif kind not in _CONTAINERS or (len(value) <= _FEW and _are_small(value if kind is list else value.values())):
        yield encoder.encode(value)
    elif kind is dict:
        mark = "{"
        for key, item in value.items():
            yield f"{mark}{encoder.encode(key)}{encoder.key_separator}"
            yield from json_parts(item, encoder)
            mark = encoder.item_separator
        yield "}"
    else:
        mark = "["
        for start in range(0, len(value), _FEW):
            items = value[start : start + _FEW]
            parts = (
                ((encoder.encode(items)[1:-1],),)
                if _are_small(items)
                else (json_parts(item, encoder) for item in items)
            )
            for part in parts:
                yield mark
                yield from part
                mark = encoder.item_separator
        yield "]"


def _are_small(items: Iterable[Any]) -> bool:
    return not any(type(item) in _CONTAINERS or (type(item) is str and len(item) > _SHORT) for item in items)


def let_go(value: Any) -> None:
    """Empty plain data that nobody else holds, container by container."""
    rest = [value]
    while rest:
        container = rest.pop()
        kind = type(container)
        if kind in _CONTAINERS:
            rest += (item for item in (container if kind is list else container.values()) if type(item) in _CONTAINERS)
            while container:
                if kind is list:
                    del container[-_FEW:]
                else:
                    container.popitem()
