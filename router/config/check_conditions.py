"""Checks of what decides: `match:`, `when:`, and the attribute a sample is hashed by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from router.config.attributes import CLOSED_VALUES
from router.config.check_numbers import check_bounds, check_equal_number
from router.config.check_windows import check_now, check_window
from router.config.expressions import ExpressionError, compile_expression
from router.config.findings import Findings
from router.config.model import Expr, Grant, Match, MatchOperators, Overlay, Rule, SampleBy
from router.config.nodes import Path
from router.config.re2_patterns import PatternError, compile_pattern
from router.config.scalars import spelled
from router.config.suggest import did_you_mean

_GLOB_SIGNS = ("*", "?", "[")
_ALWAYS = "every value that is not empty would count as true"


def check_conditions(findings: Findings) -> None:
    """Check every rule and overlay."""
    draft = findings.draft
    for index, overlay in draft.overlays.items():
        _check_entry(findings, ("overlays", index), overlay, _overlay_effect(overlay))
    for index, rule in draft.rules.items():
        _check_entry(findings, ("rules", index), rule, _rule_effect(rule))
    for index, test in draft.tests.items():
        check_now(findings, index, test)
    check_sample(findings, ("defaults",), draft.defaults.sample, "the sample would be decided call by call")


def _overlay_effect(overlay: Overlay) -> str:
    if overlay.mask:
        return f"overlay `{overlay.id}` would not add {_masks(overlay.mask)} where it should"
    return f"overlay `{overlay.id}` would not apply where it should"


def _rule_effect(rule: Rule) -> str:
    goes = "are dropped by it" if rule.route == "drop" else f"go to {_projects(rule.projects())}"
    return f"rule `{rule.id}` would never match, so no calls {goes}"


def _masks(names: Sequence[str]) -> str:
    return ("mask " if len(names) == 1 else "masks ") + ", ".join(f"`{name}`" for name in names)


def _projects(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def check_condition(findings: Findings, path: Path, entry: Rule | Overlay | Grant, effect: str) -> None:
    """Check the `match` and the `when` of the entry at `path`."""
    if entry.match is not None:
        check_match(findings, (*path, "match"), entry.match, effect)
    if entry.when is not None:
        check_expression(findings, (*path, "when"), entry.when, effect, boolean=True)


def _check_entry(findings: Findings, path: Path, entry: Rule | Overlay, effect: str) -> None:
    check_condition(findings, path, entry, effect)
    check_window(findings, path, entry, effect)
    if entry.sample is not None:
        check_sample(findings, path, entry.sample, effect="the sample would be decided call by call")
    rollout = entry.rollout
    if rollout is not None and rollout.by is not None and findings.draft.vocabulary.kind(rollout.by) is None:
        effect = "the roll-out would be decided call by call"
        unknown_attribute(findings, (*path, "rollout", "by"), rollout.by, effect)


def check_sample(findings: Findings, path: Path, sample: Any, effect: str) -> None:
    """Check that a sample is hashed by an attribute."""
    if isinstance(sample, SampleBy) and sample.by is not None and findings.draft.vocabulary.kind(sample.by) is None:
        unknown_attribute(findings, (*path, "sample", "by"), sample.by, effect)


def unknown_attribute(findings: Findings, path: Path, name: str, effect: str, *, key: bool = False) -> None:
    """Report a name that is no attribute."""
    suggestion = did_you_mean(name, findings.draft.vocabulary.names())
    known = "attributes: " + ", ".join(findings.draft.vocabulary.names())
    label = suggestion or "no such attribute"
    findings.add("RT201", f"unknown attribute `{name}`", path, key=key, label=label, effect=effect, hint=known)


# -- when ----------------------------------------------------------------------------------------------


def check_expression(findings: Findings, path: Path, text: str, effect: str, *, boolean: bool = False) -> None:
    """Check a JMESPath expression, placing each finding inside its text."""
    try:
        compile_expression(text, boolean=boolean, declared=findings.draft.vocabulary.kinds)
    except ExpressionError as error:
        for found in error.findings:
            location = findings.inside(path, found.start, found.end)
            effect = _ALWAYS if found.code == "RT206" else effect
            findings.add_at(found.code, found.message, location, label=found.label, effect=effect, hint=found.hint)


def check_expr(findings: Findings, path: Path, value: Expr, effect: str) -> None:
    """Check the expression of a computed value."""
    check_expression(findings, (*path, "expr"), value.expr, effect)


# -- match ---------------------------------------------------------------------------------------------


def check_match(findings: Findings, path: Path, match: Match, effect: str) -> None:
    """Check every condition of a `match`, or of the scope of a mount."""
    for name, matcher in match.attributes().items():
        kind = findings.draft.vocabulary.kind(name)
        if kind is None:
            unknown_attribute(findings, (*path, name), name, effect, key=True)
        else:
            _check_matcher(findings, (*path, name), name, matcher, effect)
    for key in ("any", "all"):
        for index, inner in enumerate(getattr(match, key) or ()):
            check_match(findings, (*path, key, index), inner, effect)
    if match.not_ is not None:
        check_match(findings, (*path, "not"), match.not_, effect)


def _check_matcher(findings: Findings, path: Path, name: str, matcher: Any, effect: str) -> None:
    if isinstance(matcher, MatchOperators):
        _check_operators(findings, path, name, matcher, effect)
    elif isinstance(matcher, (list, tuple)):
        _check_values(findings, path, name, matcher, effect)
    else:
        _check_value(findings, path, name, matcher, effect)


def _check_operators(findings: Findings, path: Path, name: str, matcher: MatchOperators, effect: str) -> None:
    kind = findings.draft.vocabulary.kind(name)
    for operator in ("glob", "regex"):
        if kind == "bool" and getattr(matcher, operator) is not None:
            message, hint = f"`{operator}` cannot test `{name}`, which is true or false", f"write `{name}: true`"
            findings.add("RT212", message, (*path, operator), key=True, effect=effect, hint=hint)
    if matcher.not_ is not None:
        _check_matcher(findings, (*path, "not"), name, matcher.not_, effect)
    if matcher.regex is not None:
        check_pattern(findings, (*path, "regex"), matcher.regex, effect)
    for operator in ("any_of", "all_of", "none_of"):
        _check_values(findings, (*path, operator), name, getattr(matcher, operator) or (), effect)
    check_bounds(findings, path, name, matcher, effect)
    if matcher.all_of is not None and len(set(matcher.all_of)) > 1 and kind in ("text", "bool", "number"):
        message = f"`{name}` has one value, so it can never have all of these"
        listed = ", ".join(spelled(value) for value in matcher.all_of)
        hint = f"write a list for any of them: `{name}: [{listed}]`"
        findings.add("RT212", message, (*path, "all_of"), key=True, effect=effect, hint=hint)


def _check_values(findings: Findings, path: Path, name: str, values: Sequence[Any], effect: str) -> None:
    one = effect if len(values) == 1 else "this one of the values would never match"
    for index, value in enumerate(values):
        _check_value(findings, (*path, index), name, value, one)


def _check_value(findings: Findings, path: Path, name: str, value: Any, effect: str) -> None:
    node = findings.draft.node(*path)
    written = findings.draft.source.text[node.definition.start : node.definition.end] if node is not None else ""
    allowed = CLOSED_VALUES.get(name) or (("true", "false") if findings.draft.vocabulary.kind(name) == "bool" else ())
    declared = _declared_values(findings, name)
    spec = findings.draft.attributes.get(name)
    if allowed:
        shown = spelled(value)
        if shown not in allowed:
            label = did_you_mean(shown, allowed)
            message = f"`{name}` is never `{shown}`"
            hint = f"values of `{name}`: {', '.join(allowed)}"
            findings.add("RT213", message, path, label=label, effect=effect, hint=hint)
    elif spec is not None and isinstance(value, str) and spec.normalized(value) != value:
        message = f"`{name}` is never `{value}`: its values are normalized"
        hint = f"write `{spec.normalized(value)}`"
        findings.add("RT213", message, path, effect=effect, hint=hint)
    elif declared is not None and spelled(value) not in declared[0]:
        values, origin = declared
        label = did_you_mean(spelled(value), values) or "no such value"
        message = f"`{spelled(value)}` is not a value of `{name}`"
        findings.add("RT213", message, path, label=label, effect=effect, hint=f"values of `{name}`: {origin}")
    elif findings.draft.vocabulary.kind(name) == "number":
        check_equal_number(findings, path, name, value, effect)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and written != spelled(value):
        message = f"`{written}` is a number, and would be compared as `{spelled(value)}`"
        findings.add("RT213", message, path, label="a number", effect=effect, hint=f'put it in quotes: "{written}"')
    elif isinstance(value, str) and any(sign in value for sign in _GLOB_SIGNS):
        sign = next(sign for sign in _GLOB_SIGNS if sign in value)
        message = f"`{value}` is compared exactly, `{sign}` is not a wildcard here"
        hint = f'write {{glob: "{value}"}}'
        only = f"only the text `{value}` itself matches"
        findings.add("RT214", message, path, severity="warning", label="exact", effect=only, hint=hint)


def _declared_values(findings: Findings, name: str) -> tuple[Collection[str], str] | None:
    """Return the values that `attributes:` gives an attribute, and the words for them; None when it gives none."""
    spec = findings.draft.attributes.get(name)
    if spec is not None and spec.values is not None:
        values = [spelled(value) for value in spec.values]
        return values, ", ".join(values)
    table = findings.draft.vocabulary.of(name) if spec is not None else None
    return (table.rows, f"the rows of table `{table.name}`") if table is not None else None


# -- patterns ------------------------------------------------------------------------------------------


def check_pattern(findings: Findings, path: Path, pattern: str, effect: str) -> Any:
    """Compile an RE2 pattern; None, and a finding, when it does not compile."""
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        message = f"this is not an RE2 pattern: {error}"
        findings.add("RT210", message, path, effect=effect, hint=_pattern_hint(pattern))
    return None


def _pattern_hint(pattern: str) -> str:
    if any(sign in pattern for sign in ("(?=", "(?!", "(?<=", "(?<!")):
        return "RE2 has no look-around; match what surrounds it, or use two conditions"
    if any(f"\\{digit}" in pattern for digit in "123456789"):
        return "RE2 has no back-references"
    if pattern.startswith(("*", "+", "?")):
        return 'for `*` as any text use a glob: {glob: "…"}'
    return "the syntax: https://github.com/google/re2/wiki/Syntax"
