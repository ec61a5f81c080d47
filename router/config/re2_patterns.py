"""RE2 patterns as operators write them: whether they compile, and whether one that hides would hide everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
PROSE = (
    "Please summarise the meeting notes of 2026-03-14 for the customer in Berlin, order 48213, "
    'and answer with {"title": "Notes", "items": [1, 2, 3]} only. Vielen Dank! 你好'
)
"""A text without anything to hide: a pattern that eats most of it means everything."""


class PatternError(ValueError):
    """Not an RE2 pattern; the text says why."""


def compile_pattern(pattern: str) -> Any:
    """Compile a pattern for texts. Raises PatternError; never writes to stderr."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0] if error.args else "it does not compile"
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(words) from None


def matches_empty(compiled: Any) -> bool:
    """Return whether a pattern hits where nothing stands."""
    return compiled.search("") is not None or any(hit.end() == hit.start() for hit in compiled.finditer(PROSE))


def matches_prose(compiled: Any) -> bool:
    """Return whether a pattern hits more than half of an ordinary text."""
    eaten: int = sum(hit.end() - hit.start() for hit in compiled.finditer(PROSE))
    return eaten * 2 > len(PROSE)


def fully_matches(pattern: str, values: Sequence[str]) -> bool:
    """Tell whether a pattern matches each of some texts from end to end; one that does not compile matches none."""
    try:
        compiled = compile_pattern(f"(?s:{pattern})")
    except PatternError:
        return False
    return all(compiled.fullmatch(value) is not None for value in values)
