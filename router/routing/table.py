"""The routing decision: a configuration compiled once, and resolved for every call to exactly one plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from router.config.loaded import LoadedConfig, Located
from router.config.model import DROP, Overlay, Rule
from router.errors import Location
from router.routing.conditions import Verdict, compile_when
from router.routing.matchers import Condition, compile_match
from router.routing.overrides import Granted, Grants
from router.routing.plan import Because, DropReason, Plan
from router.routing.record import CallRecord
from router.routing.sampling import Rate, compile_sample, decide, lowest
from router.routing.updates import Update, compile_update, merge

Kind = Literal["overlay", "rule"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A compiled overlay or rule.

    Attributes:
        conditions: of `match:`; all must hold.
        when: the JMESPath condition, or None.
        when_undecided: what a `when` that cannot be evaluated counts as.
        route: of a rule, the projects; none means drop.
    """

    kind: Kind
    id: str
    location: Location
    conditions: tuple[Condition, ...]
    when: Callable[[CallRecord], Verdict] | None
    when_text: str
    when_undecided: bool
    route: tuple[str, ...]
    masks: tuple[str, ...]
    trace: Update
    generation: Update
    rate: Rate | None

    def because(self, effect: str) -> Because:
        return Because(effect, f"{self.kind} {self.id}", self.location.file, self.location.line)

    def verdict(self, record: CallRecord) -> Verdict:
        """Return whether the entry matches; None when its `when` cannot be evaluated."""
        for condition in self.conditions:
            if not condition.holds(record):
                return False
        return True if self.when is None else self.when(record)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation: an entry that was tried, and why it matched or did not."""

    kind: Kind
    id: str
    file: str
    line: int
    matched: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan and every step that led to it, in the order of evaluation."""

    plan: Plan
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from which entries matched and what was granted, whatever else the call holds.

    Attributes:
        masks: the union in order: defaults, overlays, rule, request.
        rate: the sampling rate that counts, None for all calls.
        trace, generation: the updates that do something, in order of precedence.
        update_keys: those that the entries name.
        because: a reason for the route, each mask and the sample.
    """

    masks: tuple[str, ...]
    rate: Rate | None
    trace: tuple[Update, ...]
    generation: tuple[Update, ...]
    update_keys: tuple[str, ...]
    because: tuple[Because, ...]


MAX_DECISIONS = 4096
"""Decisions remembered; a configuration whose overlays combine in more ways works some of them out again."""


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """A compiled configuration: immutable, pure, shared by all threads, replaced as a whole on reload.

    `decisions` only remembers what would be worked out again; it changes no result.
    """

    overlays: tuple[Entry, ...]
    rules: tuple[Entry, ...]
    default_masks: tuple[str, ...]
    default_rate: Rate | None
    grants: Grants
    decisions: dict[tuple[str, ...], Decision] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def compile(cls, loaded: LoadedConfig) -> RoutingTable:
        """Compile a configuration that `router.config` has checked."""
        rate = compile_sample(loaded.defaults.sample, "defaults")
        return cls(
            overlays=tuple(_compile_entry("overlay", item) for item in loaded.overlays),
            rules=tuple(_compile_entry("rule", item) for item in loaded.rules),
            default_masks=tuple(loaded.defaults.mask),
            default_rate=rate if rate.rate < 1.0 else None,
            grants=Grants.from_config(loaded.overrides),
        )

    def resolve(self, record: CallRecord) -> Plan:
        """Return the plan for a call: total, deterministic, and free of side effects."""
        if not record.authenticated:
            return _unauthenticated()
        undecided: list[str] = []
        overlays = [entry for entry in self.overlays if _matches(entry, record, undecided)]
        rule = next(entry for entry in self.rules if _matches(entry, record, undecided))
        return self._plan(record, overlays, rule, undecided)

    def explain(self, record: CallRecord) -> Explanation:
        """Resolve a call and tell the verdict of every entry that was tried."""
        plan = self.resolve(record)
        if plan.drop == "unauthenticated":
            return Explanation(plan, ())
        steps = [_step(entry, record) for entry in self.overlays]
        for entry in self.rules:
            steps.append(_step(entry, record))
            if steps[-1].matched:
                break
        return Explanation(plan, tuple(steps))

    def _plan(self, record: CallRecord, overlays: list[Entry], rule: Entry, undecided: list[str]) -> Plan:
        granted = self.grants.grant(record)
        names = tuple([entry.id for entry in overlays])
        decision = self._decision(names, overlays, rule, granted.masks)
        sample = decide(decision.rate, record)
        drop: DropReason | None = None
        if not rule.route:
            drop = "policy"
        elif not sample.kept:
            drop = "sampled_out"
        trace, trace_reasons = merge(granted.trace, decision.trace, record)
        generation, generation_reasons = merge(granted.generation, decision.generation, record)
        _name(trace, generation, granted, record)
        update_keys: tuple[str, ...] = ()
        if granted.ids.continues:
            # Every other key of a trace that exists stays as that trace has it.
            update_keys = tuple(dict.fromkeys((*granted.update_keys, *decision.update_keys)))
            trace = {name: value for name, value in trace.items() if name in update_keys or name == "environment"}
        route = () if drop else rule.route
        return Plan(
            rule=rule.id,
            route=route,
            drop=drop,
            overlays=names,
            masks=dict.fromkeys(route, decision.masks),
            trace=trace,
            generation=generation,
            ids=granted.ids,
            update_keys=update_keys,
            sample=sample,
            denied=granted.denied,
            undecided=tuple(undecided),
            because=(*decision.because, *trace_reasons, *generation_reasons),
        )

    def _decision(
        self, names: tuple[str, ...], overlays: list[Entry], rule: Entry, asked_masks: tuple[str, ...]
    ) -> Decision:
        key = (*names, "", rule.id, *asked_masks)
        found = self.decisions.get(key)
        if found is None:
            found = self._decide([*overlays, rule], rule, asked_masks)
            if len(self.decisions) < MAX_DECISIONS:
                self.decisions[key] = found
        return found

    def _decide(self, entries: list[Entry], rule: Entry, asked_masks: tuple[str, ...]) -> Decision:
        masks = {name: Because(f"mask {name}", "defaults") for name in self.default_masks}
        for entry in entries:
            for name in entry.masks:
                masks.setdefault(name, entry.because(f"mask {name}"))
        for name in asked_masks:
            masks.setdefault(name, Because(f"mask {name}", "request"))
        rate = lowest(rate for rate in (self.default_rate, *(entry.rate for entry in entries)) if rate is not None)
        route = rule.because(f"route {', '.join(rule.route) or DROP}")
        return Decision(
            masks=tuple(masks),
            rate=rate,
            trace=tuple(entry.trace for entry in entries if not entry.trace.is_empty),
            generation=tuple(entry.generation for entry in entries if not entry.generation.is_empty),
            update_keys=tuple(key for entry in entries for key in entry.trace.update_keys),
            because=(route, *masks.values(), *_sample_reason(rate, entries)),
        )


def _compile_entry(kind: Kind, item: Located[Overlay] | Located[Rule]) -> Entry:
    spec = item.value
    source = f"{kind} {spec.id}"
    masked_overlay = isinstance(spec, Overlay) and bool(spec.mask)
    on_error = spec.on_error if isinstance(spec, Overlay) else None
    return Entry(
        kind=kind,
        id=spec.id,
        location=item.location,
        conditions=compile_match(spec.match) if spec.match is not None else (),
        when=compile_when(spec.when) if spec.when is not None else None,
        when_text=spec.when or "",
        when_undecided=masked_overlay if on_error is None else on_error == "match",
        route=spec.projects() if isinstance(spec, Rule) else (),
        masks=tuple(spec.mask),
        trace=compile_update("trace", spec.trace, source, item.location),
        generation=compile_update("generation", spec.generation, source, item.location),
        rate=compile_sample(spec.sample, source) if spec.sample is not None else None,
    )


def _matches(entry: Entry, record: CallRecord, undecided: list[str]) -> bool:
    verdict = entry.verdict(record)
    if verdict is None:
        undecided.append(entry.id)
        return entry.when_undecided
    return verdict


def _step(entry: Entry, record: CallRecord) -> Step:
    verdict = entry.verdict(record)
    matched = entry.when_undecided if verdict is None else verdict
    failing = next((condition for condition in entry.conditions if not condition.holds(record)), None)
    if failing is not None:
        why = failing.why(record)
    else:
        parts = [condition.why(record) for condition in entry.conditions]
        if entry.when is not None:
            parts.append(_when_words(entry, verdict))
        why = ", ".join(parts) or "no conditions"
    return Step(entry.kind, entry.id, entry.location.file, entry.location.line, matched, why)


def _when_words(entry: Entry, verdict: Verdict) -> str:
    if verdict is None:
        counts_as = "a match" if entry.when_undecided else "no match"
        return f"{entry.when_text} cannot be evaluated, which counts as {counts_as}"
    return f"{entry.when_text} → {'true' if verdict else 'false'}"


def _name(trace: dict[str, object], generation: dict[str, object], granted: Granted, record: CallRecord) -> None:
    """Give names where nobody did, as LiteLLM's own logger does; a continued trace keeps the name it has."""
    automatic = f"litellm-{record.call_type}"
    if "name" not in trace and not granted.ids.continues:
        trace["name"] = automatic
    if "name" not in generation:
        generation["name"] = f"litellm:{record.key_alias}" if record.key_alias else automatic


def _sample_reason(rate: Rate | None, entries: Iterable[Entry]) -> tuple[Because, ...]:
    if rate is None:
        return ()
    effect = f"sample {rate.rate:g}"
    entry = next((entry for entry in entries if f"{entry.kind} {entry.id}" == rate.source), None)
    return (entry.because(effect),) if entry else (Because(effect, rate.source),)


def _unauthenticated() -> Plan:
    return Plan(rule=None, drop="unauthenticated", because=(Because("drop", "the caller is not authenticated"),))
