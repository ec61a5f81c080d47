"""Every mask of a configuration, and the union of any of them as one policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from pydantic import SecretStr

from router.config.loaded import Located
from router.config.mask_paths import Path, Segment
from router.config.model import MASK_FUNCTION, MASK_INPUT, MASK_OUTPUT, EnvRef, FileRef, MaskStep
from router.errors import ConfigError, MaskingError
from router.masking.compiling import Compiler
from router.masking.detectors import Detector, Gate, Prepared, builtin_detectors
from router.masking.names import REMOVED
from router.masking.policy import REDACTED, Finder, PathStep, Policy, Replacement

_ERROR_TEXT: Final = (Segment("error"), Segment("message"))
_TOOLS: Final = tuple((Segment("input"), Segment(name)) for name in ("tools", "functions"))


class UnknownMask(MaskingError):
    """A plan names a mask that the configuration does not have. `name` is that mask's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown mask `{name}`")
        self.name = name


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
        public key whose tokens begin with `hash_test_`. `detectors` adds to the built-in ones, by name.
        Raises ConfigError with every step that cannot be compiled; what `router check` accepts, compiles.
        """
        compiler = Compiler(secrets, {**builtin_detectors(), **(detectors or {})})
        compiled = {name: compiler.mask(name, located) for name, located in masks.items()}
        if compiler.problems:
            raise ConfigError(tuple(compiler.problems))
        return cls(compiled)

    @property
    def names(self) -> tuple[str, ...]:
        """Every mask that can be named by hand, the two built-in ones last; a request's function is none of them."""
        return tuple(name for name in self._masks if name != MASK_FUNCTION)

    def prepare(self) -> None:
        """Import what the detectors would import when they first find something.

        A child that is forked while another thread imports something could never import it itself.
        """
        for part in chain.from_iterable(self._masks.values()):
            finder = part if isinstance(part, Finder) else part.finder
            if finder is not None and isinstance(finder.detector, Prepared):
                finder.detector.prepare()

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
    finders: list[Finder] = []
    steps: list[PathStep] = []
    limits: list[PathStep] = []
    for part in parts:
        if isinstance(part, PathStep) and part.limit is not None:
            limits.append(part)
        elif isinstance(part, PathStep):
            steps += _with_companions(part)
        else:
            finders.append(part)
    everywhere = _without_weaker(finders)
    written = [finder.replacement for finder in everywhere] + [step.replacement for step in steps]
    return Policy(
        names=names,
        finders=everywhere,
        steps=tuple(steps),
        hides_input=any(step.whole and not step.by_key and _can_reach(step.path, "input") for step in steps),
        labels=tuple({label.encode(): None for label in (REMOVED, *(each.label for each in written)) if label}),
        keys=tuple({each.key: None for each in written if each.key}),
        limits=tuple(limits),
        drops=any(each.drops for each in written),
        gate=Gate(finder.detector for finder in (*everywhere, *(step.finder for step in steps if step.finder))),
        shortest=min((finder.detector.shortest for finder in everywhere), default=0),
    )


def _without_weaker(finders: list[Finder]) -> tuple[Finder, ...]:
    """Return `finders` without those of a detector that another one with the same outweighs: it hides every hit."""
    kept: list[Finder] = []
    for detector in dict.fromkeys(id(finder.detector) for finder in finders):
        same = [finder for finder in finders if id(finder.detector) == detector]
        unbound = [finder for finder in same if finder.allowed is None]
        strictest = max(unbound, key=_weight, default=None)
        if strictest is not None:
            same = [finder for finder in same if finder is strictest or _weight(finder) > _weight(strictest)]
        kept += [finder for finder in same if finder.allowed is not None or finder is strictest]
    return tuple(dict.fromkeys(kept))


def _weight(finder: Finder) -> tuple[int, int]:
    return finder.replacement.strictness, -finder.replacement.keep_last


def _with_companions(step: PathStep) -> list[PathStep]:
    """Return `step`, and the same for what may quote the values it hides: the error's text, and tools the input."""
    whole = step.whole
    companions: list[Path] = []
    if step.by_key:
        return [step]
    if whole is not None and whole.action in ("hash", "mask"):
        whole = Replacement(whole.mask, whole.kind, "redact", REDACTED)
    if _can_reach(step.path, "input") or _can_reach(step.path, "output"):
        companions.append(_ERROR_TEXT)
    if whole is not None and _can_reach(step.path, "input"):
        companions += _TOOLS
    return [step, *(PathStep(path, whole=whole, finder=step.finder) for path in companions)]


def _can_reach(path: Path, field_name: str) -> bool:
    """Return whether `path` may lead to values of the field or below it."""
    return bool(path[0].wild) or path[0] == field_name
