"""The application's own `langfuse_masking_function`, applied as LiteLLM applies it, but failing closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from router.config.model import MASK_FUNCTION
from router.masking.plain import Copier, marker
from router.masking.scan import MaskFailed

MaskingFunction = Callable[[Any], Any]
"""Gets one text (or number, or switch) of a call and returns what may be shown instead."""


def apply_function(function: MaskingFunction, value: Any) -> Any:
    """Return plain data with `function` applied to every leaf; keys stay, None is never given to it.

    Most functions know only texts: a number that one cannot take becomes a marker.

    Raises:
        MaskFailed: the function raised for a text. What it raised is dropped, for it may quote the text.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: apply_function(function, item) for key, item in value.items()}
    if isinstance(value, list):
        return [apply_function(function, item) for item in value]
    try:
        return Copier().copy(function(value))
    except BaseException:  # noqa: BLE001 - foreign code: even its SystemExit may not stop the worker
        if isinstance(value, str):
            raise MaskFailed(MASK_FUNCTION) from None
        return marker(type(value).__name__)
