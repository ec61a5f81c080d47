"""Finds what detectors find in one text, and writes what the policy says in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from router.masking.blocks import Pieces
from router.masking.breath import Breathe, go_on
from router.masking.detectors import Gate
from router.masking.detectors.detector import Find, Keys, Span
from router.masking.detectors.media import OWN
from router.masking.fold import fold
from router.masking.hits import Hit, Hits, merged
from router.masking.literals import SHORTEST, Found, is_peculiar
from router.masking.neighbours import Neighbourhoods, has_neighbour, touches_word
from router.masking.partial import is_partly_shown, shown_from
from router.masking.policy import Finder, Policy, Replacement
from router.masking.utf8 import decoded, encoded

_MAX_KNOWN_KEYS: Final = 4096
_MAX_PASSES: Final = 8
_REACH_OF_KEYS: Final = 4096
"""Bytes of a value to which its key says anything."""
_LONGEST_DATA: Final = 48
_STAR: Final = 0x2A
_LONGEST_SHOWN: Final = 32
"""Bytes of a value that `mask` shows at most: eight characters."""
_LEAVE_NEIGHBOURS: Final = frozenset({"remove", "mask"})
"""Actions after which a text is looked at again: what they leave has new neighbours."""


class MaskFailed(Exception):
    """A detector, pattern or path of the mask `mask` failed. Holds no cause: it may quote the text.

    Attributes:
        drops: whether the call is dropped on that account.
    """

    def __init__(self, mask: str, *, drops: bool = False) -> None:
        super().__init__(f"mask `{mask}` failed")
        self.mask = mask
        self.drops = drops


class Scanner:
    """Masks texts of one record for one project.

    Attributes:
        counts: hits by detector name, `pattern`, `path`.
        found: values that finders which look everywhere found.
    """

    __slots__ = ("_breathe", "_policy", "_scope", "_shown", "counts", "found")

    def __init__(self, policy: Policy, scope: str, breathe: Breathe = go_on) -> None:
        self._policy = policy
        self._breathe = breathe
        self._scope = scope
        self.counts: Counter[str] = Counter()
        self.found = Found()
        self._shown: set[bytes] = set()

    def text(self, text: str, active: tuple[Finder, ...], keys: Keys = ()) -> str:
        """Return `text` with what the `active` finders find replaced, under the nearest `keys` over it.

        Raises MaskFailed, as all of these do.
        """
        if self.is_too_short(text, active):
            return text
        data = encoded(text)
        hits = self.find(data, active, keys)
        return self.splice(data, hits, active, keys) if hits else text

    def number(self, number: int | float, active: tuple[Finder, ...], keys: Keys) -> int | float | str:
        """Return `number`, or the text that comes in its place where it is a hit in any of its spellings."""
        spellings = (
            {repr(number), str(int(number))} if type(number) is float and number.is_integer() else {repr(number)}
        )
        for text in sorted(spellings):
            finders = tuple(finder for finder in active if len(text) >= finder.detector.shortest_number)
            if finders and (masked := self.text(text, finders, keys)) != text:
                return masked
        return number

    def whole(self, text: str, replacement: Replacement, active: tuple[Finder, ...], *, show: bool = True) -> str:
        """Return what `mask` makes of a whole text: its end, as far as `show` says and no finder hides it."""
        data = encoded(text)
        if self._is_own(data, 0, len(data), replacement, self._policy.labels_in(data) or ()):
            return self.text(text, active)
        if not show:
            return self.replace(text, replacement)
        return self.splice(data, [*self.find(data, active), (replacement, [(0, len(data))])], active)

    def key(self, key: str, active: tuple[Finder, ...]) -> str:
        """Do the same for a key of an object."""
        masked = self.text(key, active)
        known = self._policy.clean_keys
        if masked == key and active is self._policy.finders and len(key) <= 64 and len(known) < _MAX_KNOWN_KEYS:
            known.add(key)
        return masked

    def is_too_short(self, text: str, active: tuple[Finder, ...]) -> bool:
        """Return whether no finder can hit anything in so few characters."""
        if active is self._policy.finders:
            return not active or (len(text) < self._policy.shortest and text.isascii())
        return not active

    def find(self, data: bytes, active: tuple[Finder, ...], keys: Keys = ()) -> Hits:
        """Return what the `active` finders find in `data` (UTF-8), a value under `keys`; nothing is empty."""
        if not active:
            return []
        self._breathe()
        hits = self._find(data, self._policy.looks(len(data), active), self._policy.gate)
        if keys and (under := self._policy.under(keys, active)):
            begin = data[:_REACH_OF_KEYS]
            hits += self._find(begin, under, None)
        if not hits:
            return hits
        # Asked once for all of them: a text that was never masked has no labels, and there is no more to ask.
        labels = self._policy.labels_in(data)
        kept = [(each, self._without_own(data, spans, each, labels)) for each, spans in hits]
        return [(replacement, spans) for replacement, spans in kept if spans]

    def _find(self, data: bytes, looks: Sequence[tuple[Finder, Find]], gate: Gate | None) -> Hits:
        """Return what is found; `gate` knows what finds nothing in a text, where it is only the text that is read."""
        hits: Hits = []
        shadow = fold(data, self._breathe)
        as_it_stands = data if shadow is None else shadow.spaced
        changed = shadow.changed() if shadow is not None and shadow.text is not as_it_stands else []
        clean = gate.clean(as_it_stands) if gate else ()
        clean_parts = gate.clean_each([part for _, part in changed]) if gate else [()] * len(changed)
        folded = [(*each, without) for each, without in zip(changed, clean_parts, strict=True)]
        for finder, find in looks:
            if finder.detector in clean and not folded:
                continue
            replacement = finder.replacement
            found: list[Span] = []
            parts = [(offset, part) for offset, part, without in folded if finder.detector not in without]
            # What a key says, it says of the value from its beginning on.
            is_whole = gate is None or (finder.detector.reaches_far and (parts or finder.detector not in clean))
            try:
                # As it stands, too: `%41…` and `1–2` may be what they seem, and folding would undo a hit.
                if finder.detector not in clean:
                    found += self._found(find, as_it_stands)
                if shadow is not None:
                    found += (
                        shadow.original(offset + start, offset + end)
                        for offset, part in ([(0, shadow.text)] if is_whole and folded else parts)
                        for start, end in self._found(find, part)
                    )
                if finder.allowed is not None:
                    found = [span for span in found if not finder.allowed.covers(data[slice(*span)])]
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001 - MemoryError and RecursionError too: what was not scanned is not sent
                raise MaskFailed(replacement.mask, drops=replacement.drops) from None
            if found:
                hits.append((replacement, found))
        return hits

    def _found(self, find: Find, text: bytes) -> Iterator[Span]:
        """Yield what is found and not empty, with a breath after each look."""
        breathe = self._breathe
        for span in find(text):
            breathe()
            if span is not None and span[0] < span[1]:
                yield span

    def _without_own(
        self, data: bytes, spans: list[Span], replacement: Replacement, labels: Sequence[bytes] | None
    ) -> list[Span]:
        """Return the spans that do not only hold what masking itself writes."""
        if labels is None and replacement.action != "mask":
            return spans
        spans = [span for span in spans if not self._is_own(data, *span, replacement, labels)]
        return [_with_stars(data, span) for span in spans] if replacement.action == "mask" else spans

    def _is_own(
        self, data: bytes, start: int, end: int, replacement: Replacement, labels: Sequence[bytes] | None
    ) -> bool:
        """Return whether the span holds nothing but what masking itself writes: labels, pseudonyms, ends of values."""
        if replacement.action == "mask" and is_partly_shown(data, start, end, self._shown, _LONGEST_SHOWN):
            return True
        if labels is None:
            return False
        while 0 <= start < end:
            start = self._end_of_own(data, start, labels)
        return start >= end

    def _end_of_own(self, data: bytes, position: int, labels: Sequence[bytes]) -> int:
        """Return where the label or pseudonym that covers `position` ends, or -1 for none."""
        ends = [key.end_of_own(data, position) for key in self._policy.keys]
        start = data.rfind(b"[DATA ", max(0, position - _LONGEST_DATA), position + 6)
        described = OWN.match(data[start : start + _LONGEST_DATA]) if start >= 0 else None
        ends.append(start + described.end() if described and start + described.end() > position else -1)
        for label in labels:
            found = data.find(label, max(0, position + 1 - len(label)), position + len(label))
            ends.append(found + len(label) if found >= 0 else -1)
        return max(ends, default=-1)

    def splice(self, data: bytes, hits: Hits, active: tuple[Finder, ...], keys: Keys = ()) -> str:
        """Return `data` as text with every one of `hits` (at least one) replaced; use them up.

        What stood against a hit without a space between, or is a number near it, has new neighbours, so it is
        looked at again. Raises MaskFailed where that finds no end: what still holds a hit is not sent.
        """
        for _ in range(_MAX_PASSES):
            pieces, near = Pieces(), Neighbourhoods()
            position = shift = 0
            look_again = False
            for start, end, replacement, overlapping in merged(hits):
                written = self.written(data, start, end, replacement, overlapping).encode()
                pieces.add(data, position, start, written)
                look_again = look_again or replacement.action in _LEAVE_NEIGHBOURS or touches_word(data, start, end)
                if not look_again and has_neighbour(data, start, end, is_word=replacement.action == "hash"):
                    near.add(start + shift, start + shift + len(written))
                shift += len(written) - (end - start)
                position = end
            pieces.add(data, position, len(data), b"")
            data = pieces.joined()
            if not look_again and (beside := near.of(data)):
                look_again = bool(self.find(beside, active, keys))
            if not look_again or not (hits := self.find(data, active, keys)):
                return decoded(data)
        raise MaskFailed(hits[0][0].mask, drops=hits[0][0].drops)

    def written(self, data: bytes, start: int, end: int, replacement: Replacement, overlapping: list[Hit]) -> str:
        """Return the text that comes in place of a span of `data`, which is made of `overlapping` hits."""
        self._breathe()
        value = decoded(data[start:end])
        self._remember(value, replacement)
        for hit_start, hit_end, each in overlapping if len(overlapping) > 1 else ():
            self._remember(data[hit_start:hit_end].decode("utf-8", "replace"), each)
        return self.replace(value, replacement, _shown(data, end, overlapping) if replacement.action == "mask" else "")

    def _remember(self, value: str, replacement: Replacement) -> None:
        """Keep a value that must stand nowhere in the call; a short one may stand elsewhere by coincidence."""
        if replacement.kind == "media":
            return  # large, and no text repeats it
        if len(value) < SHORTEST or not self._policy.writes_everywhere(replacement):
            return
        self.found.remember(value, replacement)

    def remember_secrets(self, values: Iterable[str], replacement: Replacement) -> None:
        """Keep values that their keys gave away, as far as they are peculiar enough to be told from common words."""
        for value in values:
            for secret in {value, value.rpartition(" ")[2]}:  # `Bearer …` may be quoted without its first word
                if is_peculiar(secret) and not self._is_written(secret, replacement):
                    self.found.remember(secret, replacement)

    def _is_written(self, text: str, replacement: Replacement) -> bool:
        """Return whether masking wrote the whole of `text`, as it may have before the call came."""
        data = encoded(text)
        return self._is_own(data, 0, len(data), replacement, self._policy.labels_in(data))

    def replace(self, value: str, replacement: Replacement, shown: str = "") -> str:
        """Return the text that comes in place of `value`, and count it."""
        self.counts[replacement.kind] += 1
        try:
            text = replacement.text_for(value, self._scope, shown)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - as above
            raise MaskFailed(replacement.mask, drops=replacement.drops) from None
        if replacement.action == "mask":
            self._shown.add(text.encode())
        return text


def _with_stars(data: bytes, span: Span) -> Span:
    """Return a span that `mask` replaces with the stars before it, so that it does not write stars after stars."""
    start, end = span
    while start and data[start - 1] == _STAR:
        start -= 1
    return start, end


def _shown(data: bytes, end: int, group: list[Hit]) -> str:
    """Return the end of the span up to `end` that every one of the hits it is made of would show or not cover."""
    start = 0
    for hit_start, hit_end, replacement in group:
        value = data[hit_start:hit_end].decode("utf-8", "replace")
        hidden = value[: shown_from(value, replacement.kind, replacement.keep_last)]
        start = max(start, hit_start + len(hidden.encode()))
    return data[start:end].decode("utf-8", "replace")
