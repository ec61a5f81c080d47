"""A policy: what a union of several masks hides, and how, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from router.config.mask_paths import Path
from router.config.model import MaskAction
from router.masking.detectors import Detector
from router.masking.pseudonyms import PseudonymKey, normalise

REDACTED: Final = "redacted-by-litellm"
"""Stands where a whole value was hidden."""
_STRICTNESS: Final[Mapping[MaskAction, int]] = {"hash": 1, "redact": 2, "remove": 3}


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
