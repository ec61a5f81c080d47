"""An `ExplainResult` for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from router.cli.console import Console, stdout
from router.cli.explain import ExplainResult
from router.cli.words import count, counts, quoted, shown, width_of
from router.config.frames import clean
from router.masking import MaskedRecord
from router.routing.explain import Step
from router.routing.plan import Plan

_DROPPED = {
    "policy": "dropped by this rule, nothing is sent",
    "sampled_out": "not in the sample, nothing is sent",
    "unauthenticated": "dropped: the caller is not authenticated, and no rule takes such calls",
}


def to_json(result: ExplainResult) -> dict[str, Any]:
    """Return the result as schema router.explain/v1."""
    return {
        "schema": "router.explain/v1",
        "config": {"file": result.file, "digest": result.digest},
        "decision": result.explanation.plan.to_json(),
        "steps": [
            {
                "kind": step.kind,
                "id": step.id,
                "file": step.file,
                "line": step.line,
                "matched": step.matched,
                "why": step.why,
            }
            for step in result.explanation.steps
        ],
        "servers": dict(result.servers),
        "sent": {project: _sent_json(masked) for project, masked in result.sent.items()},
    }


def print_json(result: ExplainResult) -> None:
    """Print the result as JSON."""
    stdout().print_json(to_json(result))


def print_human(result: ExplainResult) -> None:
    """Print what was tried and why, the decision, and what each project would get."""
    console = stdout()
    for line in _lines(result, console):
        console.print(line)


def _sent_json(masked: MaskedRecord) -> dict[str, Any]:
    return {
        "input": masked.input,
        "output": masked.output,
        "masked": dict(masked.masked),
        "error": masked.status_message,
        "trace": dict(masked.trace),
        "generation": dict(masked.generation),
        "model_parameters": dict(masked.model_parameters),
        "failures": list(masked.failures),
    }


def _lines(result: ExplainResult, console: Console) -> Iterator[str]:
    steps = result.explanation.steps
    ids = width_of([step.id for step in steps])
    places = width_of([_place(step) for step in steps])
    for kind, title in (("overlay", "overlays"), ("rule", "rules")):
        tried = [step for step in steps if step.kind == kind]
        if tried:
            yield console.paint("title", title)
        for step in tried:
            yield _step(step, ids, places, console) + _added(step, result.explanation.plan)
    if result.untried and steps:
        more = f"{count(len(result.untried), 'more rule')} not tried: {_listed(result.untried)}"
        yield console.paint("dim", f"    {more}")
    yield from _decision(result, console)
    for project, masked in result.sent.items():
        yield from _sent(project, masked, result.explanation.plan, console)


def _step(step: Step, ids: int, places: int, console: Console) -> str:
    mark = console.paint("good", "✔") if step.matched else console.paint("bad", "✘")
    stop = "   ■ stop" if step.matched and step.kind == "rule" else ""
    return f"  {mark} {step.id:<{ids}}   {clean(_place(step)):<{places}}   {clean(step.why)}{stop}"


def _added(step: Step, plan: Plan) -> str:
    """Return what an overlay that matched brought about."""
    if step.kind != "overlay" or not step.matched:
        return ""
    effects = dict.fromkeys(reason.effect for reason in plan.because if reason.source == f"overlay {step.id}")
    return f"   + {', '.join(effects)}" if effects else ""


def _place(step: Step) -> str:
    return f"{step.file}:{step.line}"


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:6]) + (", …" if len(ids) > 6 else "")


def _decision(result: ExplainResult, console: Console) -> Iterator[str]:
    plan = result.explanation.plan
    rule = f"rule {plan.rule}" if plan.rule else "no rule"
    config = f" · config {result.digest}" if result.digest else ""
    yield f"{console.paint('title', 'decision')}  {rule}{config}"
    facts = {
        "route": _route(plan) if plan.drop is None else f"nothing: {_DROPPED[plan.drop]}",
        "mask": _masks(plan),
        "trace": _fields(plan.trace) if plan.drop is None else "",
        "generation": _fields(plan.generation) if plan.drop is None else "",
        "continues": f"trace {clean(plan.ids.trace_id or '')} ({_servers(result)})" if plan.ids.continues else "",
        "updates": ", ".join(plan.update_keys),
        "sample": _sample(plan),
        "denied": ", ".join(plan.denied),
        "adjusted": " · ".join(clean(reason.effect) for reason in plan.because if reason.adjusts),
        "undecided": ", ".join(plan.undecided),
        "missing": ", ".join(plan.missing),
        "unknown": ", ".join(f"value of {name}" for name in plan.unknown_values),
    }
    for name, text in facts.items():
        if text:
            yield f"  {name:<10}  {text}"


def _route(plan: Plan) -> str:
    """Return the projects, and what let the request put one of them there."""
    chosen = next((reason for reason in plan.because if " instead of " in reason.effect), None)
    names = ", ".join(plan.route)
    return f"{names} ({chosen.effect.removeprefix('route ')}: {chosen.source})" if chosen is not None else names


def _servers(result: ExplainResult) -> str:
    """Return the generation of each project's server, on which depends what a continued trace shows."""
    words = {
        project: "server auto: its host is asked at run time" if server == "auto" else f"server {server}"
        for project, server in result.servers.items()
    }
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return " · ".join(f"{project}: {text}" for project, text in words.items()) or "sent nowhere"


def _masks(plan: Plan) -> str:
    """Return the masks in order, each with where it comes from; projects apart only where they differ."""
    if plan.drop is not None:
        return ""
    sources = {reason.effect.removeprefix("mask "): reason.source for reason in plan.because}
    texts = {
        project: _with_sources(
            [(sources.get(f"{name} for {project}") or sources.get(name, "rules"), name) for name in names]
        )
        for project, names in plan.masks.items()
    }
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return " · ".join(f"{project}: {text}" for project, text in texts.items())


def _with_sources(named: list[tuple[str, str]]) -> str:
    groups = [(source, [name for _, name in group]) for source, group in groupby(named, lambda pair: pair[0])]
    return " → ".join(f"{', '.join(group)} ({source})" for source, group in groups) or "none"


def _fields(fields: Mapping[str, Any]) -> str:
    return " · ".join(f"{name} = {shown(value)}" for name, value in fields.items())


def _sample(plan: Plan) -> str:
    if plan.sample.rate >= 1.0:
        return ""
    by = f" by {plan.sample.by}" if plan.sample.by else ""
    return f"{plan.sample.rate:g}{by}: {'kept' if plan.sample.kept else 'not kept'}"


def _sent(project: str, masked: MaskedRecord, plan: Plan, console: Console) -> Iterator[str]:
    yield f"{console.paint('title', 'sent to')} {project}"
    for name, value in (("input", masked.input), ("output", masked.output), ("error", masked.status_message)):
        if value is not None:
            yield f"  {name:<10}  {quoted(value)}"
    for name, given, sent in (("trace", plan.trace, masked.trace), ("generation", plan.generation, masked.generation)):
        if changes := _changes(given, sent):
            yield f"  {name:<10}  {changes}"
    yield f"  {'masked':<10}  {counts(masked.masked)}"
    if masked.failures:
        yield f"  {console.paint('error', 'failed')}      {', '.join(masked.failures)}: what they guard is withheld"


def _changes(given: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """Return the fields that do not leave as the plan has them."""
    changed = [f"{name} = {shown(value)}" for name, value in sent.items() if given.get(name) != value]
    removed = [f"{name} is removed" for name in given if name not in sent]
    return " · ".join([*changed, *removed])
