"""Every error this package raises, and `Problem`, one finding about a configuration.

RouterError
├─ ConfigError      the configuration has errors          .problems: all of them, in file order
├─ RequestError     a call described by hand has an unknown key or a value of the wrong type
├─ MaskingError     a mask could not be applied           the content is withheld, never sent
└─ DeliveryError    a sender was used in a way it forbids (delivery itself counts, it does not raise)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. Lines and columns count from 1; `end_column` is exclusive and on `end_line`."""

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains a problem, with the words that stand beside it."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of a file for a code frame: secrets blanked, `cut` characters taken off its left end."""

    line: int
    text: str
    cut: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding of `router check`.

    Attributes:
        code: stable public identifier, `RT` and three digits; `router rule CODE` explains it.
        message: what is wrong, in one sentence without a full stop; identifiers in backticks.
        location: where.
        label: the words under the caret of the code frame.
        effect: what would happen if nobody mended it.
        hint: the way out.
        labels: other places that belong to the finding.
        excerpt: the lines around those places, so that a frame can be drawn without the file.
    """

    code: str
    message: str
    location: Location
    severity: Severity = "error"
    label: str = ""
    effect: str = ""
    hint: str = ""
    labels: tuple[Label, ...] = ()
    excerpt: tuple[Excerpt, ...] = field(default=(), repr=False, compare=False)

    @property
    def file(self) -> str:
        return self.location.file

    @property
    def line(self) -> int:
        return self.location.line

    @property
    def column(self) -> int:
        return self.location.column

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.location}: {self.code} {self.message}{hint}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-able data, positions included."""
        where = self.location
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": where.file,
            "line": where.line,
            "column": where.column,
            "end_line": where.end_line,
            "end_column": where.end_column,
            "effect": self.effect,
            "hint": self.hint,
        }


class RouterError(Exception):
    """Base of every error of this package. Its text never holds content or secrets."""


@dataclass
class ConfigError(RouterError):
    """The configuration cannot be loaded; `problems` holds every finding, errors and warnings."""

    problems: tuple[Problem, ...] = field(default=())

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class RequestError(RouterError):
    """A call described by hand has an unknown key or a value of the wrong type; names the key, never the value."""


class MaskingError(RouterError):
    """A mask could not be applied; whatever it guarded is withheld."""


class DeliveryError(RouterError):
    """A sender was used in a way it forbids, for example after its shutdown."""
