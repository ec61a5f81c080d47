"""Plain YAML scalars by the core schema of YAML 1.2: `no`, `on`, `12:30:45` and dates are text."""

from __future__ import annotations

import math
import re
from functools import lru_cache

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_START = frozenset("0123456789+-.")
_LARGEST = 2**63 - 1


class UnusableNumber(ValueError):
    """The text is a number of YAML, but one that JSON and protobuf cannot carry."""


@lru_cache(maxsize=4096)
def plain_scalar(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar.

    Raises:
        UnusableNumber: the number is infinite, not a number, or needs more than 64 bits.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INT.fullmatch(text):
        return _bounded(text, 10)
    if _OCTAL.fullmatch(text):
        return _bounded(text[2:], 8)
    if _HEX.fullmatch(text):
        return _bounded(text[2:], 16)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
        raise UnusableNumber(text)
    if _NOT_FINITE.fullmatch(text):
        raise UnusableNumber(text)
    return text


def spelled(value: str | float | bool) -> str:
    """Return the text that a scalar is compared as: `true`, `7`, `0.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _bounded(digits: str, base: int) -> int:
    """Convert digits; a long run of them is refused before Python spends time on it."""
    if len(digits.lstrip("+-0")) > 64:
        raise UnusableNumber
    number = int(digits[:1].strip("0123456789") + (digits.lstrip("+-0") or "0"), base)
    if abs(number) > _LARGEST:
        raise UnusableNumber
    return number
