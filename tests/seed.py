"""The rows of tests/seed.yaml, and what LiteLLM's own callback sends for them (tests/seed_compared.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ALIKE = object()
"""Stands for a value that both callbacks send."""
AS_HERE = "as here"

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Compared:
    """What LiteLLM's own callback sends in one case of `make parity`.

    Attributes:
        attribute: as bench.parity names it.
        sent: LiteLLM's value where ours is another, `—` for nothing; else ALIKE.
        says: what the table tells.
    """

    case: str
    attribute: str
    sent: Any
    says: str


def seed_groups() -> Mapping[str, Mapping[str, str]]:
    """Return what the seed promises: `{group: {row: sentence}}`."""
    groups: dict[str, dict[str, str]] = yaml.safe_load((_FOLDER / "seed.yaml").read_text("utf-8"))
    return groups


def seed_rows() -> dict[str, str]:
    """Return the rows of all groups, and their sentences."""
    return {row: sentence for rows in seed_groups().values() for row, sentence in rows.items()}


def seed_compared() -> Mapping[str, tuple[Compared, ...]]:
    """Return what was compared, for the rows of which something was."""
    return {
        row: tuple(_compared(**entry) for entry in entries)
        for row, entries in _written().items()
        if not isinstance(entries, str)
    }


def seed_not_compared() -> Mapping[str, str]:
    """Return why a row cannot be compared, for each of the others."""
    return {row: why for row, why in _written().items() if isinstance(why, str)}


def _written() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((_FOLDER / "seed_compared.yaml").read_text("utf-8"))
    return found


def _compared(case: str, attribute: str, sent: Any = ALIKE, says: str = "") -> Compared:
    return Compared(case, attribute, sent, says or (AS_HERE if sent is ALIKE else "lost"))
