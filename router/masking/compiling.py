"""Mask steps as they are written become finders and steps along paths; what cannot be compiled becomes a problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import re2
from pydantic import SecretStr

from router.config.loaded import Located
from router.config.mask_paths import PathError, parse_key, parse_path
from router.config.model import SECRET_DETECTORS, EnvRef, FileRef, MaskStep
from router.errors import Problem
from router.masking.detectors import Detector, Pattern, expand_groups
from router.masking.detectors.detector import parts_of
from router.masking.detectors.media import Media
from router.masking.patterns import compile_custom
from router.masking.policy import REDACTED, Allowed, Finder, PathStep, Replacement
from router.masking.pseudonyms import PseudonymKey


class Compiler:
    """Compiles mask steps and collects what is wrong with them."""

    def __init__(self, secrets: Mapping[EnvRef | FileRef, SecretStr], detectors: Mapping[str, Detector]) -> None:
        self.problems: list[Problem] = []
        self._secrets = secrets
        self._detectors = detectors
        self._data = Media()

    def mask(self, name: str, located: Located[tuple[MaskStep, ...]]) -> tuple[PathStep | Finder, ...]:
        parts: list[PathStep | Finder] = []
        for number, step in enumerate(located.value, 1):
            try:
                parts += self._step(name, step)
            except (PathError, re2.error, _BadStep) as error:
                message = f"step {number} of mask `{name}` cannot be compiled: {_reason(error)}"
                self.problems.append(Problem(code=_code(error), message=message, location=located.location))
        if not any(step.media for step in located.value):
            parts += self._described_media(name, located.value)
        return tuple(parts)

    def _described_media(self, mask: str, steps: tuple[MaskStep, ...]) -> list[PathStep | Finder]:
        """Return what describes media wherever the steps look for anything but secrets."""
        looking = [step for step in steps if step.pattern or not SECRET_DETECTORS.issuperset(step.detect or ())]
        return [part for step in looking for part in self._media(mask, step, "describe")]

    def _media(self, mask: str, step: MaskStep, action: Literal["describe", "remove"]) -> list[PathStep | Finder]:
        finder = Finder(self._data, Replacement(mask, "media", action, drops=step.on_error == "drop"))
        paths = [path for text in step.paths or () for path in parse_path(text)]
        return [PathStep(path, finder=finder) for path in paths] if step.paths else [finder]

    def _step(self, mask: str, step: MaskStep) -> list[PathStep | Finder]:
        paths = [path for text in step.paths or () for path in parse_path(text)]
        key = self._key(step) if step.action == "hash" else None

        def replacement(kind: str, label: str) -> Replacement:
            drops = step.on_error == "drop"
            keep_last, is_local = step.keep_last or 0, step.paths is not None
            return Replacement(mask, kind, step.action, step.as_ or label, key, keep_last, drops, is_local)

        if step.media is not None:
            return (
                []
                if step.media == "keep"
                else self._media(mask, step, "describe" if step.media == "describe" else "remove")
            )
        if step.max_chars is not None:
            return [PathStep(path, limit=step.max_chars) for path in paths or parse_path("**")]

        if step.keys is not None:
            named = [path + parse_key(text) for path in paths or [()] for text in step.keys]
            return [PathStep(path, whole=replacement("key", REDACTED), by_key=True) for path in named]
        allowed = _allowed(step)
        names = list(expand_groups(step.detect or ()))
        for name in names:
            if name not in self._detectors:
                raise _BadStep("RT260", f"there is no detector `{name}`")
        finders = []
        for name in names:
            written = replacement(name, f"[{name.upper()}]")
            finders += [Finder(part, written, allowed) for part in parts_of(self._detectors[name])]
        if step.pattern is not None:
            finders.append(Finder(Pattern(step.pattern), replacement("pattern", "[REDACTED]"), allowed))
        if not finders:
            if not paths:
                raise _BadStep("RT230", "it says neither where (`paths`) nor what (`detect`, `pattern`, `keys`)")
            return [PathStep(path, whole=replacement("path", REDACTED)) for path in paths]
        if not paths:
            return list(finders)
        return [PathStep(path, finder=finder) for path in paths for finder in finders]

    def _key(self, step: MaskStep) -> PseudonymKey:
        if step.key is None:
            raise _BadStep("RT231", "`action: hash` needs a `key`")
        if not self._secrets:
            return PseudonymKey.for_tests()
        secret = self._secrets.get(step.key)
        if secret is None:
            raise _BadStep("RT231", "the value of its `key` was not read")
        try:
            return PseudonymKey.from_secret(secret.get_secret_value())
        except ValueError as error:
            raise _BadStep("RT231", str(error)) from None


def _allowed(step: MaskStep) -> Allowed | None:
    if step.allow is None:
        return None
    texts = frozenset(value.casefold() for value in step.allow if isinstance(value, str))
    return Allowed(texts, tuple(compile_custom(value.pattern) for value in step.allow if not isinstance(value, str)))


class _BadStep(Exception):
    """A step that cannot be compiled, with the code that `router check` has for it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def _code(error: Exception) -> str:
    if isinstance(error, _BadStep):
        return error.code
    return "RT232" if isinstance(error, PathError) else "RT210"


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)
