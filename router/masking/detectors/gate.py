"""A quick look at a text for many detectors: which of them can find nothing in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from router.masking.detectors.detector import Detector, Gated, Screened
from router.masking.patterns import compile_set

SignsIn = Callable[[bytes], Sequence[int] | None]
"""Returns the places of those signs that stand in a text, and the number of all; without that one it gave up."""


class Gate:
    """Tells which detectors find nothing in a text, by what each of them says stands in every text with a hit.

    Most texts hold nothing, and RE2 looks for several signs at once in the time that one detector takes.
    """

    def __init__(
        self, detectors: Iterable[Detector], compiled: Callable[[tuple[str, ...]], SignsIn] | None = None
    ) -> None:
        """Take what compiles signs; RE2 does by default."""
        screened: dict[Detector, Callable[[bytes], bool]] = {}
        self._signs: dict[str, dict[Detector, str]] = {}
        for each in detectors:
            if isinstance(each, Screened):
                screened[each] = each.may_find
            elif isinstance(each, Gated):
                self._signs.setdefault(each.sign_is, {})[each] = each.sign
        self._screened = (*screened.items(),)
        self._every = frozenset((*screened, *chain.from_iterable(self._signs.values())))
        self._compile = compiled or _compiled
        self._sets: list[tuple[SignsIn, tuple[Detector, ...]]] = []

    def clean(self, text: bytes) -> Collection[Detector]:
        """Return the detectors that find nothing in `text`; none of those for whose signs RE2 gives up."""
        if not self._sets:
            self._sets = [(self._compile((*signs.values(),)), (*signs,)) for signs in self._signs.values()]
        unclean = [each for each, may_find in self._screened if may_find(text)]
        for signs_in, detectors in self._sets:
            seen = signs_in(text) or ()
            if len(detectors) not in seen:
                unclean += detectors
            elif len(seen) > 1:
                unclean += [detectors[place] for place in seen if place < len(detectors)]
        return self._every.difference(unclean) if unclean else self._every

    def clean_each(self, texts: Sequence[bytes]) -> Sequence[Collection[Detector]]:
        """Return the same for each of several texts; for all at once where, as in most, nothing stands in any."""
        together = self.clean(b"\n".join(texts)) if len(texts) > 1 else ()
        if together and len(together) == len(self._every):
            return [together] * len(texts)
        return [self.clean(text) for text in texts]


@lru_cache(maxsize=64)
def _compiled(signs: tuple[str, ...]) -> Any:
    # The last one matches every text, at its end.
    return compile_set((*signs, r"\z")).Match
