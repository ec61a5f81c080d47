"""Reading attributes of a call: one getter per attribute name, and their values as text for matchers."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from operator import attrgetter
from typing import Any

from router.config.attributes import BUILTIN_ATTRIBUTES, HOST_ATTRIBUTES
from router.config.model import Attribute
from router.config.tables import NO_VOCABULARY, Table, Vocabulary
from router.routing.numbers import number_in, number_of
from router.routing.record import CallRecord

Getter = Callable[[CallRecord], Any]
Texts = tuple[str, ...]

_CONTEXT: Mapping[str, Getter] = {
    **{name: attrgetter(name) for name in BUILTIN_ATTRIBUTES},
    "tags": lambda record: list(record.tags),
    "metadata": attrgetter("metadata"),
    "header": attrgetter("headers"),
}


def getter_of(name: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Getter:
    """Return the function that reads attribute `name` from a call; None stands for a missing value.

    `metadata.<k>` and `header.<k>` reach any depth; a key that itself has dots is found before a path is tried.
    """
    declared = vocabulary.declared.get(name)
    if declared is not None:
        return declared_getter(declared)
    family, _, path = name.partition(".")
    if family == "metadata" and path:
        return lambda record: _lookup(record.metadata, path)
    if family == "header" and path:
        lowered = path.lower()
        return lambda record: record.headers.get(lowered)
    return attrgetter(name)


def texts_getter(name: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Callable[[CallRecord], Texts]:
    """Return the function that reads the texts which a matcher on `name` tries; a missing value has none.

    A list has the texts of its elements. A model has three spellings: the alias that the client asked for, the
    name with the provider before it, and the bare name.
    """
    if name == "model" and name not in vocabulary.declared:
        return _model_spellings
    get = getter_of(name, vocabulary)
    return lambda record: texts_of(get(record))


def text_getter(name: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Callable[[CallRecord], str | None]:
    """Return the function that reads the one text which a `{name}` hole shows; a list is joined by commas.

    `{team.cost_center}` shows the cell of the row that the call's `team` names.
    """
    cell = vocabulary.cell(name)
    if cell is not None:
        return _cell_getter(vocabulary, *cell)
    get = getter_of(name, vocabulary)

    def text(record: CallRecord) -> str | None:
        texts = texts_of(get(record))
        return ", ".join(texts) if texts else None

    return text


def row_getter(
    name: str, keys: Container[str], vocabulary: Vocabulary = NO_VOCABULARY
) -> Callable[[CallRecord], str | None]:
    """Return the function that reads which of some rows a call's attribute names; the first, when it has several."""
    texts = texts_getter(name, vocabulary)
    return lambda record: next((text for text in texts(record) if text in keys), None)


def _cell_getter(
    vocabulary: Vocabulary, attribute: str, table: Table, column: str
) -> Callable[[CallRecord], str | None]:
    cells = {key: row.cells[column] for key, row in table.rows.items() if column in row.cells}
    row = row_getter(attribute, table.rows, vocabulary)
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


_MAX_BITS = 1024


def text_of(value: Any) -> str | None:
    """Return a scalar as the text that YAML and HTTP headers would spell; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to write out more than some thousand decimals; any client can send them.
        return str(value) if value.bit_length() < _MAX_BITS else hex(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return None


def context_getter(names: Iterable[str], vocabulary: Vocabulary) -> Callable[[CallRecord], dict[str, Any]]:
    """Return the function that reads attributes as the data that JMESPath expressions see; lists are never null."""
    getters = tuple(
        (name, getter_of(name, vocabulary) if name in vocabulary.declared else _CONTEXT[name]) for name in names
    )
    return lambda record: {name: get(record) for name, get in getters}


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


def declared_getter(spec: Attribute) -> Getter:
    """Return the function that reads a declared attribute: the first of its paths that has a value of its type.

    In the proxy one that trusts the host only does not read what is the caller's word.
    """
    sources = tuple((getter_of(path), path in HOST_ATTRIBUTES) for path in spec.paths())
    convert = _CONVERT[spec.type]
    trusts_callers = spec.trust == "caller"
    default = (
        convert(spec.default, spec.normalized) if spec.default is not None else [] if spec.type == "list" else None
    )

    def get(record: CallRecord) -> Any:
        believes = trusts_callers or record.origin != "proxy"
        for read, is_hosts in sources:
            if (believes or is_hosts) and (value := convert(read(record), spec.normalized)) is not None:
                return value
        return default

    return get


def _to_text(value: Any, normalized: Callable[[str], str]) -> str | None:
    text = text_of(value)
    return None if text is None else normalized(text) or None


def _to_list(value: Any, normalized: Callable[[str], str]) -> list[str] | None:
    return [text for item in texts_of(value) if (text := normalized(item))] or None


def _to_number(value: Any, normalized: Callable[[str], str]) -> float | None:
    number = number_in(normalized(value)) if isinstance(value, str) else number_of(value)
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else number


def _to_bool(value: Any, normalized: Callable[[str], str]) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(normalized(value))
    return value if isinstance(value, bool) else None


_CONVERT: Mapping[str, Callable[[Any, Callable[[str], str]], Any]] = {
    "text": _to_text,
    "list": _to_list,
    "number": _to_number,
    "bool": _to_bool,
}
