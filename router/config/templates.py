"""Text with `{attribute}` holes, as `trace:` and `generation:` take it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.config.text_error import TextError

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Hole:
    """`{attribute}`; `start` and `end` are the offsets of the braces."""

    attribute: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal text and holes, in order."""

    text: str
    parts: tuple[str | Hole, ...]

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The holes, in order."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the holes, in order."""
        return tuple(hole.attribute for hole in self.holes)

    @property
    def literal(self) -> str | None:
        """The whole text when there is no hole, braces unescaped; None otherwise."""
        return None if self.attributes else "".join(str(part) for part in self.parts)


def parse_template(text: str) -> Template:
    """Split a text into literal parts and holes; `{{` and `}}` stand for one brace.

    Raises:
        TextError: a brace without its partner, or an empty hole.
    """
    parts: list[str | Hole] = []
    literal: list[str] = []
    for piece in _PIECE.finditer(text):
        found = piece.group()
        if found in ("{", "}"):
            raise TextError(f"`{found}` has no partner", *piece.span(), f"write `{found * 2}` for a plain brace")
        if found in ("{{", "}}"):
            literal.append(found[0])
        elif found[0] == "{":
            name = found[1:-1].strip()
            if not name:
                raise TextError("`{}` names no attribute", *piece.span(), "write `{team}`, or `{{}}` for braces")
            parts += ["".join(literal)] if literal else []
            parts.append(Hole(name, *piece.span()))
            literal = []
        else:
            literal.append(found)
    parts += ["".join(literal)] if literal else []
    return Template(text, tuple(parts))
