"""Detectors: each finds one kind of sensitive value in UTF-8 bytes. One module per kind of value."""

from router.masking.detectors.builtin import BUILTIN_DETECTORS, builtin_detectors, expand_groups
from router.masking.detectors.detector import Detector, Prepared, Span
from router.masking.detectors.entities import Entities, ModelError, presidio_analysis
from router.masking.detectors.gate import Gate
from router.masking.detectors.gitleaks import RuleSet
from router.masking.detectors.own import OwnPattern
from router.masking.detectors.pattern import Pattern

__all__ = [
    "BUILTIN_DETECTORS",
    "Detector",
    "Entities",
    "Gate",
    "ModelError",
    "OwnPattern",
    "Pattern",
    "Prepared",
    "RuleSet",
    "Span",
    "builtin_detectors",
    "expand_groups",
    "presidio_analysis",
]
