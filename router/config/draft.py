"""What could be read of a file: whole entries only, so that one broken entry does not hide findings in the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from router.config.model import (
    Attribute,
    Defaults,
    MaskStep,
    Match,
    Mount,
    Overlay,
    Overrides,
    OwnDetector,
    PackConfig,
    PackReference,
    PackRelease,
    Project,
    RoutingConfig,
    Rule,
    RuleOrMount,
    Table,
    TableFile,
    Test,
)
from router.config.nodes import Node, Source, find
from router.config.shape import shape_problems
from router.config.tables import NO_VOCABULARY, Row, Vocabulary
from router.errors import Location, Problem


@dataclass(frozen=True, slots=True)
class Origin:
    """From where an expanded project comes: the name of the template, and the row."""

    template: str
    table: str
    row: Row


@dataclass(slots=True)
class Draft:
    """The valid entries of one file, by name or by index, and the tree they came from.

    `names` holds, for `projects`, `detectors`, `masks` and `tables`, every name the file mentions, broken entries
    included. `vocabulary` holds the tables as read. `origins` has the expanded projects, `aliases` the names that a
    template would have given to rows which share the project of another instead.

    The draft of a team file has the `outer` draft that mounts it, its `stem`, and the `scope` of the mount.
    """

    source: Source
    root: Node
    defaults: Defaults = field(default_factory=Defaults)
    overrides: Overrides = field(default_factory=Overrides)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    tables: dict[str, TableFile | dict[str, Any]] = field(default_factory=dict)
    vocabulary: Vocabulary = NO_VOCABULARY
    projects: dict[str, Project] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    templates_whole: bool = True
    detectors: dict[str, OwnDetector] = field(default_factory=dict)
    masks: dict[str, list[MaskStep]] = field(default_factory=dict)
    overlays: dict[int, Overlay] = field(default_factory=dict)
    rules: dict[int, Rule] = field(default_factory=dict)
    tests: dict[int, Test] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mounts: dict[int, Mount] = field(default_factory=dict)
    description: str = ""
    is_pack: bool = False
    packs: dict[int, str] = field(default_factory=dict)
    pack: PackRelease | None = None
    outer: Draft | None = None
    stem: str = ""
    scope: Match | None = None

    def is_whole(self, section: str) -> bool:
        """Tell whether a list of rules, overlays or tests is there and has no broken entry."""
        given = self.root.value.get(section)
        found = len(getattr(self, section)) + (len(self.mounts) if section == "rules" else 0)
        return isinstance(given, list) and bool(given) and found == len(given)

    def known(self, section: str) -> tuple[str, ...]:
        """Return every name of a section that this file may use: its own, then those of the outer file."""
        own = self.names[section]
        return own if self.outer is None else tuple(dict.fromkeys((*own, *self.outer.names[section])))

    def match_of(self, entry: Rule | Overlay) -> Match | None:
        """Return what a call must match: the scope of the file, and the conditions of the entry."""
        if self.scope is None or entry.match is None:
            return self.scope or entry.match
        return Match(all=[self.scope, entry.match])

    def scoped(self, rule: Rule) -> Rule:
        """Return a rule with the scope of the file among its conditions."""
        return rule if self.scope is None else rule.model_copy(update={"match": self.match_of(rule)})

    def node(self, *path: str | int) -> Node | None:
        """Return the value at a path."""
        return find(self.root, self._written(path))

    def at(self, *path: str | int) -> Location:
        """Return the place of the value at a path, or of the nearest thing around it that exists."""
        path = self._written(path)
        for length in range(len(path), -1, -1):
            node = find(self.root, path[:length])
            if node is not None:
                return self.source.location(node.start, node.end)
        return self.source.whole()

    def at_key(self, *path: str | int) -> Location:
        """Return the place of the key that ends a path."""
        path = self._written(path)
        around = find(self.root, path[:-1])
        key = around.key(str(path[-1])) if around is not None else None
        return self.source.location(key.start, key.end) if key is not None else self.at(*path)

    def origin(self, path: tuple[str | int, ...]) -> Origin | None:
        """Return from where the project of a path comes, when it is an expanded one."""
        return self.origins.get(str(path[1])) if len(path) > 1 and path[0] == "projects" else None

    def _written(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """Return the path in the file: that of the template for an expanded project."""
        origin = self.origin(path)
        return path if origin is None else ("projects", origin.template, *path[2:])


_SECTIONS: dict[str, Any] = {
    "packs": PackReference,
    "pack": PackRelease,
    "defaults": Defaults,
    "overrides": Overrides,
    "attributes": Attribute,
    "tables": Table,
    "projects": Project,
    "detectors": OwnDetector,
    "masks": None,
    "overlays": Overlay,
    "rules": RuleOrMount,
    "tests": Test,
}


def read_draft(source: Source, root: Node, model: type[BaseModel]) -> tuple[Draft, list[Problem]]:
    """Validate the shape of a file against the model of its kind.

    Returns:
        Every entry that has the right shape, and every problem of shape.
    """
    draft = Draft(source, root, is_pack=model is PackConfig)
    problems: list[Problem] = []
    valid: Any = None
    try:
        valid = model.model_validate(root.value)
    except ValidationError as error:
        problems = shape_problems(source, root, error.errors(include_url=False, include_context=True), model)
    else:
        problems = shape_problems(source, root, [], model)
    _fill(draft, valid, model)
    entries: dict[int, Any] = dict(draft.rules)
    draft.mounts = {index: entry for index, entry in entries.items() if isinstance(entry, Mount)}
    draft.rules = {index: entry for index, entry in entries.items() if index not in draft.mounts}
    return draft, problems


def _fill(draft: Draft, valid: Any, model: type[BaseModel]) -> None:
    data = draft.root.value
    for section in _SECTIONS:
        given = data.get(section)
        if section in ("projects", "detectors", "masks", "tables"):
            draft.names[section] = tuple(given) if isinstance(given, dict) else ()
    for section in (name for name in _SECTIONS if name in model.model_fields):
        given = data.get(section)
        target = getattr(draft, section)
        if valid is not None:
            whole = getattr(valid, section)
            if isinstance(whole, dict):
                target.update(whole)
            elif isinstance(whole, list):
                target.update(enumerate(whole))
            else:
                setattr(draft, section, whole)
        elif isinstance(target, dict):
            pairs = given.items() if isinstance(given, dict) else enumerate(given if isinstance(given, list) else ())
            entries = ((key, _entry(section, value)) for key, value in pairs)
            target.update((key, value) for key, value in entries if value is not None)
        elif section in data:
            setattr(draft, section, _entry(section, given) or target)
    draft.description = str(data.get("description") or "")


def _entry(section: str, value: Any) -> Any:
    """Validate one entry by itself; None when its shape is wrong."""
    try:
        return _adapter(section).validate_python(value)
    except ValidationError:
        return None


@cache
def _adapter(section: str) -> TypeAdapter[Any]:
    if section == "masks":
        return TypeAdapter(RoutingConfig.model_fields["masks"].annotation.__args__[1])  # type: ignore[union-attr]
    return TypeAdapter(_SECTIONS[section])
