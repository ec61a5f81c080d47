"""The walk over a document's tree: applies a policy to every value, text, key and long number."""

from __future__ import annotations

import json
from typing import Any, Final

from router.masking.across import mask_across
from router.masking.breath import Breathe, go_on
from router.masking.cut import cut_field
from router.masking.detectors.detector import Keys
from router.masking.document import Document
from router.masking.embedded import (
    Opened,
    begins_json,
    may_hold_json,
    names,
    open_values,
    open_whole,
    opens_json,
    written,
)
from router.masking.fold import fold
from router.masking.json_parts import let_go
from router.masking.names import within_reach
from router.masking.patterns import compile_custom
from router.masking.plain import Copier, free_name, leaves, marker, member_name
from router.masking.policy import BY_NAME, Finder, PathStep, Policy, Replacement
from router.masking.scan import MaskFailed, Scanner
from router.masking.steps import State, advance, advance_member, anywhere, naming, strictest, union, widened
from router.masking.utf8 import encoded

MAX_JSON_DEPTH: Final = 3
MAX_KEYS: Final = 3
"""Keys over a value that may say what it is."""
_LONG_NUMBER: Final = 1_000_000
_GONE: Final = object()
_PIECEWISE: Final = frozenset({"logprobs", "top_logprobs"})
"""Holds an answer once more, token by token and byte by byte, where no detector can see what it says."""
_MAY_CHANGE: Final = frozenset({str, dict, list})
_NAMES_SECRET = compile_custom(r"(?i)pass|pw|secret|token|key|credential|authorization|cookie|vars|auth|callback")


