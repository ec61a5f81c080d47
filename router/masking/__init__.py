"""Masking: a call record under a plan becomes a MaskedRecord, the only thing that may be encoded and sent."""

from router.masking.breath import Breathe, breath
from router.masking.egress import seal
from router.masking.kept import Recalled
from router.masking.masking import mask, mask_text, mask_value
from router.masking.own import compile_policies, own_detectors
from router.masking.policies import MaskingPolicies, UnknownMask
from router.masking.policy import REDACTED
from router.masking.record import MaskedRecord

__all__ = [
    "REDACTED",
    "Breathe",
    "MaskedRecord",
    "MaskingPolicies",
    "Recalled",
    "UnknownMask",
    "breath",
    "compile_policies",
    "mask",
    "mask_text",
    "mask_value",
    "own_detectors",
    "seal",
]
