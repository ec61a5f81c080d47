"""Which steps of a policy hold where: paths followed key by key, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from router.config.mask_paths import ANY, DEEP
from router.masking.policy import Finder, PathStep, Replacement

State = tuple[PathStep, int]
"""A step and how many segments of its path are behind."""


def advance(states: Iterable[State], key: str) -> tuple[tuple[State, ...], list[PathStep]]:
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


def union(states: tuple[State, ...], others: tuple[State, ...]) -> tuple[State, ...]:
    """Return both, without repeats."""
    known = {(id(step), position) for step, position in states}
    return states + tuple(state for state in others if (id(state[0]), state[1]) not in known)


def strictest(matched: list[PathStep]) -> Replacement | None:
    """Return what replaces the whole value at the end of `matched` paths, if anything does."""
    wholes = [step.whole for step in matched if step.whole is not None]
    return max(wholes, key=lambda whole: whole.strictness) if wholes else None


def widened(active: tuple[Finder, ...], matched: list[PathStep]) -> tuple[Finder, ...]:
    """Return `active` with the finders of `matched` paths; the very same object where there are none."""
    return active + tuple(step.finder for step in matched if step.finder is not None) if matched else active
