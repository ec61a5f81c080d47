"""A project that a request may choose, put into the route of its rule: no mask and no copy for others is lost by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from router.routing.overrides import Choice
from router.routing.plan import Because, DropReason

Masks = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Redirect:
    """The projects that get the call, in order, each with its masks; what of the choice is denied; and why."""

    masks: Masks
    denied: tuple[str, ...] = ()
    because: tuple[Because, ...] = ()


def redirected(masks: Masks, choice: Choice | None, drop: DropReason | None) -> Redirect:
    """Return the route of a rule with the choice of the request in it.

    The chosen project takes the place of the first and is masked as that one would be, and as itself where the route
    names it too. The others stay: nobody leaves an audit by choosing. A call that a rule drops stays dropped.

    Args:
        masks: of each project of the rule's route, in order; none when nothing is sent.
    """
    if choice is None:
        return Redirect(masks)
    if not masks:
        return Redirect(masks, denied=("project",) if drop == "policy" else ())
    first = next(iter(masks))
    if choice.project == first:
        return Redirect(masks)
    chosen = dict.fromkeys((*masks[first], *masks.get(choice.project, ())))
    others = {project: names for project, names in masks.items() if project not in (first, choice.project)}
    effect = f"route {choice.project} instead of {first}"
    return Redirect({choice.project: tuple(chosen), **others}, because=(choice.permission.because(effect),))
