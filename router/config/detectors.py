"""Own detectors as the configuration hands them on: what masking compiles, and what to say when an example fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from router.config.draft import Draft
from router.config.excerpt import with_excerpts
from router.config.gitleaks import GitleaksRules
from router.config.model import ImportedRules, NamedEntities, PatternDetector
from router.config.nodes import Node, Source
from router.errors import Location, Problem

Definition = PatternDetector | NamedEntities | GitleaksRules
"""What a detector looks for."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text that proves a detector.

    Attributes:
        is_hit: whether the detector must find something in it.
        failure: the finding when it does otherwise.
    """

    text: str
    is_hit: bool
    failure: Problem


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """An own detector, checked: a pattern or kinds of names with examples for masking to try, or rules of a file.

    Attributes:
        unloadable: the finding when a model that is installed cannot be loaded; for kinds of names alone.
    """

    definition: Definition
    examples: tuple[Example, ...] = ()
    unloadable: Problem | None = None


def detector_specs(
    draft: Draft, rules: Mapping[str, GitleaksRules], sources: Sequence[tuple[Source, Node | None]]
) -> dict[str, DetectorSpec]:
    """Return the own detectors of a draft without errors, by name; `sources` are for excerpts."""
    proven = {name: spec for name, spec in draft.detectors.items() if not isinstance(spec, ImportedRules)}
    found = {name: tuple(_examples(draft, name, spec)) for name, spec in proven.items()}
    models = {name: _unloadable(draft, name, spec) for name, spec in proven.items() if isinstance(spec, NamedEntities)}
    failures = [one.failure for examples in found.values() for one in examples]
    problems = with_excerpts([*failures, *models.values()], sources)
    shown = {(problem.location, problem.message): problem for problem in problems}
    framed = {
        name: tuple(replace(one, failure=shown[one.failure.location, one.failure.message]) for one in examples)
        for name, examples in found.items()
    }
    unloadable = {name: shown[problem.location, problem.message] for name, problem in models.items()}
    imported = {name: DetectorSpec(one) for name, one in rules.items()}
    return {name: DetectorSpec(spec, framed[name], unloadable.get(name)) for name, spec in proven.items()} | imported


def _examples(draft: Draft, name: str, spec: PatternDetector | NamedEntities) -> Iterator[Example]:
    for index, text in enumerate(spec.examples.match):
        where = draft.at("detectors", name, "examples", "match", index)
        yield Example(text, is_hit=True, failure=_missed(name, where))
    for index, text in enumerate(spec.examples.no_match):
        where = draft.at("detectors", name, "examples", "no_match", index)
        yield Example(text, is_hit=False, failure=_false_alarm(name, where))


def _unloadable(draft: Draft, name: str, spec: NamedEntities) -> Problem:
    return Problem(
        code="RT265",
        message=f"package `{spec.model}` is no spaCy model that can be loaded",
        location=draft.at("detectors", name, "model"),
        effect=f"detector `{name}` would find nothing",
        hint="is it a spaCy model at all, and one for the version of spaCy that is installed?",
    )


def _missed(name: str, where: Location) -> Problem:
    return Problem(
        code="RT263",
        message=f"detector `{name}` finds nothing in this example",
        location=where,
        label="must be found",
        effect="what looks like it would be sent as it is",
    )


def _false_alarm(name: str, where: Location) -> Problem:
    return Problem(
        code="RT263",
        message=f"detector `{name}` finds something in this example",
        location=where,
        label="must be left alone",
        effect="what looks like it would be hidden, and nobody could read it any more",
        hint="narrow the pattern (`\\b` at its ends), or ask for a word `near` it, or `validate` its checksum",
    )
