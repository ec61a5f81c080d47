"""Checks of what looks into tables: `{in:}`, `{known:}`, `{has:}`, and routes with holes."""

from __future__ import annotations

from collections.abc import Iterator

from router.config.findings import Findings
from router.config.model import Match, MatchOperators, Rule
from router.config.nodes import Path
from router.config.project_templates import unknown_column, unknown_table
from router.config.routes import RouteError, has_holes, route_by_row, route_places
from router.errors import Label

_BINDING = (
    "write `{{in: <table>}}`, or declare the table of the attribute: `attributes: {{{0}: {{values_from: <table>}}}}`"
)

_ONE = "route by `{}` only, or write a rule for each attribute"


def check_tables(findings: Findings) -> None:
    """Check every use of a table."""
    draft = findings.draft
    for section, entries in (("overlays", draft.overlays), ("rules", draft.rules)):
        for index, entry in entries.items():
            effect = f"{section[:-1]} `{entry.id}` would never match"
            for path, name, matcher in _operators((section, index, "match"), entry.match):
                _check_operators(findings, path, name, matcher, effect)
    for index, mount in draft.mounts.items():
        for path, name, matcher in _operators(("rules", index, "scope"), mount.scope):
            _check_operators(findings, path, name, matcher, "no rule of these files would ever match")
    for index, rule in draft.rules.items():
        _check_routes(findings, index, rule)


def _operators(path: Path, match: Match | None) -> Iterator[tuple[Path, str, MatchOperators]]:
    """Yield every mapping of operators inside a `match`, with its path and its attribute."""
    if match is None:
        return
    for name, matcher in match.attributes().items():
        where: Path = (*path, name)
        while isinstance(matcher, MatchOperators):
            yield where, name, matcher
            where, matcher = (*where, "not"), matcher.not_
    for key in ("any", "all"):
        for index, inner in enumerate(getattr(match, key) or ()):
            yield from _operators((*path, key, index), inner)
    yield from _operators((*path, "not"), match.not_)


def _check_operators(findings: Findings, path: Path, name: str, matcher: MatchOperators, effect: str) -> None:
    draft = findings.draft
    if matcher.in_ is not None and matcher.in_ not in draft.names["tables"]:
        unknown_table(findings, matcher.in_, (*path, "in"), effect)
    asks = "known" if matcher.known is not None else "has" if matcher.has is not None else ""
    named = matcher.in_ or draft.vocabulary.of_attribute.get(name)
    if not asks:
        return
    if named is None:
        message = f"no table is known for `{name}`, so `{asks}` cannot be answered"
        findings.add("RT252", message, (*path, asks), key=True, effect=effect, hint=_BINDING.format(name))
        return
    table = draft.vocabulary.by_name.get(named)
    if table is not None and matcher.has is not None and matcher.has not in table.columns:
        unknown_column(findings, matcher.has, table, draft.at(*path, "has"), effect)


# -- routes with holes -----------------------------------------------------------------------------------


def _check_routes(findings: Findings, index: int, rule: Rule) -> None:
    draft = findings.draft
    if not draft.templates_whole or set(draft.vocabulary.by_name) != set(draft.names["tables"]):
        return
    first = ""
    for path, name in route_places(("rules", index, "route"), rule):
        if not has_holes(name):
            continue
        try:
            attribute, _ = route_by_row(
                name, draft.match_of(rule), draft.vocabulary, draft.known("projects"), draft.aliases
            )
            first = first or attribute
            if attribute != first:
                raise RouteError("the holes of one route must be of one attribute", _ONE.format(first))
        except RouteError as error:
            where = findings.inside(path, error.start, error.end) if error.end else draft.at(*path)
            row, table = error.row, error.table
            labels = (Label(row.location, f"row `{row.key}` of table `{table}`"),) if row is not None else ()
            effect = "these calls would have nowhere to go"
            findings.add_at("RT613", str(error), where, effect=effect, hint=error.hint, labels=labels)
