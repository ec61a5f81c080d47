"""Own detectors, compiled: none is used before its examples hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from router.config.detectors import Definition, DetectorSpec, Example
from router.config.gitleaks import GitleaksRules
from router.config.loaded import LoadedConfig
from router.config.model import NamedEntities, PatternDetector
from router.errors import ConfigError, Problem
from router.masking.detectors import Detector, Entities, ModelError, OwnPattern, RuleSet, presidio_analysis
from router.masking.masking import failure_marker, mask_text
from router.masking.policies import MaskingPolicies
from router.masking.policy import Finder, Replacement


def compile_policies(loaded: LoadedConfig) -> MaskingPolicies:
    """Compile the masks of a configuration with its own detectors. Raises ConfigError, as `own_detectors` does."""
    return MaskingPolicies.compile(loaded.masks, loaded.secrets, detectors=own_detectors(loaded.detectors))


def own_detectors(specs: Mapping[str, DetectorSpec]) -> dict[str, Detector]:
    """Compile own detectors, by name, and try their examples the way calls are masked.

    Raises ConfigError with every example that fails, and every model that cannot be loaded.
    """
    compiled: dict[str, Detector] = {}
    problems: list[Problem] = []
    for name, spec in specs.items():
        try:
            compiled[name] = _compiled(name, spec.definition)
        except ModelError:
            problems += [spec.unloadable] if spec.unloadable is not None else []
            continue
        problems += (
            _explained(example, spec.definition)
            for example in spec.examples
            if _hits(compiled[name], example.text) is not example.is_hit
        )
    if problems:
        raise ConfigError(tuple(problems))
    return compiled


def _compiled(name: str, definition: Definition) -> Detector:
    if isinstance(definition, GitleaksRules):
        return RuleSet(name, definition)
    if isinstance(definition, NamedEntities):
        return Entities(name, presidio_analysis(definition))
    return OwnPattern(name, definition)


def _hits(detector: Detector, text: str) -> bool | None:
    """Return whether the detector finds anything in an example; None where it fails on it."""
    finder = Finder(detector, Replacement(detector.name, detector.name, "redact", "[EXAMPLE]"))
    masked, counts = mask_text(text, MaskingPolicies({detector.name: (finder,)}), [detector.name])
    return None if masked == failure_marker(detector.name) else counts[detector.name] > 0


def _explained(example: Example, spec: Definition) -> Problem:
    """Return the finding about an example, for one that was missed with the part of the detector that missed it."""
    if isinstance(spec, NamedEntities):
        return replace(example.failure, hint="try another model or another `score`; or another example")
    if not example.is_hit or not isinstance(spec, PatternDetector):
        return example.failure
    hint = "the pattern does not match it"
    if _hits(OwnPattern("x", spec.model_copy(update={"validate_": None})), example.text):
        hint = f"the pattern matches, but the checksum `{spec.validate_}` does not"
    elif _hits(OwnPattern("x", spec.model_copy(update={"validate_": None, "near": None})), example.text):
        hint = "the pattern matches, but none of the words stands near enough"
    return replace(example.failure, hint=hint)
