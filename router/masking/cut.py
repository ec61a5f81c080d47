"""Cuts long texts after they were masked, so that a cut never hides a value from a detector."""

from __future__ import annotations

from typing import Any, Final

from router.masking.policy import PathStep
from router.masking.steps import State, advance, union

CUT: Final = "…[CUT]"
"""Stands at the end of a text that was cut; it counts as part of the text."""


def cut_field(value: Any, path: tuple[str, ...], limits: tuple[PathStep, ...]) -> tuple[Any, list[str]]:
    """Return the masked value of the document's field at `path` with every text cut to the least limit over it.

    And those of its texts that were longer, as they were.
    """
    states: tuple[State, ...] = tuple((step, 0) for step in limits)
    most: int | None = None
    for key in path:
        states, matched = advance(states, key)
        most = _least(most, matched)
    uncut: list[str] = []
    return _cut(value, states, most, uncut), uncut


def _cut(value: Any, states: tuple[State, ...], most: int | None, uncut: list[str]) -> Any:
    if type(value) is str:
        if most is None or len(value) <= most:
            return value
        uncut.append(value)
        return value[: most - len(CUT)] + CUT
    if not states and most is None:
        return value
    if type(value) is dict:
        return {key: _cut(item, *_below(states, key, most), uncut) for key, item in value.items()}
    if type(value) is list:
        items = []
        for index, item in enumerate(value):
            below, limit = _below(states, str(index), most)
            items.append(_cut(item, union(states, below), limit, uncut))
        return items
    return value


def _below(states: tuple[State, ...], key: str, most: int | None) -> tuple[tuple[State, ...], int | None]:
    below, matched = advance(states, key)
    return below, _least(most, matched)


def _least(most: int | None, matched: list[PathStep]) -> int | None:
    limits = [step.limit for step in matched if step.limit is not None]
    return min(limits if most is None else [most, *limits], default=None)
