"""Checks of numbers in `match:`: what `gt`, `gte`, `lt`, `lte` can test, and what a number can be equal to."""

from __future__ import annotations

from typing import Any

from router.config.attributes import MEASURED_ATTRIBUTES
from router.config.bounds import ORDERING, bounds_of
from router.config.findings import Findings
from router.config.model import MatchOperators
from router.config.nodes import Path
from router.config.scalars import spelled

_MEASURED_FINELY = frozenset({"cost", "latency"})
_ORDERED = "numbers: " + ", ".join(sorted(MEASURED_ATTRIBUTES)) + ", metadata.<key>, and what is declared as one"
_KINDS = {"bool": "true or false", "list": "a list"}


def check_bounds(findings: Findings, path: Path, name: str, matcher: MatchOperators, effect: str) -> None:
    """Check the operators of a matcher that compare numbers."""
    kind = findings.draft.vocabulary.kind(name)
    given = [key for key in MatchOperators.model_fields if key in matcher.model_fields_set & ORDERING]
    if not given:
        return
    bounds = bounds_of(matcher)
    if kind not in ("number", "open"):
        message = f"`{given[0]}` compares numbers, and `{name}` is {_KINDS.get(str(kind), 'text')}"
        declared = f"declare it: `attributes: {{size: {{from: {name}, type: number}}}}`"
        hint = declared if name.startswith("header.") else _ORDERED
        findings.add("RT212", message, (*path, given[0]), key=True, effect=effect, hint=hint)
        return
    if bounds.is_empty:
        written = " and ".join(f"`{key}: {spelled(getattr(matcher, key))}`" for key in given)
        hint = "for what is outside of a range write `any: [{…}, {…}]`"
        findings.add("RT216", f"no number meets {written}", (*path, given[0]), key=True, effect=effect, hint=hint)
    elif name in MEASURED_ATTRIBUTES - findings.draft.vocabulary.declared.keys() and bounds.high < (0, 0):
        hint = f"where it is unknown it is missing: `{name}: {{exists: false}}`"
        findings.add("RT216", f"`{name}` is never below 0", (*path, given[0]), key=True, effect=effect, hint=hint)


def check_equal_number(findings: Findings, path: Path, name: str, value: Any, effect: str) -> None:
    """Check a value that a number is compared with exactly."""
    number = None if isinstance(value, bool) else _number(value)
    if number is None or spelled(value) != spelled(number):
        message = f"`{name}` is a number, and never `{spelled(value)}`"
        hint = "write a number without quotes, or a range: `{gte: 1, lt: 5}`"
        findings.add("RT213", message, path, effect=effect, hint=hint)
    elif name in _MEASURED_FINELY - findings.draft.vocabulary.declared.keys() and number:
        message = f"`{name}` is measured finer than any number one writes, and is compared exactly"
        only = f"only a call whose {name} is {spelled(value)} to the last digit matches"
        hint = "write a range: `{gte: 1, lt: 5}`"
        findings.add("RT215", message, path, severity="warning", label="exact", effect=only, hint=hint)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
