"""Checks of what is for calls that no key answers for: `match: {authenticated: false}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.config.expressions import ExpressionError, read_expression
from router.config.findings import Findings
from router.config.model import DROP, Match, MatchOperators, Overlay, Rule
from router.config.nodes import Path
from router.config.tables import exact_values

_NAME = "authenticated"
_OF_A_KEY = frozenset({"team", "team_alias", "key_alias", "org"})
_NOT_THE_CALLERS = frozenset({_NAME, "call_type", "status", "stream"})


def check_unauthenticated(findings: Findings) -> None:
    """Check every rule and overlay that has to do with unauthenticated calls."""
    draft = findings.draft
    for section, entries in (("overlays", draft.overlays), ("rules", draft.rules)):
        for index, entry in entries.items():
            _check_entry(findings, (section, index), entry)
    asking = {index: rule for index, rule in draft.rules.items() if is_for_unauthenticated(rule)}
    for index, rule in asking.items():
        _check_route(findings, index, rule)
    if not asking and draft.is_whole("rules"):
        for index, overlay in draft.overlays.items():
            if is_for_unauthenticated(overlay):
                message = f"overlay `{overlay.id}` is for unauthenticated calls, and no rule takes them"
                hint = "add a rule: `{id: nobodys, match: {authenticated: false}, route: <project>}`"
                effect = "it would never apply: these calls are dropped"
                path: Path = ("overlays", index, "id")
                findings.add("RT524", message, path, severity="warning", effect=effect, hint=hint)


def is_for_unauthenticated(entry: Rule | Overlay) -> bool:
    """Tell whether an entry asks for `authenticated: false`: it sees the calls that do not, and no other."""
    return entry.match is not None and entry.match.is_for_unauthenticated()


def _check_entry(findings: Findings, path: Path, entry: Rule | Overlay) -> None:
    kind = "rule" if isinstance(entry, Rule) else "overlay"
    asks = is_for_unauthenticated(entry)
    for at, name, matcher, is_conjunct in _conditions((*path, "match"), entry.match):
        if name == _NAME and not _is_plain(matcher, is_conjunct):
            _lets_nobody_in(findings, at, entry)
        elif asks and is_conjunct and name in _OF_A_KEY and _needs_value(matcher):
            message, effect = f"an unauthenticated call has no `{name}`", f"{kind} `{entry.id}` would never match"
            hint = "only a key says it; take the condition away"
            findings.add("RT521", message, at, key=True, effect=effect, hint=hint)
    scope = findings.draft.scope
    for name, matcher in scope.conjuncts() if asks and scope is not None else ():
        if name in _OF_A_KEY and _needs_value(matcher):
            message = f"an unauthenticated call has no `{name}`, which the scope of this file asks for"
            effect, hint = f"{kind} `{entry.id}` would never match", "put it into the file that mounts this one"
            findings.add("RT521", message, (*path, "match"), key=True, effect=effect, hint=hint)
    if not asks and _NAME in _read_by(findings, entry.when):
        _lets_nobody_in(findings, (*path, "when"), entry)


def _lets_nobody_in(findings: Findings, path: Path, entry: Rule | Overlay) -> None:
    message = "only `match: {authenticated: false}` lets unauthenticated calls in"
    effect = f"rule `{entry.id}` would be tested against no such call, whatever this condition says"
    if isinstance(entry, Overlay):
        if entry.mask and not (entry.trace or entry.generation or entry.sample is not None):
            return  # what it hides it hides of every call
        effect = f"overlay `{entry.id}` would {'only hide' if entry.mask else 'do nothing'} where such a call matches"
    hint = "write `authenticated: false` beside the other conditions, in an entry of its own"
    findings.add("RT520", message, path, effect=effect, hint=hint)


def _conditions(path: Path, match: Match | None, conjunct: bool = True) -> Iterator[tuple[Path, str, Any, bool]]:
    """Yield every condition on an attribute, where it stands, and whether it must hold whatever else does."""
    if match is None:
        return
    for name, matcher in match.attributes().items():
        yield (*path, name), name, matcher, conjunct
    for key, inner in (("all", match.all), ("any", match.any)):
        for index, one in enumerate(inner or ()):
            yield from _conditions((*path, key, index), one, conjunct and key == "all")
    yield from _conditions((*path, "not"), match.not_, False)


def _is_plain(matcher: Any, is_conjunct: bool) -> bool:
    """Tell whether a condition on `authenticated` does what it looks like."""
    return exact_values(matcher) == ("true",) or (is_conjunct and matcher is False)


def _needs_value(matcher: Any) -> bool:
    return exact_values(matcher) is not None or (isinstance(matcher, MatchOperators) and matcher.needs_value())


def _read_by(findings: Findings, when: str | None) -> tuple[str, ...]:
    try:
        return read_expression(when, declared=findings.draft.vocabulary.kinds).attributes if when is not None else ()
    except ExpressionError:
        return ()


def _check_route(findings: Findings, index: int, rule: Rule) -> None:
    if rule.route == DROP:
        return
    names = {name for _, name, _, _ in _conditions((), rule.match)}
    names |= set(_read_by(findings, rule.when))
    said = sorted(names - {_NAME})
    if said and not names & (_NOT_THE_CALLERS - {_NAME}):
        findings.add(
            "RT522",
            f"only {' and '.join(f'`{name}`' for name in said)}, text of an unauthenticated caller, decides the route "
            f"of rule `{rule.id}`",
            ("rules", index, "match"),
            key=True,
            severity="warning",
            effect="anybody who reaches the proxy can write into this project, or keep out of it",
            hint="send all these calls to one project: `match: {authenticated: false}` and nothing else",
        )
    for project in rule.projects():
        live = [one for one in findings.draft.rules.values() if one.mode == "live" and not is_for_unauthenticated(one)]
        other = next((one for one in live if project in one.projects()), None)
        if other is not None:
            findings.add(
                "RT523",
                f"rule `{rule.id}` sends unauthenticated calls to `{project}`, where rule `{other.id}` sends others",
                ("rules", index, "route"),
                severity="warning",
                effect="text that anybody can send would stand among the calls of your teams",
                hint="give these calls a project of their own",
            )
