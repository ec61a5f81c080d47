"""Checks of order: rules that can never match, a last rule that lets calls fall through, overlays without effect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.config.bounds import ORDERING, bounds_of
from router.config.check_unauthenticated import is_for_unauthenticated
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.model import Match, MatchOperators, Overlay, Rule
from router.config.mounting import Mounted
from router.config.re2_patterns import fully_matches
from router.config.tables import Vocabulary, exact_values
from router.errors import Label, Problem

MOST_PAIRS = 200_000
"""Comparisons of two rules; a file that would need more is not searched to its end."""


def check_order(findings: Findings, files: Sequence[Mounted] = ()) -> None:
    """Check that each rule can be reached and that the last one takes whatever is left.

    Args:
        findings: of a routing.yaml, or of a team file, which is checked by itself.
        files: those that the routing.yaml mounts; they were checked by themselves before.
    """
    draft = findings.draft
    if draft.outer is None:
        _check_last(findings)
    for above, placed in find_covered(_in_order(draft, files), draft.vocabulary):
        if above.draft is not placed.draft:
            findings.problems += _covered_across(above, placed, draft)
        elif placed.draft is draft:
            _unreachable(findings, above, placed)
    for index, overlay in draft.overlays.items():
        _check_overlay(findings, index, overlay)


def _in_order(draft: Draft, files: Sequence[Mounted]) -> Iterator[Placed]:
    """Yield every rule as it is evaluated: those of team files at their mount, within their scope."""
    mounted = {index: [file.draft for file in files if file.index == index] for index in draft.mounts}
    for index in sorted((*draft.rules, *draft.mounts)):
        if index in draft.rules:
            yield Placed(draft, index, draft.scoped(draft.rules[index]))
        for team in mounted.get(index, ()):
            if team is not None:
                yield from (Placed(team, number, team.scoped(rule)) for number, rule in team.rules.items())


def _check_overlay(findings: Findings, index: int, overlay: Overlay) -> None:
    if overlay.on_error is not None and overlay.when is None:
        message = "`on_error` has no use without `when`"
        effect = "a `match` can always be evaluated"
        findings.add(
            "RT304", message, ("overlays", index, "on_error"), key=True, severity="warning", effect=effect,
            hint="take it away, or add a `when`",
        )  # fmt: skip
    if not (overlay.mask or overlay.trace or overlay.generation or overlay.sample is not None):
        message, effect = f"overlay `{overlay.id}` does nothing", "whatever it matches stays as it is"
        hint = "give it `mask`, `trace`, `generation` or `sample`"
        findings.add("RT303", message, ("overlays", index, "id"), severity="warning", effect=effect, hint=hint)


def _takes_all(rule: Rule) -> bool:
    """Tell whether the rule takes every call that fits: neither a share, nor at times, nor in shadow mode."""
    return rule.mode == "live" and rule.active is None and (rule.rollout is None or rule.rollout.percent == 100)


def _is_unconditional(rule: Rule) -> bool:
    return (
        _takes_all(rule)
        and rule.when is None
        and (rule.match is None or (not rule.match.model_fields_set and not rule.match.attributes()))
    )


def _check_last(findings: Findings) -> None:
    draft = findings.draft
    if not draft.is_whole("rules"):
        return
    seen = [index for index, rule in draft.rules.items() if not is_for_unauthenticated(rule)]
    last = max((*(seen or draft.rules), *draft.mounts))
    hint = "end with a rule without conditions: `- {id: rest, route: <project>}`, or `route: drop`"
    label, effect = "calls that do not match have no rule", "they would not be logged anywhere"
    if last in draft.mounts:
        message, path = "the last of the rules is a mount", ("rules", last, "mount")
    elif _is_unconditional(draft.rules[last]):
        return
    else:
        rule = draft.rules[last]
        key = next(
            (key for key in ("when", "match", "rollout", "active", "mode") if key in rule.model_fields_set), "id"
        )
        fault = "has conditions" if key in ("when", "match") else "does not take every call"
        message, path = f"the last rule, `{rule.id}`, {fault}", ("rules", last, key)
    findings.add("RT302", message, path, key=True, label=label, effect=effect, hint=hint)


# -- reachability --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule at its place in the order of evaluation, and where it stands: the file, and its index there."""

    draft: Draft
    index: int
    rule: Rule


@dataclass(slots=True)
class _Earlier:
    """Rules above the one being looked at that a later rule could be covered by, found by one of their values."""

    unconditional: Placed | None = None
    by_value: dict[tuple[str, str], list[Placed]] = field(default_factory=lambda: defaultdict(list))
    others: list[Placed] = field(default_factory=list)

    def add(self, placed: Placed) -> None:
        """Note a rule, when it is simple enough to cover another."""
        if not _takes_all(placed.rule):
            return
        if _is_unconditional(placed.rule):
            self.unconditional = self.unconditional or placed
        conditions = _simple(placed.rule)
        if not conditions:
            return
        for name, matcher in conditions:
            values = exact_values(matcher)
            if values is not None:
                for value in values:
                    self.by_value[name, value].append(placed)
                return
        self.others.append(placed)

    def candidates(self, match: Match | None) -> Iterator[Placed]:
        """Yield every earlier rule that may cover a rule with these conditions."""
        if self.unconditional is not None:
            yield self.unconditional
        for name, matcher in match.conjuncts() if match is not None else ():
            for value in (exact_values(matcher) or ())[:1]:
                yield from self.by_value.get((name, value), ())
        yield from self.others


