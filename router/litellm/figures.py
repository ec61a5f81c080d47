"""What may be passed on of objects that providers and guardrails fill as they like: figures, and words by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from router.litellm.content import mapping_of

_USAGE_WORDS = frozenset({"inference_geo", "modality", "search_context_size", "service_tier", "speed", "traffic_type"})
"""Names under which providers write a word of their own vocabulary beside the figures."""
_LONGEST_WORD = 64
_MOST = 64


def usage_figures(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return a provider's usage, as plain data, without texts but those that are known to name a tier or the like."""
    return {
        name: kept
        for name, value in usage.items()
        if len(name) <= _LONGEST_WORD
        and ((kept := _figures(value)) is not None or (name in _USAGE_WORDS and (kept := _word(value)) is not None))
    }


def guardrail_facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a guardrail, as plain data, each as far as it has the shape that LiteLLM gives it."""
    return {
        name: kept for name, shape in GUARDRAIL_FACTS.items() if (kept := shape(entry.get(name))) not in (None, [], {})
    }


def _figures(value: Any) -> Any:
    """Return numbers and switches, and objects and lists of them; else None."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Mapping):
        return usage_figures(value) or None
    if isinstance(value, list):
        return [kept for item in value[:_MOST] if (kept := _figures(item)) is not None] or None
    return None


def _word(value: Any) -> str | None:
    is_word = isinstance(value, str) and len(value) <= _LONGEST_WORD
    return value if is_word and value.replace("_", "").replace("-", "").isalnum() else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> Any:
    return [item for item in value[:_MOST] if isinstance(item, str)] if isinstance(value, list) else _text(value)


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _counts(value: Any) -> dict[str, Any]:
    counted = {name: _number(count) for name, count in mapping_of(value).items() if len(name) <= _LONGEST_WORD}
    return {name: count for name, count in counted.items() if count is not None}


def _mode(value: Any) -> Any:
    """Return when a guardrail runs: a word, several, or LiteLLM's words by tag."""
    if not isinstance(value, Mapping):
        return _texts(value)
    tags = {tag: known for tag, mode in mapping_of(value.get("tags")).items() if (known := _texts(mode))}
    parts = {"default": _texts(value.get("default")), "tags": tags}
    return {name: part for name, part in parts.items() if part}


GUARDRAIL_FACTS: Mapping[str, Callable[[Any], Any]] = {
    "guardrail_name": _text,
    "guardrail_provider": _text,
    "guardrail_mode": _mode,
    "guardrail_status": _text,
    "guardrail_action": _text,
    "guardrail_id": _text,
    "policy_template": _text,
    "detection_method": _text,
    "confidence_score": _number,
    "risk_score": _number,
    "violation_categories": _texts,
    "masked_entity_count": _counts,
    "patterns_checked": _number,
    "guardrail_cost": _number,
    "duration": _number,
}
"""What is read of a guardrail, and in which shape; anything else that stands there is not."""
