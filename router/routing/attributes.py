"""Reading attributes of a call: one getter per attribute name, and their values as text for matchers."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from operator import attrgetter
from typing import Any

from router.config.attributes import BUILTIN_ATTRIBUTES
from router.config.tables import NO_TABLES, Table, Tables
from router.routing.record import CallRecord

Getter = Callable[[CallRecord], Any]
Texts = tuple[str, ...]

_CONTEXT: Mapping[str, Getter] = {
    **{name: attrgetter(name) for name in BUILTIN_ATTRIBUTES},
    "tags": lambda record: list(record.tags),
    "metadata": attrgetter("metadata"),
    "header": attrgetter("headers"),
}


def getter_of(name: str) -> Getter:
    """Return the function that reads attribute `name` from a call; None stands for a missing value.

    `metadata.<k>` and `header.<k>` reach any depth; a key that itself has dots is found before a path is tried.
    """
    family, _, path = name.partition(".")
    if family == "metadata" and path:
        return lambda record: _lookup(record.metadata, path)
    if family == "header" and path:
        lowered = path.lower()
        return lambda record: record.headers.get(lowered)
    return attrgetter(name)


def texts_getter(name: str) -> Callable[[CallRecord], Texts]:
    """Return the function that reads the texts which a matcher on `name` tries; a missing value has none.

    A list has the texts of its elements. A model has three spellings: the alias that the client asked for, the
    name with the provider before it, and the bare name.
    """
    if name == "model":
        return _model_spellings
    get = getter_of(name)
    return lambda record: texts_of(get(record))


def text_getter(name: str, tables: Tables = NO_TABLES) -> Callable[[CallRecord], str | None]:
    """Return the function that reads the one text which a `{name}` hole shows; a list is joined by commas.

    `{team.cost_center}` shows the cell of the row that the call's `team` names.
    """
    cell = tables.cell(name)
    if cell is not None:
        return _cell_getter(*cell)
    get = getter_of(name)

    def text(record: CallRecord) -> str | None:
        texts = texts_of(get(record))
        return ", ".join(texts) if texts else None

    return text


def row_getter(name: str, keys: Container[str]) -> Callable[[CallRecord], str | None]:
    """Return the function that reads which of some rows a call's attribute names; the first, when it has several."""
    texts = texts_getter(name)
    return lambda record: next((text for text in texts(record) if text in keys), None)


def _cell_getter(attribute: str, table: Table, column: str) -> Callable[[CallRecord], str | None]:
    cells = {key: row.cells[column] for key, row in table.rows.items() if column in row.cells}
    row = row_getter(attribute, table.rows)
    return lambda record: cells.get(row(record) or "")


def texts_of(value: Any) -> Texts:
    """Return the texts of a JSON-able value: of a scalar its own, of a list those of its scalar elements.

    An empty text counts as missing.
    """
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value if (text := text_of(item)))
    text = text_of(value)
    return () if text is None else (text,)


def text_of(value: Any) -> str | None:
    """Return a scalar as the text that YAML and HTTP headers would spell; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return None


def context_of(record: CallRecord, names: Iterable[str]) -> dict[str, Any]:
    """Return the attributes `names` as the data that JMESPath expressions see; tags are never null."""
    return {name: _CONTEXT[name](record) for name in names}


def _model_spellings(record: CallRecord) -> Texts:
    model, group, provider = record.model, record.model_group, record.provider
    spellings = [group] if group else []
    if model:
        bare = model.removeprefix(f"{provider}/") if provider else model
        spellings += [f"{provider}/{bare}", bare] if provider else [bare]
    return tuple(spellings)


def _lookup(data: Mapping[str, Any], path: str) -> Any:
    if path in data:
        return data[path]
    value: Any = data
    while path:
        if not isinstance(value, Mapping):
            return None
        if path in value:
            return value[path]
        key, _, path = path.partition(".")
        value = value.get(key)
    return value
