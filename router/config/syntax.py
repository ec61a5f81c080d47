"""YAML syntax errors in plain words, the same whichever parser (libyaml or pure Python) found them."""

from __future__ import annotations

import re
from typing import Any

from router.config.nodes import Source
from router.errors import Label, Problem

_QUOTE_HINT = "close the quote, or double it (`''`) inside a text in single quotes"
_INDENT_HINT = "keys of one mapping start in the same column, and so do the items of one list"
_COLON_HINT = "put a text that holds `: ` in quotes; start keys of one mapping in the same column"
_ESCAPE_HINT = r"in double quotes `\` begins an escape; write patterns in single quotes: '\d+'"
_BRACKET_HINT = "close every `[` and `{` that was opened above"
_BRACKETS = {"]": "[", "}": "{"}


def syntax_problem(source: Source, error: Exception) -> Problem:
    """Turn an error of the YAML parser into a problem."""
    mark: Any = getattr(error, "problem_mark", None)
    before: Any = getattr(error, "context_mark", None) or mark
    offset = min((mark or before).index if mark or before else 0, len(source.text))
    opened = min(before.index if before else offset, offset)
    reason = str(getattr(error, "problem", None) or "it cannot be read")
    context = str(getattr(error, "context", None) or "")
    if "quoted scalar" in context and "end of stream" in reason:
        return _problem(source, opened, "this quote is never closed", hint=_QUOTE_HINT)
    found = _expected_bracket(source, reason, context, offset, opened) or _by_reason(source, reason, offset)
    return found or _problem(source, offset, f"YAML cannot be read here: {reason}", hint=_INDENT_HINT)


def _expected_bracket(source: Source, reason: str, context: str, offset: int, opened: int) -> Problem | None:
    """Recognise a list or mapping in brackets that goes on where it should end."""
    if "flow node" in context:
        return _problem(source, offset, "a value or a closing bracket is missing before this", hint=_BRACKET_HINT)
    if not re.search(r"',' or '[\]}]'", reason):
        return None
    closing = "]" if "sequence" in context or "']'" in reason else "}"
    start, _ = source.position(opened)
    label = Label(source.location(opened, opened + 1), "opened here")
    opener = _BRACKETS[closing]
    text = source.text[opened : opened + 1]
    labels = (label,) if text == opener else ()
    hint = f"close the `{opener}` of line {start}; inside brackets a text with `,`, `[` or `{{` stands in quotes"
    return _problem(source, offset, f"a `,` or `{closing}` is missing before this", hint=hint, labels=labels)


def _by_reason(source: Source, reason: str, offset: int) -> Problem | None:
    """Recognise an error by what stands where it was found."""
    char, last = source.text[offset : offset + 1], source.text[offset - 1 : offset]
    if last in ("*", "&") and re.search("alpha(betic|numeric)", reason):
        return _problem(source, offset - 1, f"a text cannot begin with `{last}`", hint=f'put it in quotes: "{last}"')
    if "cannot start any token" in reason:
        if char == "\t":
            return _problem(source, offset, "a tab cannot indent YAML", hint="use spaces")
        return _problem(source, offset, f"a text cannot begin with `{char}`", hint=f'put it in quotes: "{char}…"')
    if "mapping values are not allowed" in reason:
        return _problem(source, offset, "`:` is not expected here", hint=_COLON_HINT)
    if "escape" in reason:
        offset = max(source.text.rfind("\\", 0, offset + 1), 0)
        return _problem(source, offset, "this is not an escape that YAML knows", hint=_ESCAPE_HINT)
    if "could not find expected ':'" in reason:
        return _problem(source, offset, "a `:` is missing before this", hint="a key is followed by `: `")
    if "sequence entries are not allowed" in reason:
        return _problem(source, offset, "a list cannot begin on this line", hint="start each item on a line of its own")
    if "expected <block end>" in reason or "did not find expected" in reason or "expected ':'" in reason:
        return _problem(source, offset, "this does not fit the lines above", hint=_INDENT_HINT)
    return None


def _problem(source: Source, offset: int, message: str, *, hint: str, labels: tuple[Label, ...] = ()) -> Problem:
    return Problem(
        code="RT102",
        message=message,
        location=source.location(offset, offset + 1),
        effect="the file is not read",
        hint=hint,
        labels=labels,
    )
