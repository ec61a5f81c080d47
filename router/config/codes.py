"""The registry of problem codes: what each means, why it matters, how to mend it, and an example of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BLOCKS: Mapping[str, str] = MappingProxyType(
    {
        "RT1": "file and shape",
        "RT2": "matchers, expressions and masks",
        "RT3": "reachability and order",
        "RT4": "guarantees",
        "RT5": "mounts and trust",
        "RT6": "projects and secrets",
        "RT7": "Langfuse's own limits",
        "RT8": "cost",
        "RT9": "deprecation",
    }
)
"""What the first digit of a code says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of problem.

    Attributes:
        title: what is wrong, as a headline.
        why: what would happen if nobody mended it.
        mend: the way out.
        bad: a piece of YAML that has the problem; empty where none can show it.
        good: the same piece mended.
        file: the file in which the pieces stand.
        warning: whether the program runs all the same.
    """

    title: str
    why: str
    mend: str
    bad: str = ""
    good: str = ""
    file: str = "routing.yaml"
    warning: bool = False

    @property
    def severity(self) -> str:
        return "warning" if self.warning else "error"


def all_codes() -> Mapping[str, Code]:
    """Return every code with its meaning, in order."""
    from router.config.codes_detectors import DETECTORS
    from router.config.codes_file import FILE
    from router.config.codes_mounts import MOUNTS
    from router.config.codes_overrides import OVERRIDES
    from router.config.codes_packs import PACKS
    from router.config.codes_projects import PROJECTS
    from router.config.codes_rules import RULES
    from router.config.codes_tables import TABLES

    pages = {**FILE, **RULES, **PROJECTS, **TABLES, **DETECTORS, **OVERRIDES, **PACKS, **MOUNTS}
    return MappingProxyType(dict(sorted(pages.items())))


def find_code(text: str) -> Code | None:
    """Return the meaning of a code in any case (`rt203`), None for one that does not exist."""
    return all_codes().get(text.strip().upper())


def near_codes(text: str) -> list[str]:
    """Return the codes that someone who wrote `text` may have meant, at most five: those that begin like it."""
    wanted = text.strip().upper()
    for length in range(len(wanted), 2, -1):
        if found := [code for code in all_codes() if code.startswith(wanted[:length])]:
            return found[:5]
    return []
