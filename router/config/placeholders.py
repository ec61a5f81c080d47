"""`${NAME}`, `${NAME:-default}`, `${NAME:?why}` and `$$` in one text, filled in from an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<kind>[-?])(?P<rest>(?:(?!\$\{)[^}])*))?\}"
_PIECE = re.compile(rf"\$\$|{_NAME}|\$\{{")
_PLACEHOLDER = re.compile(_NAME)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A variable named in a text; `start` and `end` are offsets into the text as written.

    Attributes:
        default: what stands for a variable that is not set or empty; None without `:-`.
        why: what the operator wants said when it is not set; empty without `:?`.
    """

    name: str
    start: int
    end: int
    default: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A `${` that begins no placeholder."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A placeholder that could not be filled in; `state` completes "environment variable `X` …"."""

    placeholder: Placeholder
    state: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A text after filling in.

    Attributes:
        origins: for every character of `text`, and for its end, the offset in the text as written.
        variables: whose values stand in `text` now, in order.
        is_open: whether a placeholder (or what cannot be read as one) still stands for itself, so that the final
            text is not known.
    """

    text: str
    origins: tuple[int, ...]
    variables: tuple[str, ...]
    is_open: bool
    faults: tuple[Malformed | Missing, ...]


def placeholders(text: str) -> Iterator[Placeholder]:
    """Yield what looks like a placeholder, escaped ones included; for texts that are not filled in."""
    for found in _PLACEHOLDER.finditer(text):
        yield _placeholder(found)


def wanted(text: str) -> Iterator[Placeholder]:
    """Yield the placeholders of a text that is filled in."""
    for found in _PIECE.finditer(text):
        if found["name"]:
            yield _placeholder(found)


def fill(text: str, environ: Mapping[str, str] | None, *, template: bool) -> Filled:
    """Fill in the placeholders of a text; what is put in is never read again.

    Args:
        environ: None leaves a placeholder its default, or itself.
        template: the text has `{attribute}` holes, so braces that are put in are doubled.
    """
    pieces: list[str] = []
    origins: list[int] = []
    variables: list[str] = []
    faults: list[Malformed | Missing] = []
    is_open = False
    last = 0

    def put(piece: str, start: int) -> None:
        piece = piece.replace("{", "{{").replace("}", "}}") if template else piece
        pieces.append(piece)
        origins.extend([start] * len(piece))

    for found in _PIECE.finditer(text):
        start, end = found.span()
        pieces.append(text[last:start])
        origins.extend(range(last, start))
        last = end
        if found[0] == "$$":
            put("$", start)
        elif not found["name"]:
            is_open = True
            faults.append(Malformed(start, end))
            put(found[0], start)
        else:
            wish = _placeholder(found)
            value, state = _value(wish, environ)
            if value is None:
                is_open = True
                if state:
                    faults.append(Missing(wish, state))
            elif not state:
                variables.append(wish.name)
            put(found[0] if value is None else value, start)
    pieces.append(text[last:])
    origins.extend(range(last, len(text) + 1))
    return Filled("".join(pieces), tuple(origins), tuple(dict.fromkeys(variables)), is_open, tuple(faults))


def _placeholder(found: re.Match[str]) -> Placeholder:
    kind, rest = found["kind"], found["rest"] or ""
    return Placeholder(
        found["name"], *found.span(), default=rest if kind == "-" else None, why=rest.strip() if kind == "?" else ""
    )


def _value(wish: Placeholder, environ: Mapping[str, str] | None) -> tuple[str | None, str]:
    """Return what to put in (None: nothing is known), and the state of the variable where its value is not used."""
    if environ is None:
        return wish.default, "" if wish.default is None else "is not read"
    value = environ.get(wish.name, "").strip()
    if not value:
        return wish.default, "is empty" if wish.name in environ else "is not set"
    try:
        value.encode()
    except UnicodeEncodeError:
        return None, "is not UTF-8"
    return value, ""
