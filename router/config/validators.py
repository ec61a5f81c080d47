"""Checksums by name: `luhn`, `iban`, and every number that python-stdnum knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import stdnum

Validator = Callable[[str], bool]
"""Tells whether a text, spelled as people spell it, is right. It may raise."""
_PREFIX = "stdnum:"
_SEPARATORS = str.maketrans("", "", " .-")


class UnknownValidator(ValueError):
    """There is no checksum of this name; the text says why."""


def find_validator(name: str) -> Validator:
    """Return the checksum called `luhn`, `iban` or `stdnum:<module>`.

    Only modules that python-stdnum itself lists are imported. Raises UnknownValidator.
    """
    module = {"luhn": "luhn", "iban": "iban"}.get(name, name.removeprefix(_PREFIX) if _PREFIX in name else "")
    if module not in _modules():
        raise UnknownValidator(f"unknown checksum `{name}`")
    is_valid = getattr(import_module(f"stdnum.{module}"), "is_valid", None)
    if is_valid is None:
        raise UnknownValidator(f"`{name}` checks no number")
    if module == "luhn":
        return lambda text: bool(is_valid(text.translate(_SEPARATORS)))
    return lambda text: bool(is_valid(text))


def validator_names() -> tuple[str, ...]:
    """Return every name for suggestions."""
    return ("luhn", "iban", *(f"{_PREFIX}{name}" for name in sorted(_modules())))


@cache
def _modules() -> frozenset[str]:
    return frozenset(_inside(stdnum.__path__, ""))


def _inside(folders: Sequence[str], prefix: str) -> Iterator[str]:
    for part in iter_modules(folders):
        if part.ispkg:
            yield from _inside([f"{folder}/{part.name}" for folder in folders], f"{prefix}{part.name}.")
        else:
            yield f"{prefix}{part.name}"
