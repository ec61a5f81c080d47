"""A problem as text: the frame with the source line, a caret under the offender, the effect and the way out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

from router.errors import Excerpt, Location, Problem

Role = Literal["error", "warning", "gutter", "caret", "label", "path", "note"]
Style = Callable[[Role, str], str]
"""Gives a piece of the frame its colour: the role of the piece, its text → the text to print."""


def plain(role: Role, text: str) -> str:  # noqa: ARG001
    """Leave a text as it is."""
    return text


def render_problem(problem: Problem, source_lines: Sequence[str] | None = None, *, style: Style = plain) -> str:
    """Draw the frame of a problem, without a newline at its end.

    Args:
        problem: what to draw; its own `excerpt` holds the lines (secrets blanked).
        source_lines: lines of the file, for a problem without an excerpt.
        style: colours.
    """
    head = style(problem.severity, f"{problem.severity}[{problem.code}]") + f": {clean(problem.message)}"
    where = problem.location
    if not where.line:
        arrow = style("gutter", "  -->")
        return "\n".join([head, f"{arrow} {style('path', clean(str(where)))}", *_notes(problem, "   ", style)])
    excerpt = problem.excerpt or _excerpt_of(problem, source_lines or ())
    width = len(str(max([line.line for line in excerpt] + [where.line])))
    arrow = style("gutter", " " * width + "-->")
    bar = style("gutter", " " * width + " |")
    lines = [head, f"{arrow} {style('path', clean(str(where)))}"]
    if excerpt:
        lines += [bar, *_body(problem, excerpt, width, style), bar]
    return "\n".join([*lines, *_notes(problem, " " * width + " ", style)])


def render_concise(problem: Problem) -> str:
    """Return one line: place, code, message."""
    return clean(f"{problem.location}: {problem.code} {problem.message}")


def clean(text: str) -> str:
    """Make what could steer a terminal or reorder a line visible; tabs become four spaces."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char == "\t":
        return "    "
    return "\ufffd" if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") else char


def _excerpt_of(problem: Problem, source_lines: Sequence[str]) -> tuple[Excerpt, ...]:
    first = max(1, problem.line - 2)
    return tuple(
        Excerpt(number, source_lines[number - 1]) for number in range(first, min(problem.line, len(source_lines)) + 1)
    )


def _notes(problem: Problem, indent: str, style: Style) -> list[str]:
    elsewhere = [label for label in problem.labels if label.location.file != problem.file]
    notes = [
        ("effect", problem.effect),
        *(("note", f"{label.location}: {label.text}") for label in elsewhere),
        ("help", problem.hint),
    ]
    return [f"{indent}{style('gutter', '=')} {style('note', name + ':')} {clean(text)}" for name, text in notes if text]


def _body(problem: Problem, excerpt: Sequence[Excerpt], width: int, style: Style) -> list[str]:
    """Return the source lines with what is drawn under them."""
    marks: list[tuple[Location, str, str]] = [(problem.location, "^", problem.label)]
    marks += [(label.location, "-", label.text) for label in problem.labels if label.location.file == problem.file]
    bar = style("gutter", " " * width + " |")
    lines: list[str] = []
    before = 0
    for line in excerpt:
        if before and line.line > before + 1:
            lines.append(style("gutter", "..."))
        before = line.line
        text = ("…" if line.cut else "") + clean(line.text)
        lines.append(f"{style('gutter', f'{line.line:>{width}} |')} {text}".rstrip())
        for location, sign, label in marks:
            if location.line == line.line:
                lines.append(f"{bar} {_underline(line, location, sign, label, style)}".rstrip())
    return lines


def _underline(line: Excerpt, where: Location, sign: str, label: str, style: Style) -> str:
    """Return the row under a line: signs below the span, then the label."""
    first = max(0, where.column - 1 - line.cut)
    last = where.end_column - 1 - line.cut if where.end_line == where.line else len(line.text.rstrip())
    indent = _width(line.text[:first]) + (1 if line.cut else 0) + max(0, first - len(line.text))
    marked = sign * max(1, _width(line.text[first:last]))
    role: Role = "caret" if sign == "^" else "label"
    return " " * indent + style(role, marked) + (f" {style(role, clean(label))}" if label else "")


def _width(text: str) -> int:
    """Return how many columns a terminal gives a text: two for wide characters, none for combining ones."""
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if char == "\t":
        return 4
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
