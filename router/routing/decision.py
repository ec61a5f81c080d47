"""What follows from which entries matched: the part of a plan that is the same for every call they take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.config.model import DROP
from router.routing.entry import Entry
from router.routing.plan import Because, DropReason, Sample
from router.routing.sampling import Rate, lowest
from router.routing.updates import Update


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """What follows from which entries matched: all of a plan that does not depend on the call's own values.

    Equal to itself only, so that plans can be remembered by it.

    Attributes:
        masks: the union in order (defaults, overlays, rule); the request may add to it.
        own_masks: for each project that adds masks of its own, the union with those; the request may add as well.
        trace, generation: the updates that do something, in order of precedence.
        update_keys: those that the entries name.
    """

    rule: str | None
    route: tuple[str, ...] = ()
    drop: DropReason | None = None
    overlays: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    own_masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: Sample = field(default_factory=Sample)
    trace: tuple[Update, ...] = ()
    generation: tuple[Update, ...] = ()
    update_keys: tuple[str, ...] = ()
    because: tuple[Because, ...] = ()


UNAUTHENTICATED = Decision(
    rule=None, drop="unauthenticated", because=(Because("drop", "the caller is not authenticated"),)
)


@dataclass(frozen=True, slots=True)
class Combination:
    """Entries that match together: the decision for a call that is kept, and for one that is sampled out."""

    rate: Rate | None
    kept: Decision
    sampled_out: Decision


def combine(
    overlays: list[Entry],
    rule: Entry,
    floors: Sequence[Entry],
    undecided: tuple[str, ...],
    shadow: tuple[str, ...],
    default_masks: tuple[str, ...],
    default_rate: Rate | None,
) -> Combination:
    """Return what follows from the entries that match.

    Args:
        overlays: those that apply, in order.
        rule: the one that decides, with its route for the call.
        floors: rules that do not route, but whose masks apply: those that could not be decided; and where a team
            file's rule decides, those of other files that come later: the first match of each, as far as the first
            match of the file that mounts them.
        undecided, shadow: ids to note in the plan.
        default_masks, default_rate: of `defaults`.
    """
    entries = [*overlays, rule]
    masks = {name: Because(f"mask {name}", "defaults") for name in default_masks}
    for entry in (*entries, *floors):
        for name in entry.masks:
            masks.setdefault(name, entry.because(f"mask {name}"))
    own = _own_masks((rule, *floors), masks)
    rate = lowest(rate for rate in (default_rate, *(entry.rate for entry in entries)) if rate is not None)
    common: dict[str, Any] = {
        "rule": rule.id,
        "overlays": tuple(entry.id for entry in overlays),
        "undecided": undecided,
        "shadow": shadow,
        "masks": tuple(masks),
        "trace": tuple(entry.trace for entry in entries if not entry.trace.is_empty),
        "generation": tuple(entry.generation for entry in entries if not entry.generation.is_empty),
        "update_keys": tuple(key for entry in entries for key in entry.trace.update_keys),
        "because": (
            rule.because(f"route {', '.join(rule.route) or DROP}"),
            *masks.values(),
            *(because for names in own.values() for because in names.values()),
            *_sample_reason(rate, entries),
        ),
    }
    share, by = (rate.rate, rate.by) if rate else (1.0, None)
    kept = Decision(
        route=tuple(rule.route),
        drop=None if rule.route else "policy",
        own_masks={project: (*masks, *names) for project, names in own.items() if names},
        sample=Sample(share, True, by),
        **common,
    )
    sampled_out = Decision(drop="sampled_out" if rule.route else "policy", sample=Sample(share, False, by), **common)
    return Combination(rate, kept, sampled_out)


def _own_masks(rules: Sequence[Entry], everywhere: Collection[str]) -> Mapping[str, Mapping[str, Because]]:
    """Return the masks that single projects of the first rule add, each with its reason.

    A project to which one of the rules after it would not send gets whatever that one hides from any of its projects.
    """
    below: list[dict[str, dict[str, Entry]]] = []
    for rule in reversed(rules):
        hidden: dict[str, dict[str, Entry]] = {}
        for project, names in rule.route.items():
            hidden[project] = dict.fromkeys(names, rule)
            for lower in reversed(below):
                for masks in [lower[project]] if project in lower else lower.values():
                    hidden[project] |= {name: masks[name] for name in masks if name not in hidden[project]}
        below.append(hidden)
    return {
        project: {
            name: entry.because(f"mask {name} for {project}") for name, entry in masks.items() if name not in everywhere
        }
        for project, masks in below[-1].items()
    }


def _sample_reason(rate: Rate | None, entries: Iterable[Entry]) -> tuple[Because, ...]:
    if rate is None:
        return ()
    effect = f"sample {rate.rate:g}"
    entry = next((entry for entry in entries if f"{entry.kind} {entry.id}" == rate.source), None)
    return (entry.because(effect),) if entry else (Because(effect, rate.source),)
