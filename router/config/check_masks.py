"""Checks of mask steps: that each says where, what and how without contradiction."""

from __future__ import annotations

from typing import Any

from router.config.check_conditions import check_pattern
from router.config.findings import Findings
from router.config.mask_paths import PATH_ROOTS, PathError, UnknownField, parse_path
from router.config.model import SECRET_DETECTORS, ImportedRules, MaskStep
from router.config.nodes import Path
from router.config.re2_patterns import PROSE, matches_empty, matches_prose
from router.config.suggest import did_you_mean

_HOW = ("action", "as", "key", "keep_last", "allow", "allow_secrets")
_ALONE = {
    "media": ("detect", "pattern", "keys", "max_chars", *_HOW),
    "max_chars": ("detect", "pattern", "keys", *_HOW),
    "keys": ("detect", "pattern"),
}
"""What a step looks for that goes with nothing else, and what it does not go with."""
_ALONE_EFFECT = {
    "media": "`media` says what happens to media, to nothing else",
    "max_chars": "`max_chars` cuts texts, it looks for nothing",
    "keys": "`keys` hides whole values, nothing is looked for",
}
_SEARCH = "`allow` is for steps with `detect` or `pattern`"


def check_masks(findings: Findings) -> None:
    """Check every step of every mask of the file."""
    for name, steps in findings.draft.masks.items():
        for index, step in enumerate(steps):
            _check_step(findings, ("masks", name, index), step, name)


def _check_step(findings: Findings, path: Path, step: MaskStep, mask: str) -> None:
    if not any(getattr(step, name) is not None for name in ("paths", "detect", "pattern", *_ALONE)):
        hint = "name `paths:` to hide whole values, or `detect:`, `pattern:` or `keys:` to hide what is found in them"
        findings.add("RT230", "the step says neither where nor what", path, effect=_nothing(mask), hint=hint)
    _check_action(findings, path, step)
    _check_use(findings, path, step)
    _check_secrets(findings, path, step)
    for index, text in enumerate(step.paths or ()):
        _check_path(findings, (*path, "paths", index), text, mask)
    for index, text in enumerate(step.keys or ()):
        if not text.strip("*"):
            effect, hint = "every value with a key would be hidden", "to hide whole fields use `paths: [input, output]`"
            findings.add("RT211", f"the key `{text}` means every key", (*path, "keys", index), effect=effect, hint=hint)
    if step.pattern is not None:
        check_search_pattern(findings, (*path, "pattern"), step.pattern, _nothing(mask))
    for index, value in enumerate(step.allow or ()):
        if not isinstance(value, str):
            _check_allowed_pattern(findings, (*path, "allow", index, "pattern"), value.pattern, mask)


def _check_action(findings: Findings, path: Path, step: MaskStep) -> None:
    if step.action == "hash" and step.key is None and step.media is None and step.max_chars is None:
        message, hint = "`action: hash` needs a `key`", "add `key: {env: MASK_KEY}`, at least 32 random bytes"
        effect = "without a key anybody could try out values until a pseudonym fits"
        findings.add("RT231", message, (*path, "action"), effect=effect, hint=hint)
    if step.action == "mask" and step.keep_last is None and step.media is None and step.max_chars is None:
        message, hint = "`action: mask` needs `keep_last`", "add `keep_last: 4`; to show nothing write `action: redact`"
        findings.add("RT230", message, (*path, "action"), effect="every value would read `****`", hint=hint)


def _check_use(findings: Findings, path: Path, step: MaskStep) -> None:
    """Check that nothing is said which has no use in this step."""
    of = f"`action: {step.action}`"
    searches = step.detect is not None or step.pattern is not None
    unused = [
        ("key", step.action != "hash", of, "nothing would be hashed", "add `action: hash`"),
        ("as", step.action != "redact", of, "the label would never be written", "only `redact` writes a label"),
        ("keep_last", step.action != "mask", of, "no end of a value would be shown", "add `action: mask`"),
        ("allow", not searches, "a step that looks for nothing", "nothing would pass", _SEARCH),
        ("allow_secrets", step.allow is None, "a step without `allow`", "nothing would pass", "add `allow`"),
    ]
    for what, others in _ALONE.items():
        if getattr(step, what) is not None:
            unused = [entry for entry in unused if entry[0] not in others]
            unused += [(key, True, f"`{what}`", _ALONE_EFFECT[what], "write two steps") for key in others]
            break
    for key, is_unused, what, effect, hint in unused:
        if is_unused and _is_given(step, key):
            message = f"`{key}` has no use with {what}"
            findings.add("RT230", message, (*path, key), key=True, effect=effect, hint=hint)


def _is_given(step: MaskStep, key: str) -> bool:
    return (f"{key}_" if key == "as" else key) in step.model_fields_set


def _check_secrets(findings: Findings, path: Path, step: MaskStep) -> None:
    """Check that no part of a secret is shown, and that none is let pass by accident."""
    imported = {name for name, spec in findings.draft.detectors.items() if isinstance(spec, ImportedRules)}
    secret = next((name for name in step.detect or () if name in SECRET_DETECTORS | imported), None)
    if step.keep_last is not None and (secret or step.keys is not None):
        what = f"what `{secret}` finds" if secret else "the value of such a key"
        effect, hint = "the end of a secret narrows down the rest", "hide it whole: `action: redact`"
        findings.add(
            "RT233", f"{what} is a secret, no part of it may be shown", (*path, "keep_last"), effect=effect, hint=hint
        )
    if secret and step.allow is not None and not step.allow_secrets:
        effect = "a secret that is allowed once is sent for ever"
        hint = f"move `{secret}` to a step without `allow`, or say `allow_secrets: true`"
        message = f"`allow` lets pass what `{secret}` finds, which is a secret"
        findings.add("RT233", message, (*path, "allow"), key=True, effect=effect, hint=hint)


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
    if matches_empty(compiled):
        message = "the pattern matches the empty text"
        effect = "it hits where nothing stands"
        findings.add("RT211", message, path, effect=effect, hint="ask for at least one character: `+` for `*`")
        return None
    if matches_prose(compiled):
        message = "the pattern matches nearly every text"
        effect = "prompts and answers would be hidden, tool calls and numbers would be cut to pieces"
        hint = "to hide whole fields use `paths: [input, output]` without a pattern"
        findings.add("RT211", message, path, effect=effect, hint=hint)
        return None
    return compiled


def _check_allowed_pattern(findings: Findings, path: Path, pattern: str, mask: str) -> None:
    compiled: Any = check_pattern(findings, path, pattern, "nothing would pass by it")
    if compiled is not None and compiled.fullmatch(PROSE) is not None:
        effect, hint = _nothing(mask), "ask for the shape of what may pass: `[a-z.]+@example\\.com`"
        findings.add("RT211", "the pattern lets everything pass", path, effect=effect, hint=hint)
