"""Routes with holes (`team-{team}`, `{team.project}`) resolved at load: for each row that can come, its project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.config.model import DROP, Destination, Match, Rule
from router.config.nodes import Path
from router.config.tables import Row, Table, Vocabulary
from router.config.templates import Hole, parse_template
from router.config.text_error import TextError


class RouteError(ValueError):
    """A route that could lead out of the closed world. `start`, `end`: offsets into it; 0, 0 for all of it."""

    def __init__(
        self, message: str, hint: str, hole: Hole | None = None, row: Row | None = None, table: str = ""
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.start, self.end = (hole.start, hole.end) if hole is not None else (0, 0)
        self.row = row
        self.table = table


@dataclass(frozen=True, slots=True)
class _Held:
    """The attribute that the holes of a route name, its table, and the keys one of which a call must have."""

    attribute: str
    table: Table
    keys: frozenset[str]


def has_holes(name: str) -> bool:
    """Tell whether a name in `route:` is a template."""
    return "{" in name or "}" in name


Route = Mapping[str, tuple[str, ...]]
"""The projects of a route in order, each with the masks that are its own."""


def route_places(path: Path, rule: Rule) -> Iterator[tuple[Path, str]]:
    """Yield every name in the `route:` of a rule, `drop` included, with its path; `path` is that of the route."""
    given: Sequence[str | Destination] = rule.route if isinstance(rule.route, list) else [rule.route]
    for position, to in enumerate(given):
        where = (*path, position) if isinstance(rule.route, list) else path
        yield (where, to) if isinstance(to, str) else ((*where, "project"), to.project)


def united(destinations: Iterable[tuple[str, tuple[str, ...]]]) -> Route:
    """Return a route with every project once; where two destinations are one project, it gets the masks of both."""
    route: dict[str, tuple[str, ...]] = {}
    for name, masks in destinations:
        route[name] = tuple(dict.fromkeys((*route.get(name, ()), *masks)))
    return route


def routes_by_row(
    rule: Rule, tables: Vocabulary, projects: Collection[str], aliases: Mapping[str, str]
) -> tuple[str, Mapping[str, Route]]:
    """Return the attribute that decides the route of a checked rule, and the route for each of its possible values.

    Raises:
        RouteError: the rule was not checked.
    """
    attribute, by_name = "", dict[str, dict[str, str]]()
    for name in rule.projects():
        if has_holes(name):
            attribute, by_name[name] = route_by_row(name, rule.match, tables, projects, aliases)

    def route(key: str) -> Route:
        return united((by_name.get(name, {}).get(key, name), masks) for name, masks in rule.destinations())

    return attribute, {key: route(key) for key in next(iter(by_name.values()), ())}


def route_by_row(
    name: str, match: Match | None, tables: Vocabulary, projects: Collection[str], aliases: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """Return the attribute of a template, and the project for each row that passes the rule's `match`.

    Raises:
        RouteError: it is not held to a table by the match, or a row would lead to no project.
    """
    try:
        template = parse_template(name)
    except TextError as error:
        raise RouteError(str(error), error.hint, Hole("", error.start, error.end)) from None
    held = _held(template.holes, match, tables)
    known = frozenset(projects)
    found: dict[str, str] = {}
    for key, row in held.table.rows.items():
        if key in held.keys:
            project = "".join(part if isinstance(part, str) else _value(part, row, held) for part in template.parts)
            project = project if project in known else aliases.get(project, project)
            if project not in known or project == DROP:
                hint = "give the row such a project by a template with `for_each`, or let `match` leave the row out"
                message = f"`{project}`, where row `{key}` would go, is no project of this file"
                raise RouteError(message, hint, row=row, table=held.table.name)
            found[key] = project
    return held.attribute, found


def _held(holes: tuple[Hole, ...], match: Match | None, tables: Vocabulary) -> _Held:
    """Return the rows that the holes can stand for."""
    named = {name for name, _ in match.conjuncts()} if match is not None else set[str]()
    seen = tables.within(match)
    held: _Held | None = None
    for hole in holes:
        cell = None if hole.attribute in named else seen.cell(hole.attribute)
        attribute = cell[0] if cell is not None else hole.attribute
        keys, table = seen.held(attribute, match), seen.of(attribute)
        if keys is None or table is None:
            base = attribute.partition(".")[0] if cell is None and attribute not in named else attribute
            message = f"`{{{hole.attribute}}}` could be anything: `match` does not hold `{base}` to a table"
            raise RouteError(message, f"add `match: {{{base}: {{in: <table>}}}}`", hole)
        if held is not None and held.attribute != attribute:
            raise RouteError("the holes of one route must be of one attribute", f"write `{{{held.attribute}}}`", hole)
        held = _Held(attribute, table, keys)
    if held is None:
        raise RouteError("`{{` and `}}` cannot stand in the name of a project", "write the name of a project")
    return held


def _value(hole: Hole, row: Row, held: _Held) -> str:
    if hole.attribute == held.attribute:
        return row.key
    column = hole.attribute.removeprefix(f"{held.attribute}.")
    if column not in row.cells:
        hint = f"write `match: {{{held.attribute}: {{has: {column}}}}}`, or fill the cell"
        raise RouteError(f"row `{row.key}` has no `{column}`", hint, hole, row, held.table.name)
    return row.cells[column]
