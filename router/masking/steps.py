"""Which steps of a policy hold where: paths followed key by key, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from router.config.mask_paths import DEEP, Segment
from router.masking.names import is_plain, readable
from router.masking.policy import Finder, PathStep, Replacement

State = tuple[PathStep, int]
"""A step and how many segments of its path are behind."""


def advance(states: Iterable[State], key: str) -> tuple[tuple[State, ...], list[PathStep]]:
    """Return the states below `key`, and the steps whose path ends at it."""
    below: dict[tuple[int, int], State] = {}
    matched: list[PathStep] = []
    spellings = _spellings(key)
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
        for taken in _taken(step, position, spellings):
            if position + taken == len(step.path):
                matched.append(step)
            else:
                below[id(step), position + taken] = (step, position + taken)
    return tuple(below.values()), matched


def advance_member(states: Iterable[State], key: str, called: str) -> tuple[tuple[State, ...], list[PathStep]]:
    """Return the same for a member of an object; steps that hold for a key's name also hold for what it is `called`."""
    below, matched = advance(states, key)
    if called != key and (named := [state for state in states if state[0].by_key]):
        also_below, also_matched = advance(named, called)
        below = union(below, also_below)
        matched += [step for step in also_matched if step not in matched]
    return below, matched


def anywhere(states: Iterable[State]) -> tuple[State, ...]:
    """Return the states of a value that may stand anywhere below: whatever end of a path fits in it holds."""
    return tuple((step, start) for step, position in states for start in range(position, len(step.path)))


def naming(states: Iterable[State], keys: Iterable[str]) -> PathStep | None:
    """Return a step that may hide something below one of `keys`, wherever in an object or list that stands.

    The last segment of its path that is a key has to name one of them, be it above wildcards; where only wildcards
    are left of the path, any key does, and none is needed.
    """
    ends: list[tuple[Segment, PathStep]] = []
    for step, position in states:
        end = next((segment for segment in reversed(step.path[position:]) if not segment.wild), None)
        if end is None:
            return step
        ends.append((end, step))
    for key in keys:
        spellings = {part for spelling in _spellings(key) for part in (spelling, spelling.rpartition(".")[2])}
        for end, step in ends:
            if any(map(end.takes, spellings)):
                return step
    return None


def _spellings(key: str) -> tuple[str, ...]:
    """Return `key` in lower case, and as a reader sees it where that differs."""
    lowered = key.casefold()
    if is_plain(key):
        return (lowered,)
    return (lowered, readable(key).casefold())


def _taken(step: PathStep, position: int, spellings: tuple[str, ...]) -> Iterable[int]:
    """Yield how many segments from `position` on the key can stand for: a key may itself have dots."""
    segment = step.path[position]
    if any(segment.takes(key) for key in spellings):
        yield 1
    if "." in spellings[0]:
        parts = spellings[0].split(".")
        segments = step.path[position : position + len(parts)]
        if len(segments) == len(parts) and all(
            segment.takes(part) for segment, part in zip(segments, parts, strict=True)
        ):
            yield len(parts)


def union(states: tuple[State, ...], others: tuple[State, ...]) -> tuple[State, ...]:
    """Return both, without repeats."""
    known = {(id(step), position) for step, position in states}
    return states + tuple(state for state in others if (id(state[0]), state[1]) not in known)


def strictest(matched: list[PathStep], outer: Replacement | None = None) -> Replacement | None:
    """Return what replaces the whole value at the end of `matched` paths, or `outer`, which holds around it."""
    wholes = [step.whole for step in matched if step.whole is not None]
    if outer is not None:
        wholes.append(outer)
    return max(wholes, key=lambda whole: (whole.strictness, -whole.keep_last)) if wholes else None


def widened(active: tuple[Finder, ...], matched: list[PathStep]) -> tuple[Finder, ...]:
    """Return `active` with the finders of `matched` paths; the very same object where there are none."""
    return active + tuple(step.finder for step in matched if step.finder is not None) if matched else active
