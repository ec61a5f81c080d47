"""One look at a text for many detectors: which of them can find nothing in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

from router.masking.detectors.detector import Detector, Gated
from router.masking.patterns import compile_set


class Gate:
    """Tells which detectors find nothing in a text, by what each of them says stands in every text with a hit.

    Most texts hold nothing, and RE2 looks for all of this at once in the time that one detector takes.
    """

    def __init__(self, detectors: Iterable[Detector], signs_in: Callable[[bytes], Sequence[int]] | None = None) -> None:
        """Take what returns which signs stand in a text, by their place among the detectors; by default RE2 tells."""
        signs = {each: each.sign for each in detectors if isinstance(each, Gated)}
        self._detectors = tuple(signs)
        self._signs = tuple(signs.values())
        self._signs_in = signs_in

    def clean(self, text: bytes) -> Collection[Detector]:
        """Return the detectors that find nothing in `text`; none where RE2 gives up."""
        if not self._detectors:
            return ()
        seen = (self._signs_in or _compiled(self._signs).Match)(text) or ()
        if len(self._signs) not in seen:
            return ()
        return {each for number, each in enumerate(self._detectors) if number not in seen}

    def clean_each(self, texts: Sequence[bytes]) -> Sequence[Collection[Detector]]:
        """Return the same for each of several texts; for all at once where, as in most, nothing stands in any."""
        together = self.clean(b"\n".join(texts)) if len(texts) > 1 else ()
        if together and len(together) == len(self._detectors):
            return [together] * len(texts)
        return [self.clean(text) for text in texts]


@lru_cache(maxsize=16)
def _compiled(signs: tuple[str, ...]) -> Any:
    # The last one matches every text, at its end.
    return compile_set((*signs, r"\z"))
