"""What a mask hides at a path stays hidden where a rule wrote it elsewhere: `name: "{user}"` beside a hashed user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from router.config.mask_paths import Segment
from router.masking.policy import PathStep, Policy
from router.masking.steps import State, advance
from router.routing.plan import Because

_METADATA = ("generation", "metadata")
_PLACES = {
    "user": (("trace", "user_id"),),
    "session_id": (("trace", "session_id"),),
    "tags": (("trace", "tags"),),
    "environment": (("trace", "environment"),),
    "model": (("model",),),
    "metadata": (_METADATA, ("trace",), ("generation",)),
}
"""Where the values of attributes stand in a call's document."""
_SEEDS = {
    "trace_user_id": ("trace", "user_id"),
    "trace_name": ("trace", "name"),
    "trace_version": ("trace", "version"),
    "trace_release": ("trace", "release"),
    "generation_name": ("generation", "name"),
    "version": ("generation", "version"),
    "session_id": ("trace", "session_id"),
    "tags": ("trace", "tags"),
    "trace_metadata": ("trace", "metadata"),
}
"""Where LiteLLM's own metadata keys put their values."""


def with_derived(policy: Policy, reasons: Iterable[Because]) -> Policy:
    """Return the policy with its steps repeated at every field that a rule or overlay computed from what they hide."""
    if not policy.steps:
        return policy
    steps = [
        replace(step, path=tuple(Segment(key.casefold()) for key in reason.writes))
        for reason in reasons
        for step in policy.steps
        if reason.reads and any(_covers(step, place) for name in reason.reads for place in places_of(name))
    ]
    return replace(policy, steps=(*policy.steps, *dict.fromkeys(steps))) if steps else policy


def places_of(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the document under which the value of an attribute may stand."""
    yield from _PLACES.get(name, ())
    family, _, path = name.partition(".")
    if family == "metadata" and path:
        keys = tuple(path.split("."))
        yield (*_METADATA, *keys)
        if keys[0] in _SEEDS:
            yield (*_SEEDS[keys[0]], *keys[1:])


def _covers(step: PathStep, place: tuple[str, ...]) -> bool:
    """Tell whether a step hides the value at a place, or anything below a whole part of the document."""
    states: tuple[State, ...] = ((step, 0),)
    for key in place:
        states, matched = advance(states, key)
        if matched:
            return True
    return bool(states) and (place in _PLACES["metadata"] or place == ("trace", "tags"))
