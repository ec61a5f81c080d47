"""A policy: what a union of several masks hides, and how, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from router.config.mask_paths import Path
from router.config.model import MaskAction
from router.masking.blocks import holds
from router.masking.detectors import Detector, Gate
from router.masking.detectors.detector import Find, Keys, ReadsKeys
from router.masking.detectors.media import described
from router.masking.names import REMOVED
from router.masking.partial import partly_shown
from router.masking.pseudonyms import PseudonymKey, normalise

REDACTED: Final = "redacted-by-litellm"
"""Stands where a whole value was hidden."""
_LONG: Final = 64
"""Bytes in which most detectors can hit something."""
_MAX_TOLD: Final = 4096
_MAX_TOLD_LENGTH: Final = 384
"""Characters of all keys over a value; three of the longest that the walk hands on."""
_STRICTNESS: Final = {"describe": 0, "mask": 1, "hash": 2, "redact": 3, "remove": 4}


@dataclass(frozen=True, slots=True)
class Allowed:
    """Values that a step lets pass: whole texts (lower-case), or those that a pattern matches as a whole."""

    texts: frozenset[str]
    patterns: tuple[Any, ...] = ()

    def covers(self, value: bytes) -> bool:
        """Return whether the whole of `value` (UTF-8) may pass."""
        if self.texts and value.decode("utf-8", "replace").casefold() in self.texts:
            return True
        return any(pattern.fullmatch(value) is not None for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is written in place of a value: a label, nothing (`remove`), a pseudonym under `key`, or the value's end.

    Attributes:
        drops: whether the call is dropped where the step fails.
        is_local: whether the step holds at its paths only, so that what it hides may stand elsewhere.
    """

    mask: str
    kind: str
    action: MaskAction | Literal["describe"]
    label: str = ""
    key: PseudonymKey | None = None
    keep_last: int = 0
    drops: bool = False
    is_local: bool = False

    def __hash__(self) -> int:
        return hash((self.mask, self.kind))  # few others have both; replacements are asked for their hash at every text

    @property
    def strictness(self) -> int:
        return _STRICTNESS[self.action]

    def text_for(self, value: str, scope: str, shown: str = "") -> str:
        """Return the text that replaces `value`, the end `shown` of which `mask` shows; `scope` is the project."""
        if self.action == "remove":
            return ""
        if self.action == "describe":
            return described(value)
        if self.action == "mask":
            return partly_shown(shown, self.kind)
        if self.key is None:
            return self.label
        return self.key.pseudonym(self.kind, scope, normalise(self.kind, value))


BY_NAME: Final = Replacement("secret_name", "secret_name", "redact", REMOVED)
"""Hides elsewhere what was removed because its key names a secret, whatever the masks say."""


@dataclass(frozen=True, slots=True)
class Finder:
    """A detector, what replaces its hits, and which of them pass."""

    detector: Detector
    replacement: Replacement
    allowed: Allowed | None = None


@dataclass(frozen=True, slots=True)
class PathStep:
    """What happens at a path: the whole value is replaced, or `finder` looks at every text beneath it.

    Attributes:
        by_key: whether the value is hidden for what its key is called; nothing else is thought to quote it then.
        limit: characters that a text beneath may have after masking.
    """

    path: Path
    whole: Replacement | None = None
    finder: Finder | None = None
    by_key: bool = False
    limit: int | None = None

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
        finders: look at every text, key and long number; of those for one detector that
            hide every hit only the strictest.
        steps: hold at their paths only.
        hides_input: parameters that hold the caller's words go as well.
        labels: constants that masking writes; they are never masked again.
        keys: of the pseudonyms that masking writes; these are not either.
        shortest: a text of fewer bytes is clean for every one of `finders`.
        limits: steps that cut what is left.
        drops: whether any step drops the call where it fails.
        gate: tells which detectors find nothing in a text, cheaply.
        clean_keys: keys that `finders` found clean; a bounded memo, for the same keys come with every call.
    """

    names: tuple[str, ...]
    finders: tuple[Finder, ...]
    steps: tuple[PathStep, ...]
    hides_input: bool
    labels: tuple[bytes, ...]
    keys: tuple[PseudonymKey, ...] = ()
    shortest: int = 0
    limits: tuple[PathStep, ...] = ()
    drops: bool = False
    gate: Gate = field(default=Gate(()), compare=False, repr=False)
    clean_keys: set[str] = field(default_factory=set, init=False, compare=False, repr=False)
    _told: dict[Keys, tuple[tuple[Finder, Find], ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _looks: dict[int, tuple[tuple[Finder, Find], ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _begins: set[bytes] = field(default_factory=set, init=False, compare=False, repr=False)
    _written_everywhere: set[int] = field(default_factory=set, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._written_everywhere.update(id(finder.replacement) for finder in self.finders)
        self._begins.update(label[:1] for label in (b"[DATA ", *self.labels))

    def labels_in(self, data: bytes) -> Sequence[bytes] | None:
        """Return the labels that stand in `data`; None where nothing does that masking writes."""
        begins = any(begin in data for begin in self._begins)
        labels = [label for label in self.labels if holds(data, label)] if begins else ()
        return labels if labels or self.keys or (begins and holds(data, b"[DATA ")) else None

    def writes_everywhere(self, replacement: Replacement) -> bool:
        """Return whether this very replacement is that of one of `finders`."""
        return id(replacement) in self._written_everywhere

    def looks(self, size: int, active: tuple[Finder, ...]) -> tuple[tuple[Finder, Find], ...]:
        """Return those of the `active` finders that can hit anything in so many bytes, and what finds it."""
        is_known = active is self.finders
        if is_known and (known := self._looks.get(min(size, _LONG))) is not None:
            return known
        looks = tuple((finder, finder.detector.find) for finder in active if size >= finder.detector.shortest)
        if is_known and (size < _LONG or len(looks) == len(active)):
            self._looks[min(size, _LONG)] = looks
        return looks

    def under(self, keys: Keys, active: tuple[Finder, ...]) -> tuple[tuple[Finder, Find], ...]:
        """Return those of the `active` finders to which `keys` say something of their value, and what finds it."""
        known = self._told.get(keys) if active is self.finders else None
        if known is not None:
            return known
        told = tuple(
            (finder, find)
            for finder in active
            if isinstance(finder.detector, ReadsKeys) and (find := finder.detector.under(keys)) is not None
        )
        if active is self.finders and len(self._told) < _MAX_TOLD and sum(map(len, keys)) <= _MAX_TOLD_LENGTH:
            self._told[keys] = told
        return told