class Walk:
    """Masks the values of one record for one project.

    Attributes:
        counts: hits by detector name, `pattern`, `path`, `secret_name`.
        found: values that finders which look everywhere found, and what was cut.
    """

    __slots__ = ("_is_looking", "_scanner", "counts", "found", "policy")

    def __init__(self, policy: Policy, scope: str, breathe: Breathe = go_on) -> None:
        self.policy = policy
        self._is_looking = False
        self._scanner = Scanner(policy, scope, breathe)
        self.counts = self._scanner.counts
        self.found = self._scanner.found

    def field(self, value: Any, path: tuple[str, ...]) -> Any:
        """Return the masked value of the document's field at `path`; None where it was removed. Raises MaskFailed."""
        masked = self._field(value, path)
        if not self.policy.limits:
            return masked
        short, uncut = cut_field(masked, path, self.policy.limits)
        self.counts["max_chars"] += len(uncut)
        self.found.uncut.extend(uncut)
        return short

    def _field(self, value: Any, path: tuple[str, ...]) -> Any:
        states: tuple[State, ...] = tuple((step, 0) for step in self.policy.steps)
        active = self.policy.finders
        if not states and not active:
            return self._only_opened(value)
        for key in path if states else ():
            states, matched = advance(states, key)
            whole = self._decided(value, matched)
            active = widened(active, matched)
            if whole is not None:
                masked = self._replace_whole(value, whole, states, active)
                return None if masked is _GONE else masked
        masked = self._value(value, states, active, (), 0)
        return None if masked is _GONE else masked

    def take_removed(self, done: Copier | Document) -> None:
        """Take over what was removed because of its key's name: its count, and its values, to hide them elsewhere."""
        self.counts["secret_name"] += done.removed
        self._scanner.remember_secrets(done.secrets, BY_NAME)

    def is_hidden(self, text: str) -> bool:
        """Return whether anything in `text` is found everywhere; also where a mask fails, for nobody knows then."""
        try:
            return bool(self._scanner.find(encoded(text), self.policy.finders))
        except MaskFailed:
            return True

    def fact(self, value: Any) -> Any:
        """Return the masked value of a fact that no path reaches. Raises MaskFailed."""
        if not self.policy.finders:
            return self._only_opened(value)
        masked = self._value(value, (), self.policy.finders, (), 0)
        if type(value) is not dict:
            return masked
        # How many tokens and dollars: a pattern of four digits means the caller's numbers, not these.
        counted = zip(masked.items(), value.values(), strict=True)
        return {key: given if _is_short_number(given) else item for (key, item), given in counted}

    def _only_opened(self, value: Any) -> Any:
        """Return `value`, changed in place, as it is where no mask applies: only JSON in texts is looked into."""
        kind = type(value)
        if kind is str:
            return self._text(value, (), (), (), 0)
        if kind is dict or kind is list:
            for key, item in value.items() if kind is dict else enumerate(value):
                if type(item) in _MAY_CHANGE and (changed := self._only_opened(item)) is not item:
                    value[key] = changed
        return value

    def _value(self, value: Any, states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value, states, active, keys, depth)
        if kind is dict:
            return self._mapping(value, states, active, keys, depth)
        if kind is list:
            return self._list(value, states, active, keys, depth)
        if active and (kind is int or kind is float):
            return self._scanner.number(value, active, keys)
        return value

    def _child(
        self,
        key: str,
        called: str,
        value: Any,
        states: tuple[State, ...],
        active: tuple[Finder, ...],
        keys: Keys,
        depth: int,
    ) -> Any:
        if not states:
            return self._value(value, states, active, keys, depth)
        below, matched = advance_member(states, key, called)
        whole = self._decided(value, matched)
        active = widened(active, matched)
        if whole is not None:
            return self._replace_whole(value, whole, below, active, keys)
        return self._value(value, below, active, keys, depth)

    def _mapping(
        self, value: dict[str, Any], states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int
    ) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        numbers: dict[str, int] = {}
        clean = self.policy.clean_keys if active is self.policy.finders else ()
        for key, given in value.items():
            if active and key in _PIECEWISE and type(given) in (list, dict):
                given = marker("logprobs")
            called = member_name(key, value)
            under = (*keys[1 - MAX_KEYS :], within_reach(called)) if active else ()
            item = self._child(key, called, given, states, active, under, depth)
            if item is _GONE:
                continue
            name = key if key in clean or not active else self._scanner.key(key, active)
            masked[name if name not in masked else free_name(name, masked, numbers)] = item
        return masked

    def _list(
        self, value: list[Any], states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int
    ) -> list[Any]:
        if len(value) > 1:
            self._mask_across(value, states, active)
        kept = value
        if not states:
            masked = [self._value(item, states, active, keys, depth) for item in value]
        else:
            kept, masked = self._items(value, states, active, keys, depth)
        if len(masked) > 1 and _count_texts(masked) > _count_texts(kept):
            # Of a number, what is left after masking is a text, and may be the half of something.
            self._mask_across(masked, states, active)
        return masked

    def _items(
        self, value: list[Any], states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int
    ) -> tuple[list[Any], list[Any]]:
        """Return the items of `value` that no step removes, as they were and masked."""
        kept, masked = [], []
        for index, given in enumerate(value):
            below, matched = advance(states, str(index))
            whole = self._decided(given, matched)
            # A path may leave the index out: `input.content` means the content of every message.
            below = union(states, below)
            if whole is not None:
                item = self._replace_whole(given, whole, below, widened(active, matched), keys)
            else:
                item = self._value(given, below, widened(active, matched), keys, depth)
            if item is not _GONE:
                kept.append(given)
                masked.append(item)
        return kept, masked

    def _mask_across(self, items: list[Any], states: tuple[State, ...], active: tuple[Finder, ...]) -> None:
        """Replace in `items`, in place, what is split across the texts of the list or the `text` of its objects."""
        places: list[tuple[Any, Any]] = []
        for index, item in enumerate(items):
            if type(item) is not str and (type(item) is not dict or type(item.get("text")) is not str):
                continue
            below, matched = advance(states, str(index))
            if type(item) is dict:
                matched += advance(union(states, below), "text")[1]
            if strictest(matched) is None:
                places.append((items, index) if type(item) is str else (item, "text"))
                active = widened(active, [step for step in matched if step.finder not in active])
        if len(places) < 2 or not active:
            return
        texts = [container[key] for container, key in places]
        for (container, key), text in zip(places, mask_across(texts, self._scanner, active), strict=True):
            container[key] = text

    def _text(self, text: str, states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int) -> str:
        may_be_json = may_hold_json(text)
        if not may_be_json and self._scanner.is_too_short(text, active):
            return text
        data = encoded(text)
        if may_be_json and (states or active or _may_hide_inside(data)):
            inside = self._json(text, states, active, keys, depth)
            if inside is not None:
                text, data = inside, encoded(inside)
        hits = self._scanner.find(data, active, keys)
        return self._scanner.splice(data, hits, active, keys) if hits else text

    def _json(
        self, text: str, states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int
    ) -> str | None:
        """Return the JSON in `text` masked inside, or None where `text` is no JSON or stays as it is."""
        if depth >= MAX_JSON_DEPTH:
            return self._closed(text, states)
        try:
            opened = open_whole(text)
            if opened is None:
                return self._several(text, states, active, keys, depth)
            return self._opened(text, opened, states, active, keys, depth)
        except RecursionError:
            return marker("depth")

    def _several(
        self, text: str, states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys, depth: int
    ) -> str | None:
        """Do the same for the values in a text that is not JSON as a whole."""
        pieces: list[str] = []
        closed: list[str] = []
        position = done = 0
        for opened in open_values(text):
            if states:
                closed.append(text[position : opened.start])
            position = opened.end
            # Detectors have read the line; inside there is only more to find where a step or a key's name hides it.
            if opened.is_within and not states and not _names_secret(encoded(text[opened.start : opened.end])):
                continue
            here = anywhere(states) if opened.is_within and states else states
            if (inside := self._opened(text, opened, here, active, keys, depth)) is not None:
                pieces += (text[done : opened.start], inside)
                done = opened.end
        if states and (closing := self._closed("\n".join((*closed, text[position:])), states)):
            return closing
        masked = "".join((*pieces, text[done:])) if pieces else text
        return masked if masked != text else None

    def _closed(self, text: str, states: tuple[State, ...]) -> str | None:
        """Return what stands for JSON that cannot be opened and may hold what a step hides, else None."""
        keys = names(text) if states else ()
        if (keys or (states and begins_json(text))) and (step := naming(states, keys)):
            self.counts[step.replacement.kind] += 1
            return marker("json")
        return None

    def _opened(
        self,
        text: str,
        opened: Opened,
        states: tuple[State, ...],
        active: tuple[Finder, ...],
        keys: Keys,
        depth: int,
    ) -> str | None:
        before = self.counts.total()
        copier = Copier()
        copied = copier.copy(opened.value)
        masked = self._value(copied, states, active, keys, depth + 1)
        self.take_removed(copier)
        # What is repeated in an object hides behind its last value; written anew it is gone.
        is_same = self.counts.total() == before and not opened.repeated and not copier.withheld
        inside = None if is_same else written(masked, text, opened)
        for tree in (opened.value, copied, masked) if opened.is_long else ():
            let_go(tree)
        return inside

    def _replace_whole(
        self, value: Any, whole: Replacement, states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys = ()
    ) -> Any:
        if value is None:
            return None
        if self._is_looking:
            self._value(value, states, active, keys, 0)
            return _GONE
        if active or any(step.by_key for step, _ in states):
            spare = value if whole.action in ("redact", "remove") else Copier().copy(value)
            self._look_inside(spare, states, active, keys)
        return self._hide_whole(value, whole, states, active)

    def _hide_whole(self, value: Any, whole: Replacement, states: tuple[State, ...], active: tuple[Finder, ...]) -> Any:
        if value is None:
            return None
        if whole.action in ("hash", "mask"):
            return self._leaves(value, whole, states, active)
        self.counts[whole.kind] += 1
        return _GONE if whole.action == "remove" else whole.label

    def _decided(self, value: Any, matched: list[PathStep], outer: Replacement | None = None) -> Replacement | None:
        """Return what replaces `value` as a whole; what its key gave away is remembered whichever step decides."""
        for step in matched:
            if step.by_key and step.whole is not None:
                self._scanner.remember_secrets(leaves(value), step.whole)
        return strictest(matched, outer)

    def _look_inside(self, value: Any, states: tuple[State, ...], active: tuple[Finder, ...], keys: Keys) -> None:
        """Remember what is found in a value that is hidden as a whole: elsewhere it is hidden all the same.

        Changes `value`.
        """
        counts = self.counts.copy()
        self._is_looking = True
        try:
            self._value(value, states, active, keys, 0)
        finally:
            self._is_looking = False
            self.counts.clear()
            self.counts.update(counts)

    def _leaves(self, value: Any, whole: Replacement, states: tuple[State, ...], active: tuple[Finder, ...]) -> Any:
        """Return `value` with every leaf replaced; lists and objects keep their shape, stricter steps hold below."""
        if value is None or value == "":
            return value
        if isinstance(value, dict):
            masked: dict[str, Any] = {}
            numbers: dict[str, int] = {}
            for key, given in value.items():
                item = self._leaf(str(key), member_name(key, value), given, whole, states, active)
                if item is not _GONE:
                    name = self._scanner.key(key, active)
                    masked[name if name not in masked else free_name(name, masked, numbers)] = item
            return masked
        if isinstance(value, list):
            items = (self._leaf(str(at), "", given, whole, states, active, states) for at, given in enumerate(value))
            return [item for item in items if item is not _GONE]
        text = value if isinstance(value, str) else json.dumps(value)
        if whole.action == "hash":
            return self._scanner.replace(text, whole)
        show = not isinstance(value, bool) and not opens_json(text)
        return self._scanner.whole(text, whole, active, show=show)

    def _leaf(
        self,
        key: str,
        called: str,
        value: Any,
        whole: Replacement,
        states: tuple[State, ...],
        active: tuple[Finder, ...],
        around: tuple[State, ...] = (),
    ) -> Any:
        below, matched = advance_member(states, key, called or key)
        here = self._decided(value, matched, whole)
        assert here is not None
        return self._hide_whole(value, here, union(around, below), widened(active, matched))


def _count_texts(items: list[Any]) -> int:
    return sum(type(item) is str or (type(item) is dict and type(item.get("text")) is str) for item in items)


def _is_short_number(value: Any) -> bool:
    return type(value) in (int, float) and -_LONG_NUMBER < value < _LONG_NUMBER


def _may_hide_inside(data: bytes) -> bool:
    return b"\\" in data or _names_secret(data)


def _names_secret(data: bytes) -> bool:
    if _NAMES_SECRET.search(data) is not None:
        return True
    shadow = fold(data)
    return shadow is not None and _NAMES_SECRET.search(shadow.text) is not None
