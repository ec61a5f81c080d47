"""Masking: a call record under a plan becomes a MaskedRecord, the only thing that may be encoded and sent."""

from router.masking.masking import mask, mask_text, mask_value
from router.masking.policy import MASK_INPUT, MASK_OUTPUT, REDACTED, MaskingPolicies, UnknownMask
from router.masking.record import MaskedRecord

__all__ = [
    "MASK_INPUT",
    "MASK_OUTPUT",
    "REDACTED",
    "MaskedRecord",
    "MaskingPolicies",
    "UnknownMask",
    "mask",
    "mask_text",
    "mask_value",
]
