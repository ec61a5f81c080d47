"""Project templates expanded: one project for each row of a table, all known before the first call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from router.config.draft import Draft, Origin
from router.config.findings import Findings
from router.config.model import EnvRef, EnvTemplate, FileRef, Project
from router.config.nodes import Path
from router.config.suggest import did_you_mean
from router.config.tables import PROJECT_COLUMN, Row, Table
from router.config.templates import parse_template
from router.config.text_error import TextError
from router.errors import Label, Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VALUES = ("env", "public_key", "secret_key", "host", "environment", "release", "project_id")
_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")


def expand_templates(draft: Draft) -> list[Problem]:
    """Put one project for each row in the place of every template of a draft.

    Afterwards `draft.projects` has no templates, `draft.origins` tells from where an expanded project comes, and
    `draft.aliases` which project a row shares instead of its own.
    """
    findings = Findings(draft)
    given = dict(draft.projects)
    templates = {name for name in draft.names["projects"] if "{" in name}
    plain = [name for name in draft.names["projects"] if name not in templates]
    projects: dict[str, Project] = {}
    shared: list[tuple[str, Row]] = []
    draft.templates_whole = templates <= set(given)
    for name, project in given.items():
        if name in templates or project.for_each is not None:
            expansion = _Expansion(findings, name, project, frozenset((*plain, *projects)))
            expansion.expand()
            projects |= expansion.projects
            draft.origins |= expansion.origins
            shared += expansion.shared
        else:
            _check_no_holes(findings, name, project)
            projects[name] = project
    draft.projects = projects
    draft.names["projects"] = tuple(dict.fromkeys((*plain, *projects)))
    _share(findings, shared)
    draft.templates_whole = draft.templates_whole and not findings.problems
    return findings.problems


def _check_no_holes(findings: Findings, name: str, project: Project) -> None:
    for key in _VALUES:
        value = getattr(project, key, None)
        path: Path = ("projects", name, key)
        text, path = (value.env, (*path, "env")) if isinstance(value, EnvRef) else (value, path)
        if (isinstance(value, EnvRef) or key == "env") and "{" in str(text):
            effect, hint = (
                "the variable would never be found",
                "add a hole to the project's name and `for_each: <table>`",
            )
            findings.add("RT620", f"`{text}` has a hole, and `{name}` is no template", path, effect=effect, hint=hint)


def _share(findings: Findings, shared: list[tuple[str, Row]]) -> None:
    """Resolve the rows that share a project: the column must name one of the closed world."""
    draft = findings.draft
    known = draft.names["projects"]
    for name, row in shared:
        target = row.cells[PROJECT_COLUMN]
        if target in known:
            draft.aliases[name] = target
            continue
        label = did_you_mean(target, known) or "no such project"
        hint = f"projects: {', '.join(known[:20])}{', …' * (len(known) > 20)}"
        effect = f"the calls of row `{row.key}` would have nowhere to go"
        place = row.place(PROJECT_COLUMN)
        findings.add_at("RT601", f"unknown project `{target}`", place, label=label, effect=effect, hint=hint)


@dataclass(slots=True)
class _Filler:
    """Fills the holes of one row into texts."""

    hole: str
    row: Row
    missing: Callable[[str, Path], None]

    def fill(self, text: str, path: Path) -> str:
        parts = parse_template(text).parts
        return "".join(part if isinstance(part, str) else self._value(part.attribute, path) for part in parts)

    def _value(self, name: str, path: Path) -> str:
        if name == self.hole:
            return self.row.key
        if name == self.hole.upper():
            return re.sub(r"[^A-Z0-9]", "_", self.row.key.upper())
        column = name.removeprefix(f"{self.hole}.")
        if column not in self.row.cells:
            self.missing(column, path)
        return self.row.cells.get(column, "")


class _Expansion:
    """One template, checked once and expanded for each row."""

    def __init__(self, findings: Findings, name: str, project: Project, taken: frozenset[str]) -> None:
        self.projects: dict[str, Project] = {}
        self.origins: dict[str, Origin] = {}
        self.shared: list[tuple[str, Row]] = []
        self._findings = findings
        self._name = name
        self._project = project
        self._taken = taken
        self._path: Path = ("projects", name)

    def expand(self) -> None:
        """Expand the template, or report why it cannot be."""
        table = self._table()
        holes = set(_HOLE.findall(self._name))
        if table is None or not self._has_one_hole(holes):
            return
        hole = holes.pop()
        if not self._texts_are_right(hole, table):
            return
        for row in table.rows.values():
            self._expand_row(hole, table, row)

    def _table(self) -> Table | None:
        draft, wanted = self._findings.draft, self._project.for_each
        if wanted is None:
            hint = "add `for_each: <table>`, or take the braces away"
            self._report(
                "a project with a hole in its name is a template, and needs `for_each`", self._path, hint, key=True
            )
            return None
        if wanted not in draft.names["tables"]:
            unknown_table(self._findings, wanted, (*self._path, "for_each"), "there would be no such projects")
        return draft.vocabulary.by_name.get(wanted)

    def _has_one_hole(self, holes: set[str]) -> bool:
        if len(holes) == 1 and "." not in next(iter(holes)):
            return True
        table = str(self._project.for_each)
        example = f"write for example `team-{{team}}`, where `team` stands for the key of each row of `{table}`"
        self._report(f"`{self._name}` needs one hole for the key of the row", self._path, example, key=True)
        return False

    def _texts_are_right(self, hole: str, table: Table) -> bool:
        """Check every hole of every value once, whatever the rows are."""
        before = len(self._findings.problems)
        for path, text in self._texts():
            try:
                names = parse_template(text).holes
            except TextError as error:
                where = self._findings.inside(path, error.start, error.end)
                self._findings.add_at("RT207", str(error), where, effect=self._effect(), hint=error.hint)
                continue
            for found in names:
                name, where = found.attribute, self._findings.inside(path, found.start, found.end)
                base, dot, column = name.partition(".")
                if dot and base == hole:
                    if column not in table.columns:
                        unknown_column(self._findings, column, table, where, self._effect())
                elif name not in (hole, hole.upper()):
                    hint = f"write `{{{hole}}}`, `{{{hole.upper()}}}` or `{{{hole}.<column>}}`"
                    message = f"`{{{name}}}` is no hole of this template"
                    self._findings.add_at("RT620", message, where, effect=self._effect(), hint=hint)
        return len(self._findings.problems) == before

    def _texts(self) -> list[tuple[Path, str]]:
        found: list[tuple[Path, str]] = []
        for key in _VALUES:
            value = getattr(self._project, key, None)
            if isinstance(value, str):
                found.append(((*self._path, key), value))
            elif isinstance(value, EnvRef):
                found.append(((*self._path, key, "env"), value.env))
            elif isinstance(value, FileRef):
                found.append(((*self._path, key, "file"), value.file))
        return found

    def _expand_row(self, hole: str, table: Table, row: Row) -> None:
        before = len(self._findings.problems)
        filler = _Filler(hole, row, lambda column, path: self._missing(table, row, column, path))
        name = filler.fill(self._name, self._path)
        if row.cells.get(PROJECT_COLUMN, name) != name:
            self.shared.append((name, row))
            return
        if not _NAME.fullmatch(name):
            hint = "a project's name has letters, digits, `_`, `-` and `.`, and starts with a letter or digit"
            self._of_row(f"`{name}` cannot be the name of a project", self._path, hint, table, row, key=True)
        elif name in self._taken or name in self.projects:
            hint = "rename the project, or the row"
            self._of_row(f"project `{name}` stands here a second time", self._path, hint, table, row, key=True)
        filled: dict[str, Any] = {"for_each": None}
        for path, text in self._texts():
            filled[str(path[2])] = self._filled(filler, path, text, table, row)
        if len(self._findings.problems) == before:
            self.projects[name] = self._project.model_copy(update=filled)
            self.origins[name] = Origin(self._name, table.name, row)

    def _filled(self, filler: _Filler, path: Path, text: str, table: Table, row: Row) -> Any:
        value = filler.fill(text, path)
        if path[-1] == "file":
            return FileRef(file=value)
        if path[-1] != "env":
            return value
        if not _VARIABLE.fullmatch(value):
            hint = f"`{{{filler.hole.upper()}}}` writes the key in capital letters, with `_` for every other sign"
            self._of_row(f"`{value}` cannot be the name of a variable", path, hint, table, row)
            return None
        return value if len(path) == 3 else EnvTemplate(env=value)

    # -- problems --------------------------------------------------------------------------------------

    def _effect(self) -> str:
        return "the projects of this template would not exist"

    def _report(self, message: str, path: Path, hint: str, *, key: bool = False) -> None:
        self._findings.add("RT620", message, path, key=key, effect=self._effect(), hint=hint)

    def _missing(self, table: Table, row: Row, column: str, path: Path) -> None:
        hint = f"fill the cell, or share another project by the column `{PROJECT_COLUMN}`"
        self._of_row(f"row `{row.key}` has no `{column}`", path, hint, table, row)

    def _of_row(self, message: str, path: Path, hint: str, table: Table, row: Row, *, key: bool = False) -> None:
        label = Label(row.location, f"row `{row.key}` of table `{table.name}`")
        effect = f"row `{row.key}` ({row.location}) would have no project"
        self._findings.add("RT620", message, path, key=key, effect=effect, hint=hint, labels=(label,))


def unknown_table(findings: Findings, name: str, path: Path, effect: str) -> None:
    """Report the name of a table that the file does not have."""
    known = findings.draft.names["tables"]
    label = did_you_mean(name, known) or "no such table"
    of_file = " of this file" if findings.draft.outer is None else ""
    hint = f"tables{of_file}: {', '.join(known)}" if known else "this file has no `tables:`"
    findings.add("RT250", f"unknown table `{name}`", path, label=label, effect=effect, hint=hint)


def unknown_column(findings: Findings, name: str, table: Table, where: Any, effect: str) -> None:
    """Report the name of a column that no row of a table has."""
    label = did_you_mean(name, table.columns) or "no such column"
    columns = ", ".join(table.columns)
    hint = f"columns of `{table.name}`: {columns}" if columns else f"table `{table.name}` has keys only"
    findings.add_at(
        "RT251", f"no row of table `{table.name}` has `{name}`", where, label=label, effect=effect, hint=hint
    )
