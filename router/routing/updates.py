"""`trace:` and `generation:` compiled, and merged: `default` < what the request says < `set`; `append` adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.config.expressions import compile_expression
from router.config.model import Expr, GenerationUpdate, TraceUpdate
from router.config.tables import NO_VOCABULARY, Vocabulary
from router.config.templates import parse_template
from router.errors import Location
from router.routing.attributes import text_getter, text_of, texts_of
from router.routing.conditions import compile_value
from router.routing.overrides import canonical_keys
from router.routing.plan import Because
from router.routing.record import CallRecord

Render = Callable[[CallRecord], Any]
"""Computes a value for one call; None when an attribute that it needs is missing: then nothing is set."""

_TEXT_FIELDS = frozenset({"name", "user_id", "session_id", "version", "release", "environment"})
_TYPES = {"tags": "a list of text", "public": "true or false", "metadata": "a mapping"}


@dataclass(frozen=True, slots=True)
class Assignment:
    """One field and how its value is computed; `path` is `("name",)` or `("metadata", "cost_center")`."""

    path: tuple[str, ...]
    render: Render
    because: Because


@dataclass(frozen=True, slots=True)
class Update:
    """A compiled `trace:` or `generation:`."""

    default: tuple[Assignment, ...] = ()
    set: tuple[Assignment, ...] = ()
    append_tags: tuple[Render, ...] = ()
    append_because: Because | None = None
    update_keys: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.default or self.set or self.append_tags or self.update_keys)


def compile_update(
    kind: str,
    update: TraceUpdate | GenerationUpdate | None,
    source: str,
    at: Location,
    vocabulary: Vocabulary = NO_VOCABULARY,
) -> Update:
    """Compile the updates of one entry; `kind` ("trace" or "generation") begins the dotted keys of its reasons."""
    if update is None:
        return Update()

    def assignments(fields: Mapping[str, Any]) -> tuple[Assignment, ...]:
        flat = ((path, value) for key, given in fields.items() for path, value in _flatten(key, given))
        return tuple(Assignment(path, _compile_value(value, vocabulary), because(path, value)) for path, value in flat)

    def because(path: tuple[str, ...], value: Any) -> Because:
        reads = tuple(dict.fromkeys(_reads(value, vocabulary)))
        return Because(f"{kind}.{'.'.join(path)}", source, at.file, at.line, reads=reads, writes=(kind, *path))

    append = update.append if isinstance(update, TraceUpdate) else None
    return Update(
        default=assignments(update.default),
        set=assignments(update.set),
        append_tags=tuple(_compile_value(tag, vocabulary) for tag in append.tags) if append else (),
        append_because=because(("tags",), list(append.tags)) if append else None,
        update_keys=canonical_keys(tuple(update.update_keys)) if isinstance(update, TraceUpdate) else (),
    )


def merge(
    requested: Mapping[str, Any], updates: Sequence[Update], record: CallRecord
) -> tuple[dict[str, Any], list[Because]]:
    """Merge what the request was granted with the updates of all entries that matched.

    Later updates beat earlier ones, so overlays come in file order and the rule last.

    Returns:
        The fields by name, and the reason for each one that an update set, or could not set as of a wrong type.
    """
    fields: dict[str, Any] = {}
    reasons: list[Because] = []
    for update in updates:
        _assign(fields, update.default, record, reasons)
    for name, value in requested.items():
        if name == "metadata":
            fields["metadata"] = {**fields.get("metadata", {}), **value}
        else:
            fields[name] = value
    for update in updates:
        _assign(fields, update.set, record, reasons)
    for update in updates:
        _append_tags(fields, update, record, reasons)
    return fields, reasons


def _assign(
    fields: dict[str, Any], assignments: Iterable[Assignment], record: CallRecord, reasons: list[Because]
) -> None:
    for assignment in assignments:
        name, *rest = assignment.path
        given = assignment.render(record)
        if given is None:
            continue
        value = {rest[0]: given} if rest else _of_field(name, given)
        if value is not None:
            fields[name] = {**fields.get(name, {}), **value} if name == "metadata" else value
            reasons.append(assignment.because)
        if _is_lost(name, given, value):
            key = assignment.because.effect
            reasons.append(replace(assignment.because, effect=_left_out(key, name, value), adjusts=key))


def _append_tags(fields: dict[str, Any], update: Update, record: CallRecord, reasons: list[Because]) -> None:
    added = [tag for render in update.append_tags for tag in texts_of(render(record))]
    if added and update.append_because is not None:
        fields["tags"] = list(dict.fromkeys([*fields.get("tags", ()), *added]))
        reasons.append(update.append_because)


def _of_field(name: str, value: Any) -> Any:
    """Return `value` in the type that Langfuse wants for the field; None when it has no such form."""
    if name in _TEXT_FIELDS:
        return text_of(value)
    if name == "metadata":
        return value if isinstance(value, Mapping) else None
    if name == "tags":
        return list(texts_of(value)) or None
    if name == "public":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(text_of(value)).lower())
    return value


def _is_lost(name: str, given: Any, value: Any) -> bool:
    """Tell whether a value, or an item of a list, had no form that the field can take; what is empty is not lost."""
    if name == "tags" and isinstance(given, (list, tuple)):
        return any(text_of(item) is None for item in given)
    return value is None and given != ""


def _left_out(key: str, name: str, value: Any) -> str:
    if value is not None:
        return f"{key} without an item that is not text"
    return f"{key} left out: it must be {_TYPES.get(name, 'text')}"


def _flatten(key: str, value: Any) -> Iterable[tuple[tuple[str, ...], Any]]:
    """Yield one path per field: `metadata.a` and `metadata: {a: …}` are the same."""
    name, _, rest = key.partition(".")
    if rest:
        yield (name, rest), value
    elif isinstance(value, Mapping):
        for inner, inner_value in value.items():
            yield (name, inner), inner_value
    else:
        yield (name,), value


def _reads(value: Any, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the attributes that a value is computed from; of declared ones where they are read, of tables nothing."""
    names: Iterable[str] = ()
    if isinstance(value, Expr):
        names = compile_expression(value.expr, declared=vocabulary.kinds).reads
    elif isinstance(value, str):
        names = (name for name in parse_template(value).attributes if vocabulary.cell(name) is None)
    elif isinstance(value, (list, tuple, Mapping)):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _reads(inner, vocabulary)
    for name in names:
        spec = vocabulary.declared.get(name)
        yield from (name,) if spec is None else spec.paths()


def _compile_value(value: Any, vocabulary: Vocabulary) -> Render:
    if isinstance(value, Expr):
        return compile_value(value.expr, vocabulary)
    if isinstance(value, str):
        return _compile_template(value, vocabulary)
    if isinstance(value, (list, tuple)):
        items = tuple(_compile_value(item, vocabulary) for item in value)
        return lambda record: [given for item in items if (given := item(record)) is not None]
    if isinstance(value, Mapping):
        entries = tuple((key, _compile_value(item, vocabulary)) for key, item in value.items())
        return lambda record: {key: given for key, item in entries if (given := item(record)) is not None}
    return lambda record: value


def _compile_template(text: str, vocabulary: Vocabulary) -> Render:
    template = parse_template(text)
    if not template.attributes:
        constant = "".join(str(part) for part in template.parts)
        return lambda record: constant
    pieces = tuple(
        part if isinstance(part, str) else text_getter(part.attribute, vocabulary) for part in template.parts
    )

    def render(record: CallRecord) -> str | None:
        texts = [piece if isinstance(piece, str) else piece(record) for piece in pieces]
        return None if None in texts else "".join(text for text in texts if text is not None)

    return render
