"""Masks that no file defines: what a request itself can add."""

from __future__ import annotations

from typing import Final

MASK_INPUT: Final = "mask-input"
MASK_OUTPUT: Final = "mask-output"
"""Whole redaction of input and of output."""
MASK_FUNCTION: Final = "mask-function"
"""The application's own `langfuse_masking_function`, applied to every text of input, output and error."""
REQUEST_MASKS: Final = (MASK_INPUT, MASK_OUTPUT, MASK_FUNCTION)
