"""A parsed YAML tree that remembers where every key and value stands in its file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from router.errors import Location

_LINE_END = re.compile(r"\r\n|\n|\r")


class Source:
    """The text of one file; turns offsets (code points from 0) into lines and columns (from 1)."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def location(self, start: int, end: int) -> Location:
        """Return the place of a span of offsets."""
        return Location(self.file, *self.position(start), *self.position(end))

    def whole(self) -> Location:
        """Return the file itself, without a line."""
        return Location(self.file)

    @property
    def line_count(self) -> int:
        return len(self._starts)

    def line_span(self, line: int) -> tuple[int, int]:
        """Return the offsets of a line (from 1), without its line end."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def line(self, line: int) -> str:
        """Return the text of a line (from 1), without its line end."""
        start, end = self.line_span(line)
        return self.text[start:end]


@dataclass(slots=True, eq=False)
class Node:
    """One value. `value` is the plain data of the whole subtree; `start` and `end` are offsets into the file.

    An alias is a node of its own at the place of its use; `target` is the node it stands for, with which it
    shares its children.

    A text with `${NAME}` in it keeps what is `written`; `origins` leads from the characters of its value back to
    that, `variables` names those whose values were put in, and `is_open` says that one is still to come.
    """

    kind: Literal["scalar", "list", "mapping"]
    value: Any
    start: int
    end: int
    style: str = ""
    items: Sequence[Node] = ()
    entries: dict[str, tuple[Node, Node]] = field(default_factory=dict)
    target: Node | None = None
    size: int = 1
    written: str | None = None
    origins: Sequence[int] = ()
    variables: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def definition(self) -> Node:
        """The node that holds the text: itself, or what an alias stands for."""
        return self.target or self

    @property
    def shown(self) -> Any:
        """The value as it stands in the file, fit to be shown: without values of variables."""
        return self.value if self.written is None else self.written

    def child(self, step: str | int) -> Node | None:
        """Return the value under a key or an index, None when there is none."""
        if isinstance(step, int):
            return self.items[step] if 0 <= step < len(self.items) else None
        entry = self.entries.get(step)
        return entry[1] if entry else None

    def key(self, step: str) -> Node | None:
        """Return the node of a key itself."""
        entry = self.entries.get(step)
        return entry[0] if entry else None

    def children(self) -> Iterator[tuple[str | int, Node]]:
        """Yield every direct child with its key or index."""
        yield from enumerate(self.items)
        for name, (_, value) in self.entries.items():
            yield name, value


Path = tuple[str | int, ...]


def find(root: Node, path: Path) -> Node | None:
    """Return the value at a path, None when the path leads nowhere."""
    node: Node | None = root
    for step in path:
        if node is None:
            return None
        node = node.child(step)
    return node


_BLOCK_HEADER = re.compile(r"[|>][^\r\n]*")
_PIECES = {
    '"': re.compile(r"\\(?:x..|u.{4}|U.{8}|\r\n|.)|.", re.DOTALL),
    "'": re.compile(r"''|.", re.DOTALL),
}
_ONE = re.compile(r".", re.DOTALL)


def text_offsets(source: Source, node: Node) -> list[int]:
    """Return for every character of a text scalar its offset in the file, and one more for the end.

    All styles are covered: what is not white space stands in the file in the same order as in the value, so the
    two are aligned by it; white space (which YAML folds) takes the place after the character before it.
    """
    scalar = node.definition
    value = scalar.shown if isinstance(scalar.shown, str) else ""
    offsets = _plain_offsets(source, scalar, value) or _aligned_offsets(source, scalar, value)
    return [offsets[origin] for origin in node.origins] if node.origins else offsets


def _plain_offsets(source: Source, scalar: Node, value: str) -> list[int] | None:
    """Return the offsets of a value that stands in the file letter by letter; None for any other."""
    quote = 1 if scalar.style in ("'", '"') else 0
    start, end = scalar.start + quote, scalar.end - quote
    if end - start != len(value) or not source.text.startswith(value, start):
        return None
    return list(range(start, end + 1))


def _aligned_offsets(source: Source, scalar: Node, value: str) -> list[int]:
    ink = list(_ink(source.text, scalar))
    offsets: list[int] = []
    after = ink[0][0] if ink else scalar.start
    taken = 0
    for char in value:
        if char.isspace() or taken >= len(ink):
            offsets.append(after)
            after += char.isspace()
        else:
            start, after = ink[taken]
            offsets.append(start)
            taken += 1
    offsets.append(after)
    return offsets


def _ink(text: str, scalar: Node) -> Iterator[tuple[int, int]]:
    """Yield start and end offset of everything in the file that became a visible character of the value."""
    start, end, style = scalar.start, scalar.end, scalar.style
    if style in ("'", '"'):
        start, end = start + 1, end - 1
    elif style:
        header = _BLOCK_HEADER.match(text, start, end)
        start = header.end() if header else start
    for piece in _PIECES.get(style, _ONE).finditer(text, start, end):
        if _is_ink(piece.group()):
            yield piece.start(), piece.end()


def _is_ink(piece: str) -> bool:
    if len(piece) == 1:
        return not piece.isspace()
    if piece[0] == "'":
        return True
    kind, digits = piece[1], piece[2:]
    if kind in "xuU":
        return not chr(int(digits, 16)).isspace()
    return kind not in " \t\r\nntrvfN_LP"
