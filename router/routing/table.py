"""The routing decision: a configuration compiled once, and resolved for every call to exactly one plan."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from router.config.limits import told
from router.config.loaded import LoadedConfig
from router.routing.decision import UNAUTHENTICATED, Combination, Decision, combine
from router.routing.entry import Entry, compile_entry, compile_rule
from router.routing.expected import MET, Expected, Unmet
from router.routing.explain import Explanation, Step, step, step_of_unauthenticated
from router.routing.index import Index, compile_facts, is_worth_remembering
from router.routing.overrides import NOTHING_GRANTED, Granted, Grants, asks_nothing
from router.routing.plan import Because, Plan
from router.routing.record import CallRecord
from router.routing.redirect import redirected
from router.routing.sampling import Rate, compile_sample, is_kept
from router.routing.typed import typed
from router.routing.unauthenticated import met_by_unauthenticated
from router.routing.updates import merge

MAX_REMEMBERED = 16_384
"""Combinations, facts and plans remembered, of each; where there are more, some are worked out again."""


_WRONG_TYPES = (TypeError, ValueError, AttributeError)
"""What a record raises that was made by hand, with a list where a text is due."""


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """A compiled configuration: immutable, pure, shared by all threads, replaced as a whole on reload.

    `overlays_of_unauthenticated` and `rules_of_unauthenticated` are what calls meet that no key answers for.
    `combinations`, `seen` and `plans` only remember what would be worked out again; they change no result.
    """

    overlays: Index
    rules: Index
    overlays_of_unauthenticated: Index
    rules_of_unauthenticated: Index
    facts: Callable[[CallRecord], Hashable] | None
    default_masks: tuple[str, ...]
    default_rate: Rate | None
    grants: Grants
    expected: Expected = field(default_factory=Expected)
    combinations: dict[tuple[tuple[Hashable, ...], ...], Combination] = field(
        default_factory=dict, compare=False, repr=False
    )
    seen: dict[Hashable, Combination] = field(default_factory=dict, compare=False, repr=False)
    plans: dict[Hashable, Plan] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def compile(cls, loaded: LoadedConfig) -> RoutingTable:
        """Compile a configuration that `router.config` has checked."""
        rate = compile_sample(loaded.defaults.sample, "defaults", loaded.vocabulary)
        overlays = [compile_entry("overlay", item, loaded.vocabulary) for item in loaded.overlays]
        rules = [compile_rule(item, loaded) for item in loaded.rules]
        return cls(
            overlays=Index.build(overlays, loaded.vocabulary),
            rules=Index.build(rules, loaded.vocabulary),
            overlays_of_unauthenticated=Index.build(met_by_unauthenticated(overlays), loaded.vocabulary),
            rules_of_unauthenticated=Index.build(met_by_unauthenticated(rules), loaded.vocabulary),
            facts=compile_facts([*overlays, *rules], loaded.vocabulary),
            default_masks=tuple(loaded.defaults.mask),
            default_rate=rate if rate.rate < 1.0 else None,
            expected=Expected.of(loaded.vocabulary),
            grants=Grants.from_config(loaded),
        )

    def resolve(self, record: CallRecord, place: float | None = None) -> Plan:
        """Return the plan for a call: total, deterministic, and free of side effects.

        `place` stands for the call's bucket in every roll-out and sample, 0 ≤ x < 1; tests freeze it so.
        """
        try:
            return self.complete(self.decide(record, place), record)
        except _WRONG_TYPES:
            record = typed(record)
            return self.complete(self.decide(record, place), record)

    def decide(self, record: CallRecord, place: float | None = None) -> Decision:
        """Return where the call goes: the part of `resolve` that can be remembered from one call to the next."""
        if not record.authenticated:
            found = self._matching(self.overlays_of_unauthenticated, self.rules_of_unauthenticated, record, place)
            if found is None:
                return UNAUTHENTICATED
            combination = found
        elif self.facts is not None:
            combination = self._remembered(record)
        else:
            combination = self._of_authenticated(record, place)
        if combination.rate is None or is_kept(combination.rate, record, place):
            return combination.kept
        return combination.sampled_out

    def complete(self, decision: Decision, record: CallRecord) -> Plan:
        """Return the plan that follows from a decision: what the request is granted, and every value it sends."""
        unmet = self.expected.unmet(record) if decision.rule is not None else MET
        if decision.trace or decision.generation or not asks_nothing(record):
            return self._complete(decision, record, unmet)
        # Nothing is left of the call but what gives it its names.
        of_call = (record.call_type, record.key_alias, record.authenticated)
        key = (decision, of_call, unmet.missing, unmet.unknown_values)
        plan = self.plans.get(key)
        if plan is None:
            plan = self._complete(decision, record, unmet)
            _remember(self.plans, key, plan)
        return plan

    def _complete(self, decision: Decision, record: CallRecord, unmet: Unmet) -> Plan:
        granted = NOTHING_GRANTED if decision.rule is None else self.grants.grant(record)
        trace, trace_reasons = merge(granted.trace, decision.trace, record)
        generation, generation_reasons = merge(granted.generation, decision.generation, record)
        update_keys: tuple[str, ...] = ()
        if granted.ids.continues:
            # Every other key of a trace that exists stays as that trace has it.
            update_keys = tuple(dict.fromkeys((*granted.update_keys, *decision.update_keys)))
            trace = {name: value for name, value in trace.items() if name in update_keys or name == "environment"}
        if decision.rule is not None:
            _name(trace, generation, granted, record)
        limits = (*_limits("trace", trace), *_limits("generation", generation))
        asked = tuple(name for name in granted.masks if name not in decision.masks)
        masks = dict.fromkeys(decision.route, decision.masks + asked)
        for project, own in decision.own_masks.items():
            masks[project] = own + tuple(name for name in asked if name not in own)
        redirect = redirected(masks, granted.choice, decision.drop)
        return Plan(
            rule=decision.rule,
            route=tuple(redirect.masks),
            drop=decision.drop,
            overlays=decision.overlays,
            ad_hoc=redirect.ad_hoc,
            masks=MappingProxyType(redirect.masks),
            trace=MappingProxyType(trace),
            generation=MappingProxyType(generation),
            ids=granted.ids,
            update_keys=update_keys,
            sample=decision.sample,
            denied=(*granted.denied, *redirect.denied),
            adjusted=tuple(
                dict.fromkeys(r.adjusts for r in (*trace_reasons, *generation_reasons, *limits) if r.adjusts)
            ),
            undecided=decision.undecided,
            shadow=decision.shadow,
            missing=unmet.missing,
            unknown_values=unmet.unknown_values,
            because=(
                *decision.because,
                *redirect.because,
                *[Because(f"missing {name}", "attributes") for name in unmet.missing],
                *[Because(f"unknown value of {name}", "attributes") for name in unmet.unknown_values],
                *[Because(f"mask {name}", "request") for name in asked],
                *trace_reasons,
                *generation_reasons,
                *limits,
            ),
        )

    def explain(self, record: CallRecord, place: float | None = None) -> Explanation:
        """Resolve a call and tell the verdict of every entry that was tried; `place` as in `resolve`."""
        try:
            return self._explain(record, place)
        except _WRONG_TYPES:
            return self._explain(typed(record), place)

    def _explain(self, record: CallRecord, place: float | None) -> Explanation:
        plan = self.resolve(record, place)
        if not (record.authenticated or self.rules_of_unauthenticated.entries):
            return Explanation(plan, ())
        tell = step if record.authenticated else step_of_unauthenticated
        steps = [tell(entry, record, place) for entry in self.overlays.entries]
        rules = iter(self.rules.entries)
        for entry in rules:
            steps.append(tell(entry, record, place))
            if not steps[-1].matched:
                continue
            if entry.is_mounted:
                matching = (lower for lower in rules if tell(lower, record, place).matched)
                steps += [
                    _floor_step(tell(lower, record, place)) for lower in _floors(entry, matching) if lower.hides(record)
                ]
            break
        return Explanation(plan, tuple(steps))

    def _remembered(self, record: CallRecord) -> Combination:
        facts = self.facts(record) if self.facts is not None else None
        found = self.seen.get(facts)
        if found is None:
            found = self._of_authenticated(record)
            if is_worth_remembering(facts):
                _remember(self.seen, facts, found)
        return found

    def _of_authenticated(self, record: CallRecord, place: float | None = None) -> Combination:
        found = self._matching(self.overlays, self.rules, record, place)
        if found is None:
            raise RuntimeError("no rule takes the call, though the last one must take every call")
        return found

    def _matching(self, overlays: Index, rules: Index, record: CallRecord, place: float | None) -> Combination | None:
        """Return what matches, of the overlays and of the rules that a call meets; None without a rule."""
        if not rules.entries:
            return None
        undecided: list[str] = []
        shadow: list[str] = []
        # Rules that could not be decided: they do not route, but what they may have hidden stays hidden.
        in_doubt: list[Entry] = []
        applying = list(_matching(overlays.candidates(record), record, place, undecided, shadow, []))
        matching = _matching(rules.candidates(record), record, place, undecided, shadow, in_doubt)
        rule = next(matching, None)
        if rule is None:
            return None
        # What the rules of others would hide that come later, a team's rule does not un-mask.
        reached = len(shadow)
        later = list(_floors(rule, matching)) if rule.is_mounted else []
        del shadow[reached:]
        floors = [entry.routed(record) for entry in (*in_doubt, *later)]
        return self._combination(applying, rule.routed(record), floors, undecided, shadow)

    def _combination(
        self, overlays: list[Entry], rule: Entry, floors: list[Entry], undecided: list[str], shadow: list[str]
    ) -> Combination:
        decided = tuple([(entry.id, *entry.route.items()) for entry in (rule, *floors)])
        key = (tuple([entry.id for entry in overlays]), decided, tuple(undecided), tuple(shadow))
        found = self.combinations.get(key)
        if found is None:
            found = combine(
                overlays, rule, floors, tuple(undecided), tuple(shadow), self.default_masks, self.default_rate
            )
            _remember(self.combinations, key, found)
        return found


def _floors(rule: Entry, later: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the rules that would decide were this one's file not mounted, nor then the file of the next, and so on.

    Args:
        rule: the one that decides, of a team file.
        later: what matches after it, in order.
    """
    passed = {rule.location.file}
    for entry in later:
        if entry.location.file not in passed:
            yield entry
            passed.add(entry.location.file)
        if not entry.is_mounted:
            return


