"""`overlays:` and `rules:`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.active import Active
from router.config.model.base import MaskName, Model, Name
from router.config.model.matching import Match
from router.config.model.shares import Rollout, SampleSpec
from router.config.model.updates import GenerationUpdate, TraceUpdate


class Overlay(Model):
    """Applies whenever it matches, as every other overlay that does. It can add, never take away."""

    id: Name
    """Name in explanations, counters and tests; unique in the file."""
    description: str | None = None
    """For people; shown by explain."""
    match: Match | None = None
    """Conditions on attributes; none means always."""
    when: Annotated[str, Field(min_length=1)] | None = None
    """JMESPath condition over the attributes, checked after `match`."""
    on_error: Literal["match", "no_match"] | None = None
    """What a `when` that cannot be evaluated counts as. Default: `match` for an overlay with masks (fail closed)."""
    rollout: Rollout | None = None
    """Share of the calls that fit which really match; the others go on as if it did not."""
    active: Active | None = None
    """When it applies, by the start of the call; at all other times it does not match."""
    mode: Literal["live", "shadow"] = "live"
    """`shadow` only records in the plan that it would match; it has no effect."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add."""
    trace: TraceUpdate | None = None
    """Changes to the trace."""
    generation: GenerationUpdate | None = None
    """Changes to the generation."""
    sample: SampleSpec | None = None
    """Share of these calls that is kept; the lowest of all that apply counts."""


class Destination(Model):
    """A project of a route, with masks of its own."""

    project: str
    """Name of the project; as in a plain route, `team-{team}` and `{team.project}` look into a table."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add for this project only."""


def _kind_of_route(value: Any) -> str:
    if isinstance(value, (Mapping, Destination)):
        return "@Destination"
    return "@one" if isinstance(value, str) else "@many"


def _kind_of_destination(value: Any) -> str:
    return "@Destination" if isinstance(value, (Mapping, Destination)) else "@name"


class Rule(Model):
    """The first rule that matches decides where the call goes."""

    id: Name
    """Name in explanations, counters and tests; unique in the file."""
    description: str | None = None
    """For people; shown by explain."""
    match: Match | None = None
    """Conditions on attributes; none means always."""
    when: Annotated[str, Field(min_length=1)] | None = None
    """JMESPath condition over the attributes, checked after `match`; where it cannot be evaluated the rule does not
    route, but its masks apply."""
    rollout: Rollout | None = None
    """Share of the calls that fit which really match; the others go on as if it did not."""
    active: Active | None = None
    """When it applies, by the start of the call; at all other times it does not match."""
    mode: Literal["live", "shadow"] = "live"
    """`shadow` only records in the plan that it would match; it has no effect."""
    route: Annotated[
        Annotated[str, Tag("@one")]
        | Annotated[Destination, Tag("@Destination")]
        | Annotated[
            list[
                Annotated[
                    Annotated[str, Tag("@name")] | Annotated[Destination, Tag("@Destination")],
                    Discriminator(_kind_of_destination),
                ]
            ],
            Field(min_length=1),
            Strict(False),
            Tag("@many"),
        ],
        Discriminator(_kind_of_route),
    ]
    """A project, a list of projects (each gets the call), or `drop`. A project that must see less than the others is
    `{project: shared, mask: [no-content]}`. `team-{team}` and `{team.project}` look into the table that `match` holds
    the attribute to."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add."""
    trace: TraceUpdate | None = None
    """Changes to the trace."""
    generation: GenerationUpdate | None = None
    """Changes to the generation."""
    sample: SampleSpec | None = None
    """Share of these calls that is kept; the lowest of all that apply counts."""

    def destinations(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return every project with the masks that are its own, in order; none for `drop`."""
        given = self.route if isinstance(self.route, list) else [self.route]
        pairs = ((to, ()) if isinstance(to, str) else (to.project, tuple(to.mask)) for to in given)
        return tuple((name, masks) for name, masks in pairs if name != DROP)

    def projects(self) -> tuple[str, ...]:
        """Return the names of the projects; none for `drop`."""
        return tuple(name for name, _ in self.destinations())


DROP = "drop"
"""The route that sends nothing; no project can have this name."""
