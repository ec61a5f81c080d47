"""The path language of mask steps: `input`, `metadata.account`, `trace.tags[*]`, `**.password`."""

from __future__ import annotations

from typing import Any, Final

import re2

ANY: Final = "*"
DEEP: Final = "**"
PATH_ROOTS: Final = {
    "input": (("input",),),
    "output": (("output",),),
    "error": (("error",),),
    "content": (("input",), ("output",), ("error",)),
    "metadata": (("generation", "metadata"),),
    "tags": (("trace", "tags"),),
    "trace": (("trace",),),
    "generation": (("generation",),),
    "model": (("model",),),
    "model_parameters": (("model_parameters",),),
}
"""First steps of a path, and where in a call's document they lead; `*` and `**` may stand there as well."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_SEGMENT = re2.compile(r"'((?:[^']|'')*)'|\[(\*|[0-9]{1,9}|'(?:[^']|'')*')\]|([^.\[\]']+)", _OPTIONS)


class PathError(ValueError):
    """A path cannot be read; the text says why."""


class UnknownField(PathError):
    """A path begins with `name`, which no call has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` is not a field; there are {', '.join(sorted(PATH_ROOTS))}")
        self.name = name


class Segment(str):
    """One step of a path. As text it is the key, lower-case; `wild` is `*` or `**`, or empty for a key."""

    wild: str
    _glob: Any

    def __new__(cls, key: str, wild: str = "", glob: Any = None) -> Segment:
        self = super().__new__(cls, key)
        self.wild = wild
        self._glob = glob
        return self

    def takes(self, key: str) -> bool:
        """Return whether the segment stands for `key`, which is lower-case."""
        if self._glob is not None:
            return self._glob.fullmatch(key.replace("-", "_")) is not None
        return self.wild == ANY or self == key


Path = tuple[Segment, ...]


def parse_path(text: str) -> tuple[Path, ...]:
    """Return the paths into the document that `text` names (`content` names three).

    Keys are compared without case. Raises PathError.
    """
    segments = _segments(text)
    root, rest = segments[0], segments[1:]
    if root.wild:
        return (segments,)
    if root not in PATH_ROOTS:
        raise UnknownField(root)
    return tuple(tuple(Segment(key) for key in keys) + rest for keys in PATH_ROOTS[root])


def parse_key(text: str) -> Path:
    """Return the path to every value whose key is `text`, at any depth; `*` stands for any part of the key.

    Keys are compared without case, `-` and `_` are the same.
    """
    parts = [re2.escape(part.replace("-", "_")) for part in text.casefold().split("*")]
    return Segment("", wild=DEEP), Segment(text.casefold(), glob=re2.compile("(?s)" + ".*".join(parts), _OPTIONS))


def _segments(text: str) -> Path:
    segments: list[Segment] = []
    position = 0
    while position < len(text):
        if segments and text[position] == ".":
            position += 1
        elif segments and text[position] != "[":
            raise PathError(f"a dot or a bracket is missing before `{text[position:]}`")
        match = _SEGMENT.match(text, position)
        if not match:
            raise PathError(f"nothing that can be read stands at `{text[position:]}`")
        segments.append(_segment(*match.groups()))
        position = match.end()
    if not segments or text.endswith("."):
        raise PathError("a path needs a key after every dot")
    return tuple(segments)


def _segment(quoted: str | None, bracket: str | None, bare: str | None) -> Segment:
    if bracket is not None and bracket.startswith("'"):
        quoted = bracket[1:-1]
    if quoted is not None:
        return Segment(quoted.replace("''", "'").casefold())
    text = (bracket or bare or "").strip()
    if text in (ANY, DEEP):
        return Segment("", wild=text)
    if "*" in text:
        raise PathError(f"`*` stands for a whole key, it cannot be part of one: `{text}`")
    return Segment(text.casefold())
