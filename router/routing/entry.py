"""One overlay or rule, compiled: when it matches, and what it then does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from router.config.loaded import LoadedConfig, Located
from router.config.model import Overlay, Rule
from router.config.routes import Route, has_holes, routes_by_row, united
from router.config.tables import NO_VOCABULARY, Vocabulary
from router.config.windows import Window, read_window
from router.errors import Location
from router.routing.attributes import row_getter
from router.routing.conditions import Verdict, attributes_of, compile_when
from router.routing.matchers import Condition, compile_match
from router.routing.plan import Because
from router.routing.record import CallRecord
from router.routing.sampling import Rate, Share, compile_rollout, compile_sample, is_rolled_out
from router.routing.updates import Update, compile_update
from router.routing.windows import is_open

Kind = Literal["overlay", "rule"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A compiled overlay or rule.

    Attributes:
        conditions: of `match:`; all must hold.
        when: the JMESPath condition, or None.
        when_undecided: what a `when` that cannot be evaluated counts as.
        window: when it applies; None for always.
        rollout: the share of the calls that fit which match; None for all.
        is_shadow: whether it is only recorded that it would match.
        for_unauthenticated: whether it is for calls that no key answers for, and for no others.
        attributes: names of all attributes that the conditions read.
        route: of a rule, the projects with the masks that are their own; none means drop.
        is_mounted: whether it is a rule of a team file; what rules of other files below would hide stays
            hidden then.
        row: of a rule whose route has holes, reads the row that decides.
        by_row: the same rule with the projects of each row; empty without holes.
    """

    kind: Kind
    id: str
    location: Location
    conditions: tuple[Condition, ...]
    when: Callable[[CallRecord], Verdict] | None
    when_text: str
    when_undecided: bool
    window: Window | None
    rollout: Share | None
    is_shadow: bool
    for_unauthenticated: bool
    attributes: frozenset[str]
    route: Route
    masks: tuple[str, ...]
    trace: Update
    generation: Update
    rate: Rate | None
    is_mounted: bool = False
    row: Callable[[CallRecord], str | None] | None = None
    by_row: Mapping[str, Entry] = field(default_factory=dict, repr=False)

    def routed(self, record: CallRecord) -> Entry:
        """Return the rule with the route that it has for this call; one that it matches."""
        return self if self.row is None else self.by_row[self.row(record) or ""]

    @property
    def may_hide(self) -> bool:
        """Whether the rule has masks, for all of its projects or for some."""
        return bool(self.masks) or any(self.route.values())

    def hides(self, record: CallRecord) -> bool:
        """Tell whether the rule has masks for this call, or for one of its projects; one that it matches."""
        return bool(self.masks) or any(self.routed(record).route.values())

    def because(self, effect: str) -> Because:
        return Because(effect, f"{self.kind} {self.id}", self.location.file, self.location.line)

    def verdict(self, record: CallRecord, place: float | None = None) -> Verdict:
        """Return whether the entry matches; None when its `when` cannot be evaluated, or the call's time is not known.

        `place` stands for the bucket of its roll-out, 0 ≤ x < 1.
        """
        for condition in self.conditions:
            if not condition.holds(record):
                return False
        if self.window is not None and not (open_now := is_open(self.window, record.start_time_unix_nano)):
            return open_now
        if self.rollout is not None and not is_rolled_out(self.rollout, record, place):
            return False
        return True if self.when is None else self.when(record)


def compile_rule(item: Located[Rule], loaded: LoadedConfig) -> Entry:
    """Compile a rule that `router.config` has checked, with the projects of each row where its route has holes."""
    entry = compile_entry("rule", item, loaded.vocabulary)
    if not any(has_holes(name) for name in entry.route):
        return entry
    names, aliases = loaded.project_names, loaded.project_aliases
    attribute, routes = routes_by_row(item.value, loaded.vocabulary, names, aliases)
    by_row = {key: replace(entry, route=route) for key, route in routes.items()}
    return replace(entry, row=row_getter(attribute, by_row, loaded.vocabulary), by_row=by_row)


def compile_entry(kind: Kind, item: Located[Overlay] | Located[Rule], vocabulary: Vocabulary = NO_VOCABULARY) -> Entry:
    """Compile an overlay or rule that `router.config` has checked, apart from holes in its route."""
    spec = item.value
    source = f"{kind} {spec.id}"
    masked_overlay = isinstance(spec, Overlay) and bool(spec.mask)
    on_error = spec.on_error if isinstance(spec, Overlay) else None
    vocabulary = vocabulary.within(spec.match)
    when_undecided = masked_overlay if on_error is None else on_error == "match"
    conditions = compile_match(spec.match, vocabulary, in_doubt=when_undecided) if spec.match is not None else ()
    return Entry(
        kind=kind,
        id=spec.id,
        location=item.location,
        conditions=conditions,
        when=compile_when(spec.when, vocabulary) if spec.when is not None else None,
        when_text=spec.when or "",
        when_undecided=when_undecided,
        window=read_window(spec.active) if spec.active is not None else None,
        rollout=compile_rollout(spec.rollout, spec.id, vocabulary) if spec.rollout is not None else None,
        is_shadow=spec.mode == "shadow",
        for_unauthenticated=spec.match is not None and spec.match.is_for_unauthenticated(),
        attributes=frozenset().union(
            attributes_of(spec.when, vocabulary) if spec.when is not None else (),
            *(condition.attributes for condition in conditions),
        ),
        route=united(spec.destinations()) if isinstance(spec, Rule) else {},
        masks=tuple(spec.mask),
        trace=compile_update("trace", spec.trace, source, item.location, vocabulary),
        generation=compile_update("generation", spec.generation, source, item.location, vocabulary),
        rate=compile_sample(spec.sample, source, vocabulary) if spec.sample is not None else None,
        is_mounted=item.is_mounted,
    )