def _floor_step(found: Step) -> Step:
    return replace(found, matched=False, why=f"{found.why}; too late to route, but its masks apply")


def _remember(known: dict[Any, Any], key: Hashable, value: Any) -> None:
    """Note a result, after forgetting all when there are too many: what is asked for often comes back."""
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known[key] = value


def _matching(
    entries: Iterable[Entry],
    record: CallRecord,
    place: float | None,
    undecided: list[str],
    shadow: list[str],
    in_doubt: list[Entry],
) -> Iterator[Entry]:
    """Yield the entries that match and have an effect; note those that could not be decided or only would match."""
    for entry in entries:
        verdict = entry.verdict(record, place)
        if verdict is None:
            undecided.append(entry.id)
            verdict = entry.when_undecided
            if not (verdict or entry.is_shadow):
                in_doubt.append(entry)
        if verdict and entry.is_shadow:
            shadow.append(entry.id)
        elif verdict:
            yield entry


def _name(trace: dict[str, object], generation: dict[str, object], granted: Granted, record: CallRecord) -> None:
    """Give names where nobody did, as LiteLLM's own logger does; a continued trace keeps the name it has."""
    automatic = f"litellm-{record.call_type}"
    if "name" not in trace and not granted.ids.continues:
        trace["name"] = automatic
    if "name" not in generation:
        generation["name"] = f"litellm:{record.key_alias}" if record.key_alias else automatic


def _limits(kind: str, fields: Mapping[str, object]) -> list[Because]:
    """Return a reason for every field that will be altered to what Langfuse keeps."""
    found = [(name, how) for name, value in fields.items() if (how := told(name, value))]
    return [Because(f"{kind}.{name} {how}", "Langfuse", adjusts=f"{kind}.{name}") for name, how in found]
