"""Masks, compiled: what a union of several masks hides, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import re2
from pydantic import SecretStr

from router.config.loaded import Located
from router.config.model import MASK_FUNCTION, MASK_INPUT, MASK_OUTPUT, EnvRef, FileRef, MaskAction, MaskStep
from router.errors import ConfigError, MaskingError, Problem
from router.masking.detectors import Detector, Pattern, builtin_detectors
from router.masking.paths import Path, PathError, Segment, parse_path
from router.masking.pseudonyms import PseudonymKey, normalise

REDACTED: Final = "redacted-by-litellm"
"""Stands where a whole value was hidden."""
_ERROR_TEXT: Final = (Segment("error"), Segment("message"))
_TOOLS: Final = tuple((Segment("input"), Segment(name)) for name in ("tools", "functions"))
_STRICTNESS: Final[Mapping[MaskAction, int]] = {"hash": 1, "redact": 2, "remove": 3}


class UnknownMask(MaskingError):
    """A plan names a mask that the configuration does not have. `name` is that mask's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown mask `{name}`")
        self.name = name


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is written in place of a value: the label, nothing (`remove`), or a pseudonym under `key`."""

    mask: str
    kind: str
    action: MaskAction
    label: str = ""
    key: PseudonymKey | None = None

    @property
    def strictness(self) -> int:
        return _STRICTNESS[self.action]

    def text_for(self, value: str, scope: str) -> str:
        """Return the text that replaces `value`; `scope` is the project."""
        if self.action == "remove":
            return ""
        if self.key is None:
            return self.label
        return self.key.pseudonym(self.kind, scope, normalise(self.kind, value))


@dataclass(frozen=True, slots=True)
class Finder:
    """A detector, what replaces its hits, and the masks that asked for it."""

    detector: Detector
    replacement: Replacement


@dataclass(frozen=True, slots=True)
class PathStep:
    """What happens at a path: the whole value is replaced, or `finder` looks at every text beneath it."""

    path: Path
    whole: Replacement | None = None
    finder: Finder | None = None

    @property
    def replacement(self) -> Replacement:
        """Return what the step writes."""
        if self.finder is not None:
            return self.finder.replacement
        assert self.whole is not None
        return self.whole


@dataclass(frozen=True, slots=True)
class Policy:
    """The union of several masks.

    Attributes:
        names: the masks, in order.
        finders: look at every text, key and long number; one per detector, with the strictest action asked for.
        steps: hold at their paths only.
        hides_input: parameters that hold the caller's words go as well.
        labels: constants that masking writes; they are never masked again.
        keys: of the pseudonyms that masking writes; these are not either.
        shortest: a text of fewer bytes is clean for every one of `finders`.
        clean_keys: keys that `finders` found clean; a bounded memo, for the same keys come with every call.
    """

    names: tuple[str, ...]
    finders: tuple[Finder, ...]
    steps: tuple[PathStep, ...]
    hides_input: bool
    labels: tuple[bytes, ...]
    keys: tuple[PseudonymKey, ...] = ()
    shortest: int = 0
    clean_keys: set[str] = field(default_factory=set, compare=False, repr=False)


class MaskingPolicies:
    """Every mask of a configuration, compiled. Immutable but for a memo; safe to share between threads."""

    def __init__(self, masks: Mapping[str, tuple[PathStep | Finder, ...]]) -> None:
        self._masks = {**masks}
        for name, root in ((MASK_INPUT, "input"), (MASK_OUTPUT, "output")):
            whole = Replacement(name, "path", "redact", REDACTED)
            self._masks[name] = (*masks.get(name, ()), PathStep((Segment(root),), whole=whole))
        self._masks[MASK_FUNCTION] = ()
        self._union: dict[tuple[str, ...], Policy] = {}

    @classmethod
    def compile(
        cls,
        masks: Mapping[str, Located[tuple[MaskStep, ...]]],
        secrets: Mapping[EnvRef | FileRef, SecretStr],
        *,
        detectors: Mapping[str, Detector] | None = None,
    ) -> MaskingPolicies:
        """Compile `masks`; `secrets` holds the value of every key reference.

        Where `secrets` is empty the configuration was loaded without an environment, and pseudonyms are made with a
        public key whose tokens begin with `hash_test_`. `detectors` replaces built-in ones by name.
        Raises ConfigError with every step that cannot be compiled; what `router check` accepts, compiles.
        """
        compiler = _Compiler(secrets, {**builtin_detectors(), **(detectors or {})})
        compiled = {name: compiler.mask(name, located) for name, located in masks.items()}
        if compiler.problems:
            raise ConfigError(tuple(compiler.problems))
        return cls(compiled)

    @property
    def names(self) -> tuple[str, ...]:
        """Every mask that can be named by hand, the two built-in ones last; a request's function is none of them."""
        return tuple(name for name in self._masks if name != MASK_FUNCTION)

    def policy(self, names: Iterable[str]) -> Policy:
        """Return the union of the masks `names`. Raises UnknownMask."""
        key = tuple(names)
        policy = self._union.get(key)
        if policy is None:
            for name in key:
                if name not in self._masks:
                    raise UnknownMask(name)
            policy = self._union[key] = _unite(key, [part for name in dict.fromkeys(key) for part in self._masks[name]])
        return policy


