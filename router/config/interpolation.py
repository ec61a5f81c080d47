"""Environment layering: `${NAME}` in the values of a parsed tree, where a text is due; keys and structure never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from router.config.attributes import attribute_names
from router.config.nodes import Node, Path, Source, find, text_offsets
from router.config.placeholders import Malformed, Missing, Placeholder, fill, placeholders, wanted
from router.config.suggest import did_you_mean
from router.errors import Location, Problem

_PLACES = "host, environment, release, public_key, paths of files, and values that trace and generation set"
_TEXTS = frozenset({"host", "environment", "release", "public_key"})
_REFERENCES = frozenset({"host", "public_key", "secret_key"})


_SUGGESTIONS = 20
"""Missing variables for which a similar name is looked for."""
MAX_PLACEHOLDERS = 20_000
"""Placeholders of one file; a routing.yaml of ten thousand rules needs fewer."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What could not be filled in, and where; `template`: in a text with `{attribute}` holes."""

    what: Malformed | Missing
    where: Location
    template: bool


def fill_in(source: Source, root: Node, environ: Mapping[str, str] | None) -> list[Problem]:
    """Fill in every placeholder of a routing.yaml, in place. A missing variable is told once, where it is first.

    Packs and team files are not filled in: whoever writes one could send an operator's secret to where they look.

    Args:
        environ: None leaves a placeholder its default or itself; its node is open then.

    Returns:
        Variables that are missing, and placeholders that cannot be read; one problem of RT107 where there are too many
        to be filled in at all.
    """
    if not _may_hold_any(source):
        return []
    found: list[_Fault] = []
    count = 0
    for path, around, node in _values(root):
        if isinstance(node.value, str) and "$" in node.value and node.written is None and around is not None:
            kind = kind_of_place(path, around)
            if kind is not None:
                count += node.value.count("${")
                if count > MAX_PLACEHOLDERS:
                    return [_too_many(source.location(node.start, node.end))]
                template = kind == "template" or _is_of_template(root, path)
                found += _fill(source, around, path[-1], node, environ, template=template)
    first: dict[str, _Fault] = {}
    for fault in sorted(found, key=lambda one: one.where):
        name = fault.what.placeholder.name if isinstance(fault.what, Missing) else str(fault.where)
        first.setdefault(name, fault)
    return [
        _missing(fault, environ if number < _SUGGESTIONS else None)
        if isinstance(fault.what, Missing)
        else _malformed(fault.where)
        for number, fault in enumerate(first.values())
    ]


def check_places(source: Source, root: Node, found: Iterable[Problem], *, of_team: bool = False) -> list[Problem]:
    """Return placeholders that stand where none is filled in, but for values about which something was found.

    In a team file (`of_team`) none is filled in anywhere.
    """
    hint = f"write the value out; variables may stand in {_PLACES}"
    if of_team:
        hint = "write the value out; variables are filled in only in the file that mounts this one"
    if not _may_hold_any(source):
        return []
    taken = {problem.location for problem in found}
    return [
        problem
        for path, _, node in _values(root)
        for text in (*_keys(path, node), *(() if _is_prose(path) else (node,)))
        if text.kind == "scalar" and text.written is None
        if source.location(text.start, max(text.end, text.start + 1)) not in taken
        for problem in _misplaced(source, text, hint)
    ]


def kind_of_place(path: Path, around: Node) -> str | None:
    """Return how a placeholder at a path is filled in: as `text`, into a `template`, or not at all."""
    match path:
        case ("defaults", str(key)):
            return "text" if key in _TEXTS - {"public_key"} else None
        case ("projects", _, str(key)):
            return "text" if key in _TEXTS else None
        case ("defaults", "host", "file") | ("masks", _, int(), "key", "file"):
            return "text"
        case ("projects", _, str(key), "file"):
            return "text" if key in _REFERENCES else None
        case ("overrides", *_, "credentials", "hosts", int()):
            return "text"
        case ("overlays" | "rules", int(), "trace", "append", "tags", int()):
            return "template"
        case ("overlays" | "rules", int(), "trace" | "generation", "set" | "default", _, *_):
            return None if path[-1] == "expr" and len(around.entries) == 1 else "template"
        case _:
            return None


def filled_texts(root: Node) -> Iterator[tuple[Path, Node]]:
    """Yield every text in which placeholders were, or could not yet be, filled in."""
    for path, _, node in _values(root):
        if node.written is not None:
            yield path, node


