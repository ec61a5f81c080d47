"""Checks of mask steps: that each says where, what and how without contradiction."""

from __future__ import annotations

from typing import Any

from router.config.check_conditions import check_pattern
from router.config.findings import Findings
from router.config.mask_paths import PATH_ROOTS, PathError, UnknownField, parse_path
from router.config.model import MaskStep
from router.config.nodes import Path
from router.config.suggest import did_you_mean

_SAMPLE = (
    "Please summarise the meeting notes of 2026-03-14 for the customer in Berlin, order 48213, "
    'and answer with {"title": "Notes", "items": [1, 2, 3]} only. Vielen Dank! 你好'
)
"""A text without anything to hide: a pattern that eats most of it means everything."""


def check_masks(findings: Findings) -> None:
    """Check every step of every mask of the file."""
    for name, steps in findings.draft.masks.items():
        for index, step in enumerate(steps):
            _check_step(findings, ("masks", name, index), step, name)


def _check_step(findings: Findings, path: Path, step: MaskStep, mask: str) -> None:
    if step.paths is None and step.detect is None and step.pattern is None:
        hint = "name `paths:` to hide whole values, or `detect:` or `pattern:` to hide what is found in them"
        findings.add("RT230", "the step says neither where nor what", path, effect=_nothing(mask), hint=hint)
    if step.action == "hash" and step.key is None:
        message, hint = "`action: hash` needs a `key`", "add `key: {env: MASK_KEY}`, at least 32 random bytes"
        effect = "without a key anybody could try out values until a pseudonym fits"
        findings.add("RT231", message, (*path, "action"), effect=effect, hint=hint)
    if step.action != "hash" and step.key is not None:
        message = f"`key` has no use with `action: {step.action}`"
        effect = "nothing would be hashed"
        findings.add("RT230", message, (*path, "key"), key=True, effect=effect, hint="add `action: hash`")
    if step.action != "redact" and step.as_ is not None:
        message = f"`as` has no use with `action: {step.action}`"
        effect = "the label would never be written"
        findings.add("RT230", message, (*path, "as"), key=True, effect=effect, hint="only `redact` writes a label")
    for index, text in enumerate(step.paths or ()):
        _check_path(findings, (*path, "paths", index), text, mask)
    if step.pattern is not None:
        check_search_pattern(findings, (*path, "pattern"), step.pattern, _nothing(mask))


def _nothing(mask: str) -> str:
    return f"mask `{mask}` would hide nothing by this step"


def _check_path(findings: Findings, path: Path, text: str, mask: str) -> None:
    effect = _nothing(mask)
    try:
        parse_path(text)
    except UnknownField as error:
        label = did_you_mean(error.name, PATH_ROOTS) or "no such field"
        hint = "a path starts with " + ", ".join(PATH_ROOTS)
        message = f"nothing of a call is called `{error.name}`"
        findings.add("RT232", message, path, label=label, effect=effect, hint=hint)
    except PathError as error:
        hint = "write steps with dots, `*` for one whole step: metadata.account, trace.tags[*], **.password"
        findings.add("RT232", f"the path `{text}` cannot be read", path, label=str(error), effect=effect, hint=hint)


def check_search_pattern(findings: Findings, path: Path, pattern: str, effect: str) -> Any:
    """Compile a pattern that looks for values in texts; None, and a finding, when it cannot or finds everything."""
    compiled: Any = check_pattern(findings, path, pattern, effect)
    if compiled is None:
        return None
    hits = [found.end() - found.start() for found in compiled.finditer(_SAMPLE)]
    if 0 in hits or compiled.search("") is not None:
        message = "the pattern matches the empty text"
        effect = "it hits where nothing stands"
        findings.add("RT211", message, path, effect=effect, hint="ask for at least one character: `+` for `*`")
        return None
    if sum(hits) * 2 > len(_SAMPLE):
        message = "the pattern matches nearly every text"
        effect = "prompts and answers would be hidden, tool calls and numbers would be cut to pieces"
        hint = "to hide whole fields use `paths: [input, output]` without a pattern"
        findings.add("RT211", message, path, effect=effect, hint=hint)
        return None
    return compiled