def find_covered(rules: Iterable[Placed], vocabulary: Vocabulary) -> Iterator[tuple[Placed, Placed]]:
    """Yield each rule that can never match, after the rule above that takes all its calls."""
    earlier, pairs = _Earlier(), 0
    for placed in rules:
        for above in earlier.candidates(placed.rule.match):
            pairs += 1
            if pairs > MOST_PAIRS:
                return
            if _covers(above.rule, placed.rule, vocabulary):
                yield above, placed
                break
        earlier.add(placed)


def _unreachable(findings: Findings, above: Placed, placed: Placed) -> None:
    rule, blocker = placed.rule, above.rule
    line, own_line = above.draft.at("rules", above.index).line, placed.draft.at("rules", placed.index).line
    takes = "every call" if _is_unconditional(blocker) else f"every call that would reach line {own_line}"
    label = Label(above.draft.at("rules", above.index, "id"), f"takes {takes}")
    floor = (findings.draft.outer or findings.draft).defaults.mask
    lost = _without(_lost(rule, blocker, floor))
    findings.add(
        "RT301",
        f"rule `{rule.id}` can never match",
        ("rules", placed.index, "id"),
        label="unreachable",
        effect=f"its calls {_goes(blocker)} instead{lost}",
        hint=f"move it above `{blocker.id}` (line {line}), or take it away",
        labels=(label,),
    )


def _covered_across(above: Placed, placed: Placed, main: Draft) -> list[Problem]:
    """Warn of a rule that one in another file covers: neither owner may see the other's file, so neither is stopped."""
    findings = Findings(placed.draft)
    where = above.draft.at("rules", above.index, "id")
    masks = _without(_lost(placed.rule, above.rule, main.defaults.mask))
    if placed.draft is main:
        masks = "; its masks still apply" if placed.rule.mask else ""
    findings.add(
        "RT301",
        f"rule `{placed.rule.id}` can never match",
        ("rules", placed.index, "id"),
        severity="warning",
        label="unreachable",
        effect=f"its calls {_goes(above.rule)} instead{masks}",
        hint=f"`{above.rule.id}` in {where.file}:{where.line} takes them; move one of the two, or take it away",
        labels=(Label(where, "takes every call that would reach it"),),
    )
    return findings.problems


def _goes(rule: Rule) -> str:
    names = " and ".join(f"`{name}`" for name in rule.projects())
    return f"go to {names}" if names else "are dropped"


def _lost(rule: Rule, above: Rule, floor: Sequence[str]) -> list[str]:
    """Return the masks that the calls of `rule` do not have where `above` sends them instead."""
    own = dict(rule.destinations())
    everywhere = [name for name in next(iter(own.values()), ()) if all(name in masks for masks in own.values())]
    lost = [
        name
        for project, masks in above.destinations()
        for name in (*rule.mask, *own.get(project, everywhere))
        if name not in (*floor, *above.mask, *masks)
    ]
    return list(dict.fromkeys(lost))


def _without(masks: Sequence[str]) -> str:
    if not masks:
        return ""
    return (", WITHOUT mask " if len(masks) == 1 else ", WITHOUT masks ") + ", ".join(f"`{name}`" for name in masks)


def _simple(rule: Rule) -> list[tuple[str, Any]]:
    """Return the conditions of a rule that has nothing but conditions on attributes."""
    if rule.when is not None or rule.match is None or not rule.match.is_conjunction():
        return []
    return rule.match.conjuncts()


def _covers(above: Rule, rule: Rule, vocabulary: Vocabulary) -> bool:
    """Tell whether every call that `rule` matches was taken by `above` before. Never true by mistake."""
    if is_for_unauthenticated(above) != is_for_unauthenticated(rule):
        return False
    if _is_unconditional(above):
        return True
    conditions = _simple(above)
    own = rule.match.conjuncts() if rule.match is not None else []
    wide, narrow = vocabulary.within(above.match), vocabulary.within(rule.match)
    return bool(conditions) and all(
        any(name == other and _implies(matcher, condition, name, narrow, wide) for other, matcher in own)
        for name, condition in conditions
    )


def _implies(matcher: Any, wide: Any, name: str, tables: Vocabulary, tables_of_wide: Vocabulary) -> bool:
    """Tell whether whatever satisfies `matcher` satisfies `wide`; each looks up what it asks for in its own tables."""
    if matcher == wide and (not _looks_up(wide) or tables.of(name) == tables_of_wide.of(name)):
        return True
    values = exact_values(matcher)
    if _looks_up(wide):
        rows = tables_of_wide.admitted(name, wide)
        keys = frozenset(values) if values is not None else tables.admitted(name, matcher)
        return rows is not None and keys is not None and keys <= rows
    if isinstance(wide, MatchOperators):
        operators = wide.model_fields_set
        if operators <= ORDERING and isinstance(matcher, MatchOperators):
            return bounds_of(matcher).within(bounds_of(wide))
        if operators == {"exists"}:
            return bool(wide.exists) and (
                values is not None or (isinstance(matcher, MatchOperators) and matcher.needs_value())
            )
        if operators == {"glob"} and values is not None and wide.glob is not None:
            prefix = wide.glob.removesuffix("*")
            plain = not any(sign in prefix for sign in "*?[\\")
            return plain and wide.glob.endswith("*") and all(value.startswith(prefix) for value in values)
        if operators == {"regex"} and values is not None:
            return fully_matches(str(wide.regex), values)
        if operators != {"any_of"}:
            return False
    wanted = exact_values(wide)
    return wanted is not None and values is not None and set(values) <= set(wanted)


def _looks_up(matcher: Any) -> bool:
    """Tell whether a matcher asks whether a row of a table is there, and nothing else."""
    return isinstance(matcher, MatchOperators) and matcher.model_fields_set <= {"in_", "known", "has"}
