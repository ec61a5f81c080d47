"""Team files left out because they are broken, and the hiding of what they could have hidden."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from router.config.draft import Draft
from router.config.loaded import Located
from router.config.model import DROP, MASK_INPUT, MASK_OUTPUT, MaskStep, Overlay
from router.config.mounting import Mounted, words_of
from router.errors import Location, Problem

_HARMLESS_SECTIONS = frozenset({"description", "projects", "rules", "tests"})
_HARMLESS_KEYS = frozenset(
    {"id", "description", "match", "when", "rollout", "mode", "route", "trace", "generation", "sample"}
)
_BESIDES_CONTENT = (
    "error",
    "metadata",
    "model_parameters",
    "trace.name",
    "trace.user_id",
    "trace.session_id",
    "trace.tags",
    "trace.version",
    "trace.metadata",
    "generation.name",
    "generation.version",
)
"""What a call's own words can stand in, apart from input and output."""


def could_hide(file: Mounted) -> bool:
    """Tell whether a broken file could have hidden or kept back anything: unless it was read and says nothing of it.

    A key that is not known may be a misspelt `mask`, so only those that certainly hide nothing are harmless.
    """
    if file.draft is None or any(problem.code.startswith("RT10") for problem in file.problems):
        return True
    data: Mapping[str, Any] = file.draft.root.value
    rules, own = data.get("rules", []), data.get("projects", {})
    if not data.keys() <= _HARMLESS_SECTIONS or not isinstance(rules, list) or not isinstance(own, dict):
        return True
    return not all(isinstance(rule, dict) and _is_harmless(rule, own) for rule in rules)


def _is_harmless(rule: Mapping[str, Any], own: Container[str]) -> bool:
    """Tell whether a call that misses the rule goes no further, and says no more of itself, than with it.

    A `set` replaces what the request says, a sample keeps calls back, and a project of the team's own may be closed
    to those who read that of the rules below.
    """
    updates = [rule.get(kind, {}) for kind in ("trace", "generation")]
    adds = all(isinstance(update, dict) and "set" not in update for update in updates)
    return rule.keys() <= _HARMLESS_KEYS and adds and _keeps_all(rule.get("sample", 1)) and _sends(rule, own)


def _keeps_all(sample: Any) -> bool:
    rate = sample.get("rate") if isinstance(sample, dict) else sample
    return isinstance(rate, (int, float)) and rate >= 1


def _sends(rule: Mapping[str, Any], own: Container[str]) -> bool:
    route = rule.get("route")
    names = route if isinstance(route, list) else [route]
    return all(isinstance(name, str) and name.strip().casefold() != DROP and name not in own for name in names)


def hiding_overlay(file: Mounted, main: Draft) -> tuple[Located[Overlay], str, Located[tuple[MaskStep, ...]]]:
    """Return the overlay that hides the calls of a file left out, and the mask that it brings, with its name."""
    place = main.at("rules", file.index, "mount")
    name = f"{file.stem}/quarantined"
    overlay = Overlay.model_construct(
        id=name,
        description=f"{file.file} is left out, and could have hidden something",
        match=file.scope,
        mask=[MASK_INPUT, MASK_OUTPUT, name],
    )
    return Located(overlay, place), name, Located((MaskStep(paths=list(_BESIDES_CONTENT)),), place)


def told_at_mount(file: Mounted, main: Draft) -> Problem:
    """Return the warning, at the mount, that a file is left out."""
    number = sum(problem.severity == "error" for problem in file.problems)
    hidden = (
        "their content and metadata are hidden, for the file could have hidden them"
        if could_hide(file)
        else "nothing more of them is hidden, for the file hid nothing"
    )
    place: Location = main.at("rules", file.index, "mount")
    return Problem(
        code="RT512",
        message=f"team file `{file.file}` has {number} error{'s' * (number != 1)} and is left out",
        location=place,
        severity="warning",
        effect=f"calls with {words_of(file.scope)} go to the rules below; {hidden}",
        hint="mend the file; until then its rules, overlays and tests do not exist",
    )
