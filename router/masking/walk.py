"""The walk over a document's tree: applies a policy to every value, text, key and long integer, in place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from router.masking.fold import fold
from router.masking.paths import ANY, DEEP
from router.masking.patterns import compile_custom
from router.masking.plain import Copier, free_name, marker
from router.masking.policy import Finder, PathStep, Policy, Replacement

MAX_JSON_DEPTH: Final = 3
_LONG_INTEGER: Final = 1_000_000
_GONE: Final = object()
_NAMES_SECRET = compile_custom(r"(?i)pass|pwd|secret|token|key|credential|authorization|cookie|vars|auth")

State = tuple[PathStep, int]
Hit = tuple[int, int, Replacement]


class MaskFailed(Exception):
    """A detector, pattern or path of the mask `mask` failed. Holds nothing else, above all not the cause."""

    def __init__(self, mask: str) -> None:
        super().__init__(f"mask `{mask}` failed")
        self.mask = mask


class Walk:
    """Masks the values of one record for one project.

    Attributes:
        counts: hits by detector name, `pattern`, `path`, `secret_name`.
    """

    __slots__ = ("_policy", "_scope", "counts")

    def __init__(self, policy: Policy, scope: str) -> None:
        self._policy = policy
        self._scope = scope
        self.counts: Counter[str] = Counter()

    def field(self, value: Any, path: tuple[str, ...]) -> Any:
        """Return the masked value of the document's field at `path`; None where it was removed. Raises MaskFailed."""
        states: tuple[State, ...] = tuple((step, 0) for step in self._policy.steps)
        active = self._policy.finders
        for key in path:
            states, matched = _advance(states, key)
            whole = _strictest(matched)
            if whole is not None:
                masked = self._replace_whole(value, whole)
                return None if masked is _GONE else masked
            active += _finders(matched)
        masked = self._value(value, states, active, 0)
        return None if masked is _GONE else masked

    def fact(self, value: Any) -> Any:
        """Return the masked value of a fact that no path reaches. Raises MaskFailed."""
        return self._value(value, (), self._policy.finders, 0)

    def _value(self, value: Any, states: tuple[State, ...], active: tuple[Finder, ...], opened: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value, states, active, opened)
        if kind is dict:
            return self._mapping(value, states, active, opened)
        if kind is list:
            return self._list(value, states, active, opened)
        if kind is int or kind is float:
            return self._number(value, active)
        return value

    def _child(self, key: str, value: Any, states: tuple[State, ...], active: tuple[Finder, ...], opened: int) -> Any:
        if not states:
            return self._value(value, states, active, opened)
        below, matched = _advance(states, key)
        whole = _strictest(matched)
        if whole is not None:
            return self._replace_whole(value, whole)
        return self._value(value, below, active + _finders(matched), opened)

    def _mapping(
        self, value: dict[str, Any], states: tuple[State, ...], active: tuple[Finder, ...], opened: int
    ) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        for key, item in value.items():
            item = self._child(key, item, states, active, opened)
            if item is _GONE:
                continue
            name = self._scan(key, active) if active else key
            masked[name if name not in masked else free_name(name, masked)] = item
        return masked

    def _list(self, value: list[Any], states: tuple[State, ...], active: tuple[Finder, ...], opened: int) -> list[Any]:
        if not states:
            return [self._value(item, states, active, opened) for item in value]
        masked = []
        for index, item in enumerate(value):
            below, matched = _advance(states, str(index))
            whole = _strictest(matched)
            if whole is not None:
                item = self._replace_whole(item, whole)
            else:
                # A path may leave the index out: `input.content` means the content of every message.
                item = self._value(item, _union(states, below), active + _finders(matched), opened)
            if item is not _GONE:
                masked.append(item)
        return masked

    def _number(self, value: int | float, active: tuple[Finder, ...]) -> Any:
        if not active or -_LONG_INTEGER < value < _LONG_INTEGER or (type(value) is float and not value.is_integer()):
            return value
        text = str(int(value))
        masked = self._scan(text, active)
        return value if masked == text else masked

    def _text(self, text: str, states: tuple[State, ...], active: tuple[Finder, ...], opened: int) -> str:
        data = text.encode()
        hits = self._find(data, active)
        if text[:1] in "{[ \n\t\r" and opened < MAX_JSON_DEPTH and (hits or states or _may_hide_inside(data)):
            inside = self._json(text, states, active, opened)
            if inside is not None:
                data = inside.encode()
                hits = self._find(data, active)
                text = inside
        return self._splice(data, hits) if hits else text

    def _json(self, text: str, states: tuple[State, ...], active: tuple[Finder, ...], opened: int) -> str | None:
        """Return the JSON in `text` masked inside, or None where `text` is no JSON or stays as it is."""
        repeated = False

        def pairs_to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            nonlocal repeated
            found = dict(pairs)
            repeated = repeated or len(found) < len(pairs)
            return found

        if text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            value = json.loads(text, object_pairs_hook=pairs_to_dict)
        except RecursionError:
            return marker("depth")
        except ValueError:
            return None
        before = self.counts.total()
        copier = Copier()
        masked = self._value(copier.copy(value), states, active, opened + 1)
        self.counts["secret_name"] += copier.removed
        # What is repeated in an object hides behind its last value; written anew it is gone.
        if self.counts.total() == before and not repeated:
            return None
        separators = (", ", ": ") if '": ' in text else (",", ":")
        return json.dumps(masked, ensure_ascii=False, separators=separators)

    def _scan(self, text: str, active: tuple[Finder, ...]) -> str:
        data = text.encode()
        hits = self._find(data, active)
        return self._splice(data, hits) if hits else text

    def _find(self, data: bytes, active: tuple[Finder, ...]) -> list[Hit]:
        if not active:
            return []
        hits: list[Hit] = []
        shadow = fold(data)
        for finder in active:
            replacement = finder.replacement
            try:
                for start, end in finder.detector.find(data):
                    hits.append((start, end, replacement))
                if shadow is not None:
                    for start, end in finder.detector.find(shadow.text):
                        hits.append((*shadow.original(start, end), replacement))
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:
                raise MaskFailed(replacement.mask) from None
        return [hit for hit in hits if hit[0] < hit[1] and not self._is_label(data, hit[0], hit[1])] if hits else hits

    def _is_label(self, data: bytes, start: int, end: int) -> bool:
        """Return whether the span lies within a constant that masking itself writes."""
        return any(
            data.find(label, max(0, end - len(label)), start + len(label)) >= 0
            for label in self._policy.labels
            if len(label) >= end - start
        )

    def _splice(self, data: bytes, hits: list[Hit]) -> str:
        pieces: list[str] = []
        position = 0
        for start, end, replacement in _merged(hits):
            pieces.append(data[position:start].decode("utf-8", "replace"))
            pieces.append(self._replacement(data[start:end].decode("utf-8", "replace"), replacement))
            position = end
        pieces.append(data[position:].decode("utf-8", "replace"))
        return "".join(pieces)

    def _replacement(self, value: str, replacement: Replacement) -> str:
        self.counts[replacement.kind] += 1
        try:
            return replacement.text_for(value, self._scope)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            raise MaskFailed(replacement.mask) from None

    def _replace_whole(self, value: Any, whole: Replacement) -> Any:
        if value is None:
            return None
        if whole.action == "hash":
            return self._pseudonyms(value, whole)
        self.counts[whole.kind] += 1
        return _GONE if whole.action == "remove" else whole.label

    def _pseudonyms(self, value: Any, whole: Replacement) -> Any:
        """Return `value` with a pseudonym in place of every leaf."""
        if value is None or value == "":
            return value
        if isinstance(value, dict):
            return {key: self._pseudonyms(item, whole) for key, item in value.items()}
        if isinstance(value, list):
            return [self._pseudonyms(item, whole) for item in value]
        return self._replacement(value if isinstance(value, str) else json.dumps(value), whole)


