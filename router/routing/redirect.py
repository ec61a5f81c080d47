"""A project that a request may choose or bring, put into the route of its rule; no mask and no copy is lost by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.config.loaded import ResolvedProject
from router.routing.overrides import Choice
from router.routing.plan import Because, DropReason

Masks = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Redirect:
    """The projects that get the call, in order, each with its masks; what of the choice is denied; and why.

    Attributes:
        ad_hoc: the one of them whose keys the request brought.
    """

    masks: Masks
    ad_hoc: ResolvedProject | None = field(default=None, repr=False)
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
        return Redirect(masks, denied=(choice.wish,) if drop == "policy" else ())
    first = next(iter(masks))
    if choice.project == first:
        return Redirect(masks)
    chosen = dict.fromkeys((*masks[first], *masks.get(choice.project, ())))
    others = {project: names for project, names in masks.items() if project not in (first, choice.project)}
    effect = f"route {choice.project} instead of {first}"
    because = (choice.permission.because(effect),)
    return Redirect({choice.project: tuple(chosen), **others}, choice.ad_hoc, because=because)
