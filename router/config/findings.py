"""Collects findings about a draft, so that a check only says what is wrong and at which path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from router.config.draft import Draft
from router.config.nodes import Node, Path, text_offsets
from router.config.yaml_reader import MAX_PROBLEMS
from router.errors import Label, Location, Problem, Severity


class Enough(Exception):
    """There are more errors than are told."""


class Findings:
    """The findings about one file, no more of them than are told."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.problems: list[Problem] = []
        self._ends = False
        self._left: dict[Severity, int] = {"error": MAX_PROBLEMS + 1, "warning": MAX_PROBLEMS + 1}
        self._told: set[tuple[str, str, Location]] = set()
        self._offsets: tuple[Node | None, list[int]] = (None, [])

    @contextmanager
    def until_enough(self) -> Iterator[None]:
        """End what is done inside as soon as there are more errors than are told; elsewhere they are only not kept."""
        self._ends = True
        with suppress(Enough):
            yield
        self._ends = False

    def add(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        key: bool = False,
        severity: Severity = "error",
        label: str = "",
        effect: str = "",
        hint: str = "",
        labels: tuple[Label, ...] = (),
    ) -> None:
        """Record a finding at the value at a path, or at its key; about an expanded project it names the row too."""
        location = self.draft.at_key(*path) if key else self.draft.at(*path)
        origin = self.draft.origin(path)
        if origin is not None:
            # What has nothing to do with the row would be told for each of them.
            if (code, message, location) in self._told:
                return
            self._told.add((code, message, location))
            labels += (Label(origin.row.location, f"row `{origin.row.key}` of table `{origin.table}`"),)
        self.add_at(code, message, location, severity=severity, label=label, effect=effect, hint=hint, labels=labels)

    def add_at(
        self,
        code: str,
        message: str,
        location: Location,
        *,
        severity: Severity = "error",
        label: str = "",
        effect: str = "",
        hint: str = "",
        labels: tuple[Label, ...] = (),
    ) -> None:
        """Record a finding at a place."""
        if not self._left[severity]:
            if severity == "error" and self._ends:
                raise Enough
            return
        self._left[severity] -= 1
        self.problems.append(
            Problem(
                code=code,
                message=message,
                location=location,
                severity=severity,
                label=label,
                effect=effect,
                hint=hint,
                labels=labels,
            )
        )

    def inside(self, path: Path, start: int, end: int) -> Location:
        """Return the place of a part of a text value; `start` and `end` are offsets into the value."""
        node = self.draft.node(*path)
        if node is None:
            return self.draft.at(*path)
        if self._offsets[0] is not node:
            self._offsets = (node, text_offsets(self.draft.source, node))
        offsets = self._offsets[1]
        last = len(offsets) - 1
        first_offset = offsets[min(start, last)]
        if end > start:
            end_offset = offsets[min(end - 1, last)] + 1
            if end <= last and offsets[end] > end_offset and not self._is_space(end_offset):
                end_offset = offsets[end]
        else:
            end_offset = first_offset + 1
        return self.draft.source.location(first_offset, max(end_offset, first_offset + 1))

    def _is_space(self, offset: int) -> bool:
        return self.draft.source.text[offset : offset + 1].isspace()


def from_variables(node: Node) -> str:
    """Return words for a value that variables are part of (it may be a secret), nothing for one without."""
    names = ", ".join(f"`{name}`" for name in node.variables)
    return f"from variable{'s' * (len(node.variables) > 1)} {names}" if names else ""