def placed(source: Source, node: Node) -> Iterator[tuple[Placeholder, Location]]:
    """Yield the placeholders of such a text with their places; an alias is where it is used, not what it repeats."""
    if node.target is not None:
        yield from ((wish, source.location(node.start, node.end)) for wish in wanted(node.written or ""))
        return
    offsets = text_offsets(source, Node("scalar", node.written, node.start, node.end, node.style))
    for wish in wanted(node.written or ""):
        yield wish, _at(source, offsets, wish.start, wish.end)


def filled_variables(source: Source, root: Node) -> frozenset[str]:
    """Return the names of the variables whose values stand in the tree."""
    if not _may_hold_any(source):
        return frozenset()
    return frozenset(name for _, _, node in _values(root) for name in node.variables)


def _is_of_template(root: Node, path: Path) -> bool:
    """Tell whether a text belongs to a project that is written out for each row of a table."""
    project = find(root, path[:2]) if path[0] == "projects" else None
    return project is not None and "for_each" in project.entries


def _may_hold_any(source: Source) -> bool:
    """Tell quickly that most files hold none; a backslash may begin an escape that means `$`."""
    return "$" in source.text or "\\" in source.text


def _is_prose(path: Path) -> bool:
    """Tell whether a text is for people or is data of a test or an example: there `$` means nothing."""
    is_example = path[:1] == ("detectors",) and path[2:3] == ("examples",)
    return path[:1] == ("tests",) or path[-1:] == ("description",) or is_example


def _values(root: Node) -> Iterator[tuple[Path, Node | None, Node]]:
    """Yield every value with its path and what it stands in."""
    stack: list[tuple[Path, Node | None, Node]] = [((), None, root)]
    while stack:
        path, around, node = stack.pop()
        yield path, around, node
        stack.extend(((*path, step), node, child) for step, child in node.children())


def _keys(path: Path, node: Node) -> Iterator[Node]:
    if path[:1] != ("tests",):
        for name, (key, _) in node.entries.items():
            if "${" in name:
                yield key


def _fill(
    source: Source, around: Node, step: str | int, node: Node, environ: Mapping[str, str] | None, *, template: bool
) -> Iterator[_Fault]:
    filled = fill(node.value, environ, template=template)
    offsets = text_offsets(source, node) if filled.faults else []
    told: set[str] = set()
    node.written, node.origins = node.value, filled.origins
    node.variables, node.is_open = filled.variables, filled.is_open
    node.value = around.value[step] = filled.text
    for fault in filled.faults:
        place = fault.placeholder if isinstance(fault, Missing) else fault
        name = place.name if isinstance(place, Placeholder) else ""
        if name not in told:
            told.add(name)
            yield _Fault(fault, _at(source, offsets, place.start, place.end), template)


def _at(source: Source, offsets: list[int], start: int, end: int) -> Location:
    return source.location(offsets[start], offsets[end - 1] + 1)


def _missing(found: _Fault, environ: Mapping[str, str] | None) -> Problem:
    fault = found.what
    assert isinstance(fault, Missing)
    wish = fault.placeholder
    why = f": {wish.why}" if wish.why else ""
    label = did_you_mean(wish.name, environ or ()) if fault.state == "is not set" else ""
    hint = f"set `{wish.name}`, or give it a default: `${{{wish.name}:-…}}`; `router check --no-env` needs none"
    if found.template and wish.name in attribute_names():
        hint = f"the attribute is written `{{{wish.name}}}`, without `$`; a plain `$` before it is `$$`"
    return Problem(
        code="RT120",
        message=f"environment variable `{wish.name}` {fault.state}{why}",
        location=found.where,
        label=label,
        effect="nobody could tell what belongs here",
        hint=hint,
    )


def _too_many(where: Location) -> Problem:
    return Problem(
        code="RT107",
        message=f"more than {MAX_PLACEHOLDERS} placeholders",
        location=where,
        label="here at the latest",
        effect="the file is not read any further",
        hint="write what is the same everywhere once, under `defaults:`",
    )


def _malformed(where: Location) -> Problem:
    return Problem(
        code="RT122",
        message="`${` begins nothing that can be filled in",
        location=where,
        label="here",
        effect="it would be taken as it stands",
        hint="write `${NAME}`, `${NAME:-default}` or `${NAME:?why}`, none inside another; a plain `$` is `$$`",
    )


def _misplaced(source: Source, node: Node, hint: str) -> Iterator[Problem]:
    if not isinstance(node.value, str):
        return
    for wish in islice(placeholders(node.value), 1):
        offsets = text_offsets(source, node)
        yield Problem(
            code="RT121",
            message=f"`${{{wish.name}}}` is not filled in here",
            location=_at(source, offsets, wish.start, wish.end),
            label="stays as it is",
            effect="it would be taken as it stands",
            hint=hint,
        )
