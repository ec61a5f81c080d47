"""YAML syntax errors in words that both YAML parsers (libyaml and pure Python) lead to."""

from __future__ import annotations

from typing import Any

from router.config.nodes import Source
from router.errors import Problem


def syntax_problem(source: Source, error: Exception) -> Problem:
    """Turn an error of the YAML parser into a problem."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    offset = min(mark.index if mark is not None else 0, len(source.text))
    reason = str(getattr(error, "problem", None) or "it cannot be read")
    message, hint = f"this is not YAML: {reason}", ""
    return Problem(
        code="RT102",
        message=message,
        location=source.location(offset, offset + 1),
        effect="the file is not read",
        hint=hint,
    )
