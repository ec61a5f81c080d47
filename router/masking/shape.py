"""Brings a masked tree into the types that MaskedRecord promises, whatever masks or callers put there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import re2

from router.config.limits import fitted
from router.config.model import TRACE_FIELDS
from router.masking.document import GENERATION_PARTS
from router.masking.policy import REDACTED
from router.routing.requested import DEBUG_COPY

REDACTED_KEY: Final = "redacted"
"""Under this key a metadata object or the model's parameters say that they were hidden as a whole."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_CLASS_NAME = re2.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}", _OPTIONS)
_CODE = re2.compile(r"[A-Za-z0-9_.-]{1,64}", _OPTIONS)
_QUOTING = frozenset({"trace_input", "trace_output", "vertex_ai_grounding_metadata"})
"""Keys of metadata that repeat the input or output: what LiteLLM shows as the trace's, what an answer rests on."""
_VOCABULARY = frozenset(
    """
    any audio auto base64 default flex float high image json_object json_schema low max medium minimal none priority
    required scale standard text xhigh
    """.split()
)


def masked_fields(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of MaskedRecord that come from the document's tree, within Langfuse's limits."""
    adjusted: list[str] = []
    return {
        "call_id": _text(tree["call_id"]) or "",
        "call_type": _text(tree["call_type"]) or "",
        "model": _text(tree["model"]) or "",
        "model_parameters": _object(tree["model_parameters"]),
        "usage_details": _numbers(tree["usage_details"], int),
        "cost_details": _numbers(tree["cost_details"], float),
        "guardrails": tuple(each for each in tree["guardrails"] or () if isinstance(each, dict)),
        "input": tree["input"],
        "output": tree["output"],
        "status_message": _status_message(tree["error"]),
        "trace": _fields("trace", tree["trace"], TRACE_FIELDS, adjusted),
        "generation": _fields("generation", tree["generation"], GENERATION_PARTS, adjusted),
        "adjusted": tuple(adjusted),
    }


def without_words(parameters: Any) -> Any:
    """Return the model's parameters without anything that could quote the input: numbers, switches, fixed words."""
    if not isinstance(parameters, dict):
        return parameters
    kept: dict[str, Any] = {}
    for name, given in parameters.items():
        value = given.get("type") if name == "response_format" and isinstance(given, dict) else given
        if isinstance(value, (bool, int, float)) or (isinstance(value, str) and value in _VOCABULARY):
            kept[name] = value
    return kept


def without_content(guardrails: Any) -> Any:
    """Return what guardrails decided without what they were given and answered, which quotes the call."""
    quotes = ("input", "output")
    return [
        {name: each[name] for name in each if name not in quotes} for each in guardrails or () if type(each) is dict
    ]


def without_quotes(metadata: Any) -> Any:
    """Return the generation's metadata without what repeats the input or output there, where no path to them leads."""
    if isinstance(metadata, dict) and not _QUOTING.isdisjoint(metadata):
        return {key: value for key, value in metadata.items() if key not in _QUOTING}
    return metadata


def hide_copy(trace: dict[str, Any]) -> None:
    """Hide the metadata that `debug_langfuse` repeats in the trace's: no path of a mask leads into the copy."""
    metadata = trace.get("metadata")
    if isinstance(metadata, dict) and DEBUG_COPY in metadata:
        metadata[DEBUG_COPY] = REDACTED


def take_times(guardrails: Any) -> list[dict[str, int]]:
    """Take out of `guardrails`, in place, when each of them started and ended, and return that in the same order.

    A mask of long digits means the caller's numbers, not nanoseconds.
    """
    taken = []
    for each in guardrails or ():
        found = {name: each.pop(name, None) for name in ("start", "end")} if type(each) is dict else {}
        taken.append({name: value for name, value in found.items() if type(value) is int and value >= 0})
    return taken


def put_times(guardrails: Any, times: list[dict[str, int]]) -> None:
    """Give the masked `guardrails` back, in place, what `take_times` took."""
    for each, known in zip(guardrails or (), times, strict=False):  # a mask that failed left a text
        if type(each) is dict:
            each.update(known)


def _fields(kind: str, values: Mapping[str, Any], names: tuple[str, ...], adjusted: list[str]) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for name in names:
        value = values.get(name)
        if value is None:
            continue
        if name == "metadata":
            value = _object(value)
        elif name == "tags":
            value = _tags(value)
        elif name == "prompt":
            value = _prompt(value)
        elif name != "public":
            value = _text(value)
        elif not isinstance(value, bool):
            continue
        if value is not None and value not in ("", [], {}):
            shaped[name] = kept = fitted(name, value)
            if kept is not value:
                adjusted.append(f"{kind}.{name}")
    return shaped


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {REDACTED_KEY: value} if isinstance(value, str) else {}


def _prompt(value: Any) -> dict[str, Any] | None:
    """Return the name and version of a prompt, unless a mask took one of them away."""
    name, version = (value.get("name"), value.get("version")) if isinstance(value, dict) else (None, None)
    return {"name": name, "version": version} if isinstance(name, str) and name and type(version) is int else None


def _tags(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := _text(item))]


def _numbers(value: Any, kind: type) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    accepted = (int,) if kind is int else (int, float)
    return {
        name: number for name, number in value.items() if type(number) in accepted and number >= 0 and len(name) <= 64
    }


def _status_message(error: Any) -> str | None:
    if not isinstance(error, dict):
        return error if isinstance(error, str) else None
    kind, code, message = _text(error.get("type")), _text(error.get("code")), _text(error.get("message"))
    kind = kind if kind and _CLASS_NAME.fullmatch(kind) else None
    code = code if code and _CODE.fullmatch(code) else None
    if message and kind and f"{kind}:" in message:
        return message
    head = f"{kind} ({code})" if kind and code else kind or code
    return ": ".join(part for part in (head, message) if part) or None
