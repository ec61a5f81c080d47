"""Did-you-mean: which known names a misspelt one may stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 5
"""Suggestions shown at once."""


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that look like `name`, best first, at most five."""
    names = list(dict.fromkeys(known))
    folded = {candidate.casefold().replace("-", "_"): candidate for candidate in reversed(names)}
    found = difflib.get_close_matches(name.casefold().replace("-", "_"), folded, n=MOST, cutoff=0.6)
    return [folded[match] for match in found]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean `x`?", or an empty text when nothing comes near."""
    found = [f"`{candidate}`" for candidate in close_names(name, known)]
    if not found:
        return ""
    return f"did you mean {found[0]}?" if len(found) == 1 else f"did you mean {', '.join(found[:-1])} or {found[-1]}?"
