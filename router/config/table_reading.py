"""`tables:` → rows with places, from the file itself, from CSV and from YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from router.config.csv_reader import Field, read_csv
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.model import Attribute, TableFile
from router.config.nodes import Node, Path, Source
from router.config.scalars import spelled
from router.config.suggest import did_you_mean
from router.config.tables import Row, Table, Vocabulary
from router.config.text_error import TextError
from router.config.yaml_reader import read_yaml
from router.errors import Label, Location, Problem

ReadText = Callable[[str], str | Problem]
"""Reads a file that a table names; a problem (of code RT100 when there is no such file) when it cannot be read."""
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_COLUMN_HINT = "a column has letters, digits, `_` and `-`, and starts with a letter"
_MAX_KEY = 200


@dataclass(slots=True)
class TableRead:
    """What reading gave: the tables that are whole, the files they came from, and everything wrong with them."""

    tables: dict[str, Table] = field(default_factory=dict)
    sources: list[tuple[Source, Node | None]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_tables(draft: Draft, read: ReadText) -> TableRead:
    """Read every table of a draft, and put them into it together with the attributes they are about."""
    result = TableRead()
    for name, spec in draft.tables.items():
        if isinstance(spec, TableFile):
            table = _TableFile(draft, name, spec, result).read(read)
        else:
            node = draft.node("tables", name)
            table = _table(name, _rows_of_mapping(draft.source, node)) if node is not None else None
        if table is not None:
            result.tables[name] = table
    of_attribute = {name: spec.values_from for name, spec in draft.attributes.items() if spec.values_from is not None}
    declared = {name: spec for name, spec in draft.attributes.items() if spec.from_ is not None}
    required = tuple(name for name, spec in draft.attributes.items() if spec.required)
    values = {name: found for name, spec in draft.attributes.items() if (found := _values(spec, result.tables))}
    draft.vocabulary = Vocabulary(result.tables, of_attribute, declared, required, values)
    return result


def _values(spec: Attribute, tables: Mapping[str, Table]) -> Collection[str]:
    """Return the texts of all values of an attribute; nothing where they are not known."""
    if spec.values is not None:
        return frozenset(spec.normalized(spelled(value)) for value in spec.values)
    table = tables.get(spec.values_from) if spec.values_from is not None else None
    return table.rows if table is not None else ()


def _table(name: str, rows: Iterator[Row]) -> Table:
    by_key = {row.key: row for row in rows}
    columns = dict.fromkeys(column for row in by_key.values() for column in row.cells)
    return Table(name, by_key, tuple(columns))


def _rows_of_mapping(source: Source, node: Node) -> Iterator[Row]:
    for key, (key_node, row) in node.definition.entries.items():
        yield _row(source, key, row, source.location(key_node.start, key_node.end))


def _row(source: Source, key: str, node: Node, location: Location, without: str = "") -> Row:
    cells, places = {}, {}
    for column, (_, cell) in node.definition.entries.items():
        text = _text(source, cell)
        if column != without and text:
            cells[column] = text
            places[column] = source.location(cell.start, cell.end)
    return Row(key, cells, location, places)


def _text(source: Source, node: Node) -> str:
    """Return a scalar as text: a number as it is written, so that 007 stays 007."""
    value, scalar = node.value, node.definition
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else source.text[scalar.start : scalar.end]


class _TableFile:
    """Reads one table that stands in a file of its own."""

    def __init__(self, draft: Draft, name: str, spec: TableFile, result: TableRead) -> None:
        self._findings = Findings(draft)
        self._name = name
        self._spec = spec
        self._result = result
        self._path: Path = ("tables", name)

    def read(self, read: ReadText) -> Table | None:
        """Return the table, None when something is wrong with it."""
        before = len(self._result.problems)
        rows = self._rows(read)
        self._result.problems += self._findings.problems
        return _table(self._name, iter(rows)) if len(self._result.problems) == before else None

    def _rows(self, read: ReadText) -> list[Row]:
        name, kind = self._spec.file, self._spec.file.rpartition(".")[2].lower()
        if kind not in ("csv", "yaml", "yml"):
            self._unreadable("is neither .csv nor .yaml")
            return []
        text = read(name)
        if isinstance(text, Problem):
            if text.code == "RT100":
                self._unreadable(text.message.removeprefix("the file "))
            else:
                self._result.problems.append(text)
            return []
        known = len(self._result.problems)
        rows = self._csv_rows(text) if kind == "csv" else self._yaml_rows(text)
        if not rows and not self._findings.problems and len(self._result.problems) == known:
            self._unreadable("has no rows")
        return rows

    def _unreadable(self, why: str) -> None:
        hint = "name a .csv file with a header line, or a .yaml file; a relative path starts at the folder of this file"
        message = f"table file `{self._spec.file}` {why}"
        self._findings.add("RT130", message, (*self._path, "file"), effect=self._effect(), hint=hint)

    def _effect(self) -> str:
        return f"table `{self._name}` would have no rows"

    def _wrong(self, location: Location, message: str, hint: str, label: str = "", other: Label | None = None) -> None:
        labels = () if other is None else (other,)
        effect = f"table `{self._name}` would not be what it seems"
        self._findings.add_at("RT131", message, location, label=label, effect=effect, hint=hint, labels=labels)

    # -- CSV -------------------------------------------------------------------------------------------

    def _csv_rows(self, text: str) -> list[Row]:
        source = Source(self._spec.file, text)
        self._result.sources.append((source, None))
        try:
            records = read_csv(source)
        except TextError as error:
            self._wrong(source.location(error.start, error.end), str(error), error.hint)
            return []
        if not records:
            return []
        header, *lines = records
        columns = self._header(source, header)
        if columns is None:
            return []
        keyed = columns.index(str(self._spec.key))
        rows: dict[str, Row] = {}
        for line in lines:
            whole = source.location(line[0].start, max(line[-1].end, line[0].start + 1))
            if len(line) != len(columns):
                hint = "put a field that has a comma in quotes"
                self._wrong(whole, f"{len(line)} fields, and the header has {len(columns)}", hint)
                continue
            places = {column: _place(source, cell) for column, cell in zip(columns, line, strict=True) if cell.text}
            cells = {column: cell.text for column, cell in zip(columns, line, strict=True) if cell.text}
            cells.pop(str(self._spec.key), None)
            row = Row(line[keyed].text, cells, _place(source, line[keyed]) if line[keyed].text else whole, places)
            self._add(rows, row)
        return list(rows.values())

    def _header(self, source: Source, header: list[Field]) -> list[str] | None:
        columns = [cell.text for cell in header]
        before = len(self._findings.problems)
        for index, cell in enumerate(header):
            if not _COLUMN.fullmatch(cell.text):
                self._wrong(_place(source, cell), f"`{cell.text}` cannot be the name of a column", _COLUMN_HINT)
            elif cell.text in columns[:index]:
                self._wrong(_place(source, cell), f"column `{cell.text}` stands here a second time", "rename one")
        if self._spec.key is None:
            self._findings.add(
                "RT131", "a CSV table needs `key`", self._path, key=True, effect=self._effect(),
                hint=f"name the column of the row keys: `key: {columns[0]}`",
            )  # fmt: skip
        elif self._spec.key not in columns:
            label = did_you_mean(self._spec.key, columns) or "no such column"
            self._findings.add(
                "RT131", f"`{self._spec.file}` has no column `{self._spec.key}`", (*self._path, "key"), label=label,
                effect=self._effect(), hint=f"its columns: {', '.join(columns)}",
            )  # fmt: skip
        return columns if len(self._findings.problems) == before else None

    def _add(self, rows: dict[str, Row], row: Row) -> None:
        first = rows.setdefault(row.key, row)
        if not row.key or len(row.key) > _MAX_KEY:
            hint = f"a key has 1 to {_MAX_KEY} characters"
            self._wrong(row.location, f"this row has no usable `{self._spec.key}`", hint)
        elif first is not row:
            other = Label(first.location, "first")
            hint = f"take one of them away; the first is on line {first.location.line}"
            self._wrong(row.location, f"row `{row.key}` stands here a second time", hint, "second", other)

    # -- YAML ------------------------------------------------------------------------------------------

    def _yaml_rows(self, text: str) -> list[Row]:
        document = read_yaml(text, self._spec.file)
        source, root = document.source, document.root
        self._result.sources.append((source, root))
        if document.problems:
            self._result.problems += [
                replace(problem, effect=self._effect()) if problem.code == "RT109" else problem
                for problem in document.problems
            ]
            return []
        if root is None or root.value is None:
            return []
        if root.kind == "mapping" and self._spec.key is None:
            return self._rows_by_key(source, root)
        if root.kind == "list" and self._spec.key is not None:
            return self._rows_in_list(source, root, self._spec.key)
        location = source.location(root.start, min(root.end, source.line_span(source.position(root.start)[0])[1]))
        hint = "write `row: {column: value}` for each row, without `key:`; or a list of rows, with `key: <column>`"
        self._wrong(location, "this is not a table", hint)
        return []

    def _rows_by_key(self, source: Source, root: Node) -> list[Row]:
        rows: dict[str, Row] = {}
        for key, (key_node, row) in root.entries.items():
            if self._is_row(source, row):
                location = source.location(key_node.start, max(key_node.end, key_node.start + 1))
                self._add(rows, _row(source, key, row, location))
        return list(rows.values())

    def _rows_in_list(self, source: Source, root: Node, key: str) -> list[Row]:
        rows: dict[str, Row] = {}
        for item in root.items:
            if self._is_row(source, item):
                cell = item.child(key)
                place = cell if cell is not None else item
                text = _text(source, cell) if cell is not None else ""
                self._add(rows, _row(source, text, item, source.location(place.start, place.end), without=key))
        return list(rows.values())

    def _is_row(self, source: Source, node: Node) -> bool:
        """Report what is no mapping of columns to scalars."""
        before = len(self._findings.problems)
        if node.kind != "mapping":
            place = source.location(node.start, max(node.end, node.start + 1))
            self._wrong(place, "a row must be a mapping of columns to values", "write `{column: value}`, or `{}`")
        for column, (key_node, cell) in node.definition.entries.items():
            place = source.location(cell.start, max(cell.end, cell.start + 1))
            if not _COLUMN.fullmatch(column):
                at = source.location(key_node.start, max(key_node.end, key_node.start + 1))
                self._wrong(at, f"`{column}` cannot be the name of a column", _COLUMN_HINT)
            elif cell.kind != "scalar" or cell.value is None:
                hint = "write text, a number, or true or false; take away what is empty"
                self._wrong(place, f"column `{column}` must have one value", hint)
        return len(self._findings.problems) == before


def _place(source: Source, cell: Field) -> Location:
    return source.location(cell.start, max(cell.end, cell.start + 1))
