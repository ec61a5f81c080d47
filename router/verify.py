"""Embedded `tests:` tried: each request resolved and masked as in production, then compared with what it expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.config.loaded import LoadedConfig, Located
from router.config.model import AD_HOC, Expect, Test
from router.config.tables import Vocabulary
from router.errors import Location, RequestError
from router.masking import MaskedRecord, MaskingPolicies, compile_policies, mask
from router.routing.plan import Plan
from router.routing.record import CallRecord
from router.routing.request import record_from_request
from router.routing.table import RoutingTable


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that was not met."""

    what: str
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The outcome of one case of a test.

    Attributes:
        case: what this case lays over the request; None for a test without `each`.
        why: reasons of the plan, one line each, to explain a difference.
    """

    name: str
    location: Location
    case: Mapping[str, Any] | None
    differences: tuple[Difference, ...]
    why: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": self.location.file,
            "line": self.location.line,
            "case": None if self.case is None else dict(self.case),
            "passed": self.passed,
            "differences": [{"what": d.what, "expected": d.expected, "got": d.got} for d in self.differences],
            "why": list(self.why),
        }


def run_tests(loaded: LoadedConfig) -> tuple[CaseResult, ...]:
    """Run every embedded test of a configuration; pure apart from the CPU it takes."""
    table = RoutingTable.compile(loaded)
    policies = compile_policies(loaded)
    return tuple(result for test in loaded.tests for result in _run(test, table, policies, loaded.vocabulary))


def sent_value(masked: MaskedRecord, path: str) -> Any:
    """Return what a project gets at a dotted path (`input`, `metadata.account`, `trace.user_id`); None if nothing."""
    root, _, rest = path.partition(".")
    roots: dict[str, Any] = {
        "input": masked.input,
        "output": masked.output,
        "error": masked.status_message,
        "model_parameters": masked.model_parameters,
        "metadata": masked.generation.get("metadata"),
        "tags": masked.trace.get("tags"),
        "trace": masked.trace,
        "generation": masked.generation,
    }
    return _at(roots.get(root), rest)


def _run(
    test: Located[Test], table: RoutingTable, policies: MaskingPolicies, vocabulary: Vocabulary
) -> Iterable[CaseResult]:
    spec = test.value
    cases: Sequence[Mapping[str, Any] | None] = spec.each or (None,)
    for case in cases:
        try:
            now = {"now": spec.now} if spec.now is not None else {}
            record = record_from_request({**now, **spec.request, **(case or {})}, vocabulary)
        except RequestError as error:
            yield CaseResult(spec.name, test.location, case, (Difference("request", "a call", str(error)),))
            continue
        plan = _with_masks(_with_one_ad_hoc(table.resolve(record, spec.bucket)), spec.mask)
        differences = tuple(_compare(spec.expect, plan, _sent(record, plan, policies)))
        why = tuple(f"{reason.effect} ← {reason.source}" for reason in plan.because)
        yield CaseResult(spec.name, test.location, case, differences, why if differences else ())


def _with_one_ad_hoc(plan: Plan) -> Plan:
    """Return the plan with the project whose keys the request brings called `ad-hoc`, whatever its keys are."""
    if plan.ad_hoc is None:
        return plan
    masks = {AD_HOC if name == plan.ad_hoc.name else name: masks for name, masks in plan.masks.items()}
    return replace(plan, route=tuple(masks), masks=masks)


def _with_masks(plan: Plan, names: list[str]) -> Plan:
    if not names:
        return plan
    masks = {project: tuple(dict.fromkeys([*given, *names])) for project, given in plan.masks.items()}
    return plan.with_masks(masks)


def _sent(record: CallRecord, plan: Plan, policies: MaskingPolicies) -> dict[str, MaskedRecord]:
    return {project: mask(record, plan, project, policies) for project in plan.route}


def _compare(expect: Expect, plan: Plan, sent: Mapping[str, MaskedRecord]) -> Iterable[Difference]:
    yield from _differs("route", expect.route, list(plan.route))
    yield from _differs("rule", expect.rule, plan.rule)
    yield from _differs("overlays", expect.overlays, list(plan.overlays))
    yield from _compare_masks(expect, plan)
    yield from _differs("shadow", expect.shadow, list(plan.shadow))
    yield from _differs("denied", expect.denied, list(plan.denied))
    yield from _differs("adjusted", expect.adjusted, list(plan.adjusted))
    for kind, fields, got in (("trace", expect.trace, plan.trace), ("generation", expect.generation, plan.generation)):
        for key, value in (fields or {}).items():
            if isinstance(value, Mapping) and isinstance(got.get(key), Mapping):
                for inner, inner_value in value.items():
                    yield from _differs(f"{kind}.{key}.{inner}", inner_value, got[key].get(inner), given=True)
            else:
                yield from _differs(f"{kind}.{key}", value, _at(got, key), given=True)
    if (expect.sent or expect.masked) and not sent:
        yield Difference("sent", expect.sent, "nothing: the call is dropped")
    for project, paths in (expect.sent_to or {}).items():
        if project not in sent:
            yield Difference(f"sent to {project}", paths, "nothing: the call does not go there")
            continue
        for path, value in paths.items():
            yield from _differs(f"sent to {project}: {path}", value, sent_value(sent[project], path), given=True)
    for project, masked in sent.items():
        where = "" if len(sent) == 1 else f" to {project}"
        for path, value in (expect.sent or {}).items():
            yield from _differs(f"sent{where}: {path}", value, sent_value(masked, path), given=True)
        yield from _differs(f"masked{where}", expect.masked, dict(masked.masked))


def _compare_masks(expect: Expect, plan: Plan) -> Iterable[Difference]:
    if isinstance(expect.mask, dict):
        for project, names in expect.mask.items():
            got = list(plan.masks[project]) if project in plan.masks else "nothing: the call does not go there"
            yield from _differs(f"mask for {project}", names, got)
        return
    alike = len(set(plan.masks.values())) < 2
    for project, given in list(plan.masks.items())[: 1 if alike else None] or [("", ())]:
        yield from _differs("mask" if alike else f"mask for {project}", expect.mask, list(given))


def _differs(what: str, expected: Any, got: Any, *, given: bool = False) -> Iterable[Difference]:
    """Yield a difference unless the two are equal, or (by default) nothing was expected."""
    if (given or expected is not None) and expected != got:
        yield Difference(what, expected, got)


def _at(value: Any, path: str) -> Any:
    while path:
        if isinstance(value, Mapping) and path in value:
            return value[path]
        key, _, path = path.partition(".")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, (list, tuple)) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
