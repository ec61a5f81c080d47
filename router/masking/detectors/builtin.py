"""The built-in detectors, by the names that `detect:` uses."""

from __future__ import annotations

from collections.abc import Mapping

from router.masking.detectors.contact import Email
from router.masking.detectors.credentials import ApiKey, Jwt, PrivateKey
from router.masking.detectors.detector import Detector
from router.masking.detectors.finance import CreditCard


def builtin_detectors() -> Mapping[str, Detector]:
    """Return new detectors by the names that `detect:` uses."""
    detectors: tuple[Detector, ...] = (Email(), CreditCard(), ApiKey(), Jwt(), PrivateKey())
    return {detector.name: detector for detector in detectors}
