"""What the benchmarks print: a head line, plain tables, targets, and progress on stderr."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

_PACKAGES = ("langfuse-router", "litellm", "langfuse", "aiohttp", "orjson", "google-re2", "pydantic")
_QUIET_SECS = 2.0

CAVEAT = (
    "Times depend on the machine and on what else it does. Peers take turns within one process, so compare columns "
    "of one run; numbers of different runs or machines say little. All traffic stays on loopback, without TLS."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A promise, and whether this run kept it. Being missed fails nothing: the machine may be at fault."""

    text: str
    measured: str
    met: bool

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "measured": self.measured, "met": self.met}

    def __str__(self) -> str:
        return f"target: {self.text}: {self.measured} — {'met' if self.met else 'MISSED'}"


@dataclass(frozen=True, slots=True)
class Table:
    """One result.

    Attributes:
        title: what was done, in a line.
        columns: name of each column.
        rows: raw values; numbers are rounded in print only.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "targets": [target.to_json() for target in self.targets],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        cells = [list(self.columns), *([_cell(value) for value in row] for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(self.columns))]
        numeric = [all(not isinstance(row[column], str) for row in self.rows) for column in range(len(self.columns))]
        lines = [_line(line, widths, numeric) for line in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        after = [*self.notes, *map(str, self.targets)]
        return "\n".join([self.title, "", *lines, *([""] if after else []), *after])


def head() -> dict[str, Any]:
    """Return what the numbers depend on: date, machine, versions."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": {name: _version(name) for name in _PACKAGES},
        "caveat": CAVEAT,
    }


def head_line(found: dict[str, Any]) -> str:
    """Return the head as text."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return (
        f"{found['date']}, Python {found['python']}, {found['system']}, {found['cores']} cores, "
        f"load {found['load']} at the start\n{versions}\n{found['caveat']}"
    )


class Progress:
    """Tells on stderr what runs, as soon as that takes longer than two seconds."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._told = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._told >= _QUIET_SECS:
            print(f"… {text}", file=self._stream, flush=True)
            self._told = time.monotonic()


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return "  ".join(padded).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"