def _unite(names: tuple[str, ...], parts: list[PathStep | Finder]) -> Policy:
    everywhere: dict[int, Finder] = {}
    steps: list[PathStep] = []
    for part in parts:
        if isinstance(part, PathStep):
            steps += _with_companions(part)
            continue
        known = everywhere.get(id(part.detector))
        if known is None or part.replacement.strictness > known.replacement.strictness:
            everywhere[id(part.detector)] = part
    written = [finder.replacement for finder in everywhere.values()] + [step.replacement for step in steps]
    return Policy(
        names=names,
        finders=tuple(everywhere.values()),
        steps=tuple(steps),
        hides_input=any(step.whole and _can_reach(step.path, "input") for step in steps),
        labels=tuple({each.label.encode(): None for each in written if each.label}),
        keys=tuple({each.key: None for each in written if each.key}),
        shortest=min((finder.detector.shortest for finder in everywhere.values()), default=0),
    )


def _with_companions(step: PathStep) -> list[PathStep]:
    """Return `step`, and the same for what may quote the values it hides: the error's text, and tools the input."""
    whole = step.whole
    companions: list[Path] = []
    if whole is not None and whole.action == "hash":
        whole = Replacement(whole.mask, whole.kind, "redact", REDACTED)
    if _can_reach(step.path, "input") or _can_reach(step.path, "output"):
        companions.append(_ERROR_TEXT)
    if whole is not None and _can_reach(step.path, "input"):
        companions += _TOOLS
    return [step, *(PathStep(path, whole=whole, finder=step.finder) for path in companions)]


def _can_reach(path: Path, field_name: str) -> bool:
    """Return whether `path` may lead to values of the field or below it."""
    return bool(path[0].wild) or path[0] == field_name


class _Compiler:
    """Compiles mask steps and collects what is wrong with them."""

    def __init__(self, secrets: Mapping[EnvRef | FileRef, SecretStr], detectors: Mapping[str, Detector]) -> None:
        self.problems: list[Problem] = []
        self._secrets = secrets
        self._detectors = detectors

    def mask(self, name: str, located: Located[tuple[MaskStep, ...]]) -> tuple[PathStep | Finder, ...]:
        parts: list[PathStep | Finder] = []
        for number, step in enumerate(located.value, 1):
            try:
                parts += self._step(name, step)
            except (PathError, re2.error, _BadStep) as error:
                message = f"step {number} of mask `{name}` cannot be compiled: {_reason(error)}"
                self.problems.append(Problem(code=_code(error), message=message, location=located.location))
        return tuple(parts)

    def _step(self, mask: str, step: MaskStep) -> list[PathStep | Finder]:
        paths = [path for text in step.paths or () for path in parse_path(text)]
        key = self._key(step) if step.action == "hash" else None
        finders = [
            Finder(self._detectors[name], Replacement(mask, name, step.action, step.as_ or f"[{name.upper()}]", key))
            for name in step.detect or ()
        ]
        if step.pattern is not None:
            replacement = Replacement(mask, "pattern", step.action, step.as_ or "[REDACTED]", key)
            finders.append(Finder(Pattern(step.pattern), replacement))
        if not finders:
            if not paths:
                raise _BadStep("RT230", "it says neither where (`paths`) nor what (`detect`, `pattern`)")
            whole = Replacement(mask, "path", step.action, step.as_ or REDACTED, key)
            return [PathStep(path, whole=whole) for path in paths]
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
