"""How values, counts and columns are worded for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from router.config.frames import clean

_BARE = re.compile(r"[\w./@+-](?:[\w ./@+:-]*[\w./@+-])?")
_OTHER_TYPES = frozenset({"null", "true", "false"})
LIMIT = 400
"""Characters of one value that are shown."""


def flow(value: Any) -> str:
    """Return a JSON-able value as YAML in one line: `{team: growth}`, `[secrets, pii]`."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return json.dumps(value, default=str)


def shown(value: Any) -> str:
    """Return a value in one line, safe for a terminal and cut where it is long."""
    text = clean(flow(value))
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}… ({len(text)} characters)"


def quoted(value: Any) -> str:
    """Return content in one line: a text always in quotes, anything else as JSON."""
    text = clean(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}… ({len(text)} characters)"


def count(number: int, noun: str) -> str:
    """Return `1 rule`, `2 rules`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counts(numbers: Mapping[str, int]) -> str:
    """Return hits by detector, `credit_card 1 · email 2`; `nothing` where there are none."""
    return " · ".join(f"{clean(name)} {number}" for name, number in sorted(numbers.items())) or "nothing"


def size(number: int) -> str:
    """Return bytes as `812 B`, `3 kB`, `1.2 MB`."""
    if number < 1_000:
        return f"{number} B"
    if number < 1_000_000:
        return f"{number / 1_000:.0f} kB"
    return f"{number / 1_000_000:.1f} MB"


def age(seconds: float) -> str:
    """Return a time as `12 s`, `3 min`, `5 h`, `2 d`; a clock that was put back makes none negative."""
    for least, length, unit in ((172_800, 86_400, "d"), (7_200, 3_600, "h"), (120, 60, "min")):
        if seconds >= least:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def width_of(texts: Sequence[str], most: int = 40) -> int:
    """Return the width of a column that holds these texts; longer ones than `most` stick out."""
    return max((len(text) for text in texts if len(text) <= most), default=0)


def _text(text: str) -> str:
    if _BARE.fullmatch(text) and text not in _OTHER_TYPES and not _is_number(text) and ": " not in text:
        return text
    return json.dumps(text, ensure_ascii=False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
