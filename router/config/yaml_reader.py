"""Strict YAML text → a tree of nodes with positions, within bounds that no file can break."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml
from yaml import events

from router.config.nodes import Node, Source
from router.config.scalars import UnusableNumber, plain_scalar
from router.config.syntax import syntax_problem
from router.errors import Label, Problem

MAX_BYTES = 1024 * 1024
"""Size of one file."""
MAX_DEPTH = 32
"""Mappings and lists inside each other."""
MAX_ALIASES = 32
"""Uses of anchors (`*name`) in one file."""
MAX_VALUES = 100_000
"""Values of one file, those that aliases repeat counted every time."""
MAX_PROBLEMS = 500
"""Errors, and warnings, that are told at once; nobody reads more, and a file can have a hundred thousand."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FORBIDDEN = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s|#[^\r\n]*)+)*")
_TAG_DIRECTIVE = re.compile("^%TAG", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Document:
    """What reading a file gave: the tree (None when there is none to speak of) and everything wrong with it."""

    source: Source
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)


class _Stop(Exception):
    """Reading cannot go on."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


def read_yaml(text: str, file: str, *, loader: type[Any] = _LOADER) -> Document:
    """Parse one YAML document. Never raises; what is wrong stands in `problems`."""
    source = Source(file, text.removeprefix("\ufeff"))
    document = Document(source)
    found = FORBIDDEN.search(source.text)
    if found:
        document.problems.append(_forbidden(source, found.start()))
        return document
    if (directive := _too_many_directives(source)) is not None:
        document.problems.append(directive)
        return document
    builder = _Builder(source, document.problems)
    parser = yaml.parse(source.text, Loader=loader)
    try:
        for event in parser:
            builder.take(event)
    except _Stop as stop:
        document.problems.extend(stop.problems)
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError, RecursionError) as error:
        document.problems.append(syntax_problem(source, error))
    else:
        document.root = builder.root
    return document


def _too_many_directives(source: Source) -> Problem | None:
    """Return a problem where there are so many that libyaml, which compares each with all, would take seconds."""
    found = next(islice(_TAG_DIRECTIVE.finditer(source.text), MAX_ALIASES, None), None)
    if found is None:
        return None
    return Problem(
        code="RT107",
        message=f"more than {MAX_ALIASES} `%TAG` directives",
        location=source.location(*found.span()),
        effect="the file is not loaded",
        hint="take them away; values need no tags",
    )


def _forbidden(source: Source, offset: int) -> Problem:
    char = source.text[offset]
    return Problem(
        code="RT101",
        message=f"the character U+{ord(char):04X} must not stand in a YAML file",
        location=source.location(offset, offset + 1),
        label="here",
        effect="the file is not read",
        hint="save the file as plain UTF-8 text",
    )


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    node: Node
    anchor: str | None
    key: Node | None = None
    dropped: int = 0


class _Builder:
    """Builds the tree from parser events on an explicit stack, so that deep nesting never recurses."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.root: Node | None = None
        self._source = source
        self._problems = problems
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._aliases = 0
        self._values = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event of the parser."""
        match event:
            case events.ScalarEvent():
                self._value(self._scalar(event), event.anchor)
            case events.MappingStartEvent() | events.SequenceStartEvent():
                self._open(event)
            case events.MappingEndEvent() | events.SequenceEndEvent():
                self._close(event)
            case events.AliasEvent():
                self._value(self._alias(event), None)
            case events.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    message, hint = "a second YAML document starts here", "keep one document per file"
                    raise _Stop(self._refused("RT104", event, message, hint))
            case _:
                pass

    # -- events ----------------------------------------------------------------------------------------

    def _open(self, event: Any) -> None:
        kind = "mapping" if isinstance(event, events.MappingStartEvent) else "list"
        self._check_tag(event, "map" if kind == "mapping" else "seq")
        if len(self._stack) >= MAX_DEPTH:
            message = f"more than {MAX_DEPTH} mappings and lists inside each other"
            raise _Stop(self._refused("RT107", event, message, "make the file flatter"))
        value: Any = {} if kind == "mapping" else []
        start, end = self._content_start(event), event.end_mark.index
        node = Node(kind, value, start, end, style="flow" if event.flow_style else "")  # type: ignore[arg-type]
        if kind == "list":
            node.items = []
        self._stack.append(_Open(node, event.anchor))

    def _close(self, event: Any) -> None:
        opened = self._stack.pop()
        node = opened.node
        children = [child for _, child in node.children()]
        node.size = 1 + opened.dropped + sum(child.size for child in children)
        if node.style == "flow":
            node.end = event.end_mark.index
        elif children:
            node.end = max(child.end for child in children)
        self._value(node, opened.anchor)

    def _scalar(self, event: Any) -> Node:
        start, end = self._content_start(event), event.end_mark.index
        style = event.style or ""
        if style in ("|", ">"):
            end = start + len(self._source.text[start:end].rstrip())
        node = Node("scalar", event.value, start, end, style=style)
        if style == '"' and _SURROGATE.search(event.value):  # only an escape can make one
            message, hint = "half of a surrogate pair is not a character", "write the character itself"
            raise _Stop(self._refused("RT101", event, message, hint))
        if self._is_key():
            return node
        plain = event.implicit[0] and not style and event.tag is None
        try:
            node.value = plain_scalar(event.value) if plain else self._tagged(event)
        except UnusableNumber:
            node.value = 0
            hint = "put it in quotes if it is meant as text"
            self._report(self._refused("RT108", event, "a number that neither JSON nor Langfuse can carry", hint))
        return node

    def _content_start(self, event: Any) -> int:
        """Return where a value itself begins, behind its anchor and tag."""
        start: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return start
        found = _PROPERTIES.match(self._source.text, start)
        return found.end() if found else start

    def _alias(self, event: Any) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            message = f"more than {MAX_ALIASES} uses of anchors"
            raise _Stop(self._refused("RT107", event, message, "write the values out"))
        target = self._anchors.get(event.anchor)
        if target is None:
            inside = any(opened.anchor == event.anchor for opened in self._stack)
            name = f"*{event.anchor}"
            message = f"`{name}` stands inside what it repeats" if inside else f"unknown anchor `{name}`"
            hint = "write the value out" if inside else f'put it in quotes if it is meant as text: "{name}"'
            raise _Stop(self._refused("RT104", event, message, hint))
        start, end = event.start_mark.index, event.end_mark.index
        return Node(
            target.kind, target.value, start, end, target.style, target.items, target.entries, target, target.size
        )

    # -- values and keys -------------------------------------------------------------------------------

    def _is_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].node.kind == "mapping" and self._stack[-1].key is None

    def _value(self, node: Node, anchor: str | None) -> None:
        """Put a finished node where it belongs: as the root, an item, a key, or the value of a key."""
        if anchor is not None:
            self._anchors[anchor] = node
        if self._is_key():
            self._stack[-1].key = node
            return
        self._values += 1 if node.kind != "scalar" and node.target is None else node.size
        if self._values > MAX_VALUES:
            message = f"more than {MAX_VALUES} values" + (", aliases counted with what they repeat" * (node.size > 1))
            raise _Stop(self._problem("RT107", node, message, "split the file"))
        if not self._stack:
            self.root = node
            return
        opened = self._stack[-1]
        if opened.node.kind == "list":
            opened.node.items.append(node)  # type: ignore[attr-defined]
            opened.node.value.append(node.value)
        else:
            key, opened.key = opened.key, None
            self._entry(opened, key, node)

    def _entry(self, opened: _Open, key: Node | None, node: Node) -> None:
        assert key is not None
        name = self._key_name(key)
        if name is None:
            opened.dropped += node.size
            return
        first = opened.node.key(name)
        if first is not None:
            opened.dropped += node.size
            self._report(self._duplicate(name, key, first))
            return
        opened.node.entries[name] = (key, node)
        opened.node.value[name] = node.value

    def _key_name(self, key: Node) -> str | None:
        """Return the text of a key as written, None when it cannot be one."""
        if key.kind != "scalar":
            self._report(self._problem("RT104", key, f"a {key.kind} cannot be a key", "write a text here"))
            return None
        if key.value == "<<" and not key.style:
            hint = "write the keys out, or use an alias for the whole value: `mask: *name`"
            self._report(self._problem("RT104", key, "merge keys (`<<`) are not supported", hint))
            return None
        if not isinstance(key.value, str):
            return str(key.value)
        if not key.value and not key.style:
            self._report(self._problem("RT104", key, "a key is missing before this colon", "write a key"))
            return None
        return key.value

    # -- tags and problems -----------------------------------------------------------------------------

    def _report(self, problem: Problem) -> None:
        self._problems.append(problem)
        if len(self._problems) > MAX_PROBLEMS:
            raise _Stop

    def _tagged(self, event: Any) -> Any:
        if event.tag in (None, "!", f"{_TAG}str"):
            return event.value
        self._check_tag(event, "int", "float", "bool", "null")
        return plain_scalar(event.value)

    def _check_tag(self, event: Any, *allowed: str) -> None:
        tag = event.tag
        if tag is None or tag in ("!", *(_TAG + name for name in allowed)):
            return
        shown = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
        message, hint = f"the YAML tag `{shown}` is not supported", "take the tag away; values need none"
        raise _Stop(self._refused("RT104", event, message, hint))

    def _duplicate(self, name: str, key: Node, first: Node) -> Problem:
        line = self._source.position(first.start)[0]
        return Problem(
            code="RT103",
            message=f"key `{name}` stands here a second time",
            location=self._source.location(key.start, key.end),
            label="second",
            effect="YAML would silently keep only one of the two values",
            hint=f"take one of them away; the first is on line {line}",
            labels=(Label(self._source.location(first.start, first.end), "first"),),
        )

    def _refused(self, code: str, event: Any, message: str, hint: str) -> Problem:
        start, end = event.start_mark.index, event.end_mark.index
        return self._make(code, start, end, message, hint)

    def _problem(self, code: str, node: Node, message: str, hint: str) -> Problem:
        return self._make(code, node.start, node.end, message, hint)

    def _make(self, code: str, start: int, end: int, message: str, hint: str) -> Problem:
        location = self._source.location(start, max(end, start + 1))
        return Problem(code=code, message=message, location=location, effect="the file is not loaded", hint=hint)