def _may_hide_inside(data: bytes) -> bool:
    return b"\\" in data or _NAMES_SECRET.search(data) is not None


def _advance(states: Iterable[State], key: str) -> tuple[tuple[State, ...], list[PathStep]]:
    """Return the states below `key`, and the steps whose path ends at it."""
    below: dict[tuple[int, int], State] = {}
    matched: list[PathStep] = []
    lowered = key.casefold()
    pending = list(states)
    while pending:
        step, position = pending.pop()
        segment = step.path[position]
        if segment.wild == DEEP:
            below[id(step), position] = (step, position)
            if position + 1 == len(step.path):
                matched.append(step)
            else:
                pending.append((step, position + 1))
            continue
        for taken in _taken(step, position, lowered):
            if position + taken == len(step.path):
                matched.append(step)
            else:
                below[id(step), position + taken] = (step, position + taken)
    return tuple(below.values()), matched


def _taken(step: PathStep, position: int, key: str) -> Iterable[int]:
    """Yield how many segments from `position` on the key can stand for: a key may itself have dots."""
    segment = step.path[position]
    if segment.wild == ANY or segment == key:
        yield 1
    if "." in key:
        parts = key.split(".")
        segments = step.path[position : position + len(parts)]
        if len(segments) == len(parts) and all(
            segment.wild == ANY or segment == part for segment, part in zip(segments, parts, strict=True)
        ):
            yield len(parts)


def _union(states: tuple[State, ...], more: tuple[State, ...]) -> tuple[State, ...]:
    known = {(id(step), position) for step, position in states}
    return states + tuple(state for state in more if (id(state[0]), state[1]) not in known)


def _strictest(matched: list[PathStep]) -> Replacement | None:
    wholes = [step.whole for step in matched if step.whole is not None]
    return max(wholes, key=lambda whole: whole.strictness) if wholes else None


def _finders(matched: list[PathStep]) -> tuple[Finder, ...]:
    return tuple(step.finder for step in matched if step.finder is not None)


def _merged(hits: list[Hit]) -> Iterable[Hit]:
    """Yield disjoint hits in order: overlapping ones become one, and the strictest, then longest, decides."""
    hits.sort(key=lambda hit: (hit[0], -hit[1]))
    start, end, winner = hits[0]
    weight = (winner.strictness, end - start)
    for next_start, next_end, replacement in hits[1:]:
        if next_start >= end:
            yield start, end, winner
            start, end, winner = next_start, next_end, replacement
            weight = (replacement.strictness, next_end - next_start)
            continue
        if (replacement.strictness, next_end - next_start) > weight:
            winner, weight = replacement, (replacement.strictness, next_end - next_start)
        end = max(end, next_end)
    yield start, end, winner
