"""Detectors: each finds one kind of sensitive value in UTF-8 bytes. One module per kind of value."""

from router.masking.detectors.builtin import builtin_detectors
from router.masking.detectors.detector import Detector, Span
from router.masking.detectors.pattern import Pattern

__all__ = ["Detector", "Pattern", "Span", "builtin_detectors"]
