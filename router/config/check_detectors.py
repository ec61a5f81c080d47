"""Checks of own detectors: their names, what their patterns could find, and that something uses them."""

from __future__ import annotations

from collections.abc import Sequence

from router.config.check_masks import check_search_pattern
from router.config.extras import missing_for
from router.config.findings import Findings
from router.config.model import DETECTOR_NAMES, NamedEntities, PatternDetector
from router.config.mounting import Mounted, whole_drafts
from router.config.nodes import Path
from router.config.suggest import did_you_mean
from router.config.validators import UnknownValidator, find_validator, validator_names

_COUNTED = ("key", "max_chars", "media", "path", "pattern", "secret_name")
"""Names under which hits of no detector are counted."""


def check_detectors(findings: Findings, lent: Sequence[str] = (), files: Sequence[Mounted] = ()) -> None:
    """Check every detector of the file, and every `detect` of its masks.

    Args:
        lent: detectors of listed packs.
        files: the team files that it mounts; their masks may use the detectors too.
    """
    draft = findings.draft
    for name in draft.names["detectors"]:
        if name in DETECTOR_NAMES or name in _COUNTED:
            kind = "is built in" if name in DETECTOR_NAMES else "counts hits of no detector"
            effect = "nobody could tell the two apart, in `detect` or in what is counted"
            path = ("detectors", name)
            findings.add("RT261", f"`{name}` {kind}", path, key=True, effect=effect, hint="give it another name")
    for name, spec in draft.detectors.items():
        if isinstance(spec, PatternDetector):
            _check_pattern(findings, ("detectors", name), spec, f"detector `{name}` would find nothing")
        elif isinstance(spec, NamedEntities) and (missing := missing_for(spec)) is not None:
            key, message, hint = missing
            effect = f"detector `{name}` would find nothing"
            findings.add("RT265", message, ("detectors", name, key), effect=effect, hint=hint)
    used = check_detector_uses(findings, lent)
    teams = whole_drafts(files)
    if draft.is_pack or len(draft.masks) < len(draft.names["masks"]) or teams is None:
        return
    used.update(name for team in teams for steps in team.masks.values() for step in steps for name in step.detect or ())
    for name in draft.detectors:
        if name not in used and name not in DETECTOR_NAMES:
            message, effect = f"no mask asks for detector `{name}`", "what it finds is not hidden"
            hint = f"name it in a mask: `detect: [{name}]`, or take it away"
            path = ("detectors", name)
            findings.add("RT264", message, path, key=True, severity="warning", effect=effect, hint=hint)


def _check_pattern(findings: Findings, path: Path, spec: PatternDetector, effect: str) -> None:
    compiled = check_search_pattern(findings, (*path, "pattern"), spec.pattern, effect)
    if compiled is not None and spec.group > compiled.groups:
        count = compiled.groups
        message = f"the pattern has no group {spec.group}"
        hint = f"its groups: 1 to {count}" if count else "put parentheses around what is to be replaced"
        findings.add("RT262", message, (*path, "group"), effect=effect, hint=hint)
    if spec.validate_ is not None:
        try:
            find_validator(spec.validate_)
        except UnknownValidator as error:
            known = validator_names()
            label = did_you_mean(spec.validate_, known) if spec.validate_ not in known else ""
            hint = "write `luhn`, `iban`, or `stdnum:<module>` for a module of python-stdnum, as in `stdnum:us.ssn`"
            findings.add("RT262", str(error), (*path, "validate"), label=label, effect=effect, hint=hint)


def check_detector_uses(findings: Findings, lent: Sequence[str] = ()) -> set[str]:
    """Report unknown names in `detect`; return every name that is used."""
    draft = findings.draft
    known = tuple(dict.fromkeys((*DETECTOR_NAMES, *draft.known("detectors"), *lent)))
    used: set[str] = set()
    for mask, steps in draft.masks.items():
        for index, step in enumerate(steps):
            used.update(step.detect or ())
            for position, name in enumerate(step.detect or ()):
                if name not in known:
                    label = did_you_mean(name, known) or "no such detector"
                    path = ("masks", mask, index, "detect", position)
                    effect = f"mask `{mask}` would not hide what it should find"
                    hint = f"detectors: {', '.join(known)}"
                    findings.add("RT260", f"unknown detector `{name}`", path, label=label, effect=effect, hint=hint)
    return used
