"""What a call said and cost: input, output, error, usage and cost out of LiteLLM's payloads, in Langfuse's shapes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from router.litellm.snapshot import Snapshot, fields_of
from router.litellm.wire import PASS_THROUGH, is_known_answer, realtime_output_of, request_body_of, response_body_of
from router.routing.attributes import text_of
from router.routing.record import CallError

_NOT_PARAMETERS = frozenset(
    {"api_key", "documents", "extra_body", "extra_headers", "extra_query", "functions", "headers", "input", "messages"}
) | {"metadata", "prompt", "secret_fields", "tools"}
_MAX_COUNT = 2**63
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_NOTHING: Mapping[str, Any] = {}
GROUNDING = "vertex_ai_grounding_metadata"
ZERO_COST = "zero_cost_diagnostic"
"""Where LiteLLM says that a price of 0 is one that it lacks."""
_COST_KINDS = {
    "input_cost": "input",
    "cache_read_cost": "cache_read_input_tokens",
    "cache_creation_cost": "cache_creation_input_tokens",
    "output_cost": "output",
    "tool_usage_cost": "tool_usage",
    "guardrail_cost": "guardrail",
}
"""Kinds of cost in LiteLLM's breakdown, by the names that Langfuse gets."""

Payload = Mapping[str, Any]


def excluded_fields() -> frozenset[str]:
    """Return the fields that the host keeps out of LiteLLM's payload: they are fetched nowhere else either."""
    given = getattr(sys.modules.get("litellm"), "standard_logging_payload_excluded_fields", None)
    return frozenset(map(str, given)) if isinstance(given, (list, tuple, set, frozenset)) else frozenset()


def payload_of(kwargs: Payload) -> Payload | None:
    """Return LiteLLM's own payload of the call without what the host excluded; None where LiteLLM made none.

    LiteLLM takes the excluded fields out for asynchronous calls only.
    """
    payload = kwargs.get("standard_logging_object")
    if not isinstance(payload, Mapping):
        return None
    excluded = excluded_fields()
    return {name: payload[name] for name in payload if name not in excluded} if excluded else payload


def input_of(kwargs: Payload, payload: Payload | None, snapshot: Snapshot) -> Any:
    """Return `{"messages": …}`, with `tools`, `functions` and the `documents` of a reranking where the call had some.

    A transcription's message names its file by the checksum that LiteLLM made; of a pass-through endpoint it is the
    client's body. A host that excluded `messages` from LiteLLM's payload gets none: what it hid is not fetched
    elsewhere.
    """
    if payload is None and "messages" in excluded_fields():
        return None
    messages = kwargs.get("messages") if payload is None else payload.get("messages")
    if messages is None and payload is None:
        messages = kwargs.get("input")
    if messages is None:
        return None
    if kwargs.get("call_type") == PASS_THROUGH and (body := request_body_of(messages)) is not None:
        return snapshot.copy(body)
    content = {"messages": _file_named(snapshot.copy(messages)) if _is_of_file(kwargs) else snapshot.copy(messages)}
    parameters = mapping_of(payload.get("model_parameters")) if payload is not None else kwargs
    if payload is None and "model_parameters" in excluded_fields():
        return content
    for name in ("functions", "tools", "documents"):
        if parameters.get(name):
            content[name] = snapshot.copy(parameters[name])
    return content


def _is_of_file(kwargs: Payload) -> bool:
    return "transcription" in str(kwargs.get("call_type"))


def _file_named(messages: Any) -> Any:
    """Return the message of a transcription, saying what its bare checksum is."""
    match messages:
        case [{"role": role, "content": str(checksum)}] if len(checksum) == 64:
            return [{"role": role, "content": f"[file with the SHA-256 {checksum}]"}]
    return messages


def output_of(kwargs: Payload, payload: Payload | None, response_obj: Any, snapshot: Snapshot) -> Any:
    """Return what the model answered, in the shape that its kind of call has; None for embeddings.

    Chat gives the message (a list of messages when there are several), text completion the text, the
    Responses API and realtime sessions their `output`, images and rerankings their `data` and `results`, a
    transcription its `text`, a pass-through endpoint the body where it is none of these.
    """
    call_type = str(kwargs.get("call_type"))
    if "embedding" in call_type or (payload is None and "response" in excluded_fields()):
        return None
    response = response_obj if payload is None else payload.get("response")
    if response is None or isinstance(response, (str, list)):
        return snapshot.copy(response)
    fields = _fields(response)
    if not fields:
        return "speech-output" if "speech" in call_type else None
    if "realtime" in call_type:
        return snapshot.copy(realtime_output_of(fields.get("results")))
    if call_type == PASS_THROUGH and (body := response_body_of(fields)) is not fields:
        return _answer(body, snapshot) if is_known_answer(body) else snapshot.copy(body)
    kind = fields.get("type")
    if isinstance(kind, str) and kind.startswith("response.") and fields.get("response") is not None:
        fields = _fields(fields["response"])
    answer = _answer(fields, snapshot)
    return _text_alone(answer) if "text_completion" in call_type else answer


def _text_alone(answer: Any) -> Any:
    """Return the text of a message: where a chat model answers, LiteLLM may report a text completion in either form."""
    match answer:
        case list(answers):
            return [_text_alone(one) for one in answers]
        case {"content": str(text), "role": "assistant", **rest} if not rest:
            return text
        case _:
            return answer


def _answer(fields: Payload, snapshot: Snapshot) -> Any:
    choices = fields.get("choices")
    if isinstance(choices, (list, tuple)):
        answers = [_choice(_fields(choice), snapshot) for choice in choices[:64]]
        return answers[0] if len(answers) == 1 else answers or None
    if fields.get("type") == "message" and "content" in fields:
        return snapshot.copy({"role": fields.get("role"), "content": fields["content"]})
    for name in ("output", "results", "data", "text", "response"):
        if fields.get(name) is not None:
            return snapshot.copy(fields[name])
    rest = {name: value for name, value in fields.items() if name != "usage"}
    return snapshot.copy(rest) if rest else None


def _choice(choice: Payload, snapshot: Snapshot) -> Any:
    message = choice.get("message")
    if message is None:
        return snapshot.copy(choice.get("text"))
    fields = _fields(message)
    kept = {name: value for name, value in fields.items() if value is not None or name == "content"}
    specific = kept.get("provider_specific_fields")
    if isinstance(specific, Mapping) and not any(value is not None for value in specific.values()):
        del kept["provider_specific_fields"]
    return snapshot.copy(kept)


def grounding_of(payload: Payload | None, response_obj: Any, snapshot: Snapshot) -> Any:
    """Return which searches ground the answer of a Gemini model; None where none do. It quotes the answer."""
    if "response" in excluded_fields():
        return None
    response = _fields(response_obj if payload is None else payload.get("response"))
    return snapshot.copy(response.get(GROUNDING)) or None


def error_of(kwargs: Payload, payload: Payload | None) -> CallError:
    """Return why the call failed; of the exception only its class, its code and its message, never a traceback."""
    known = mapping_of(payload.get("error_information")) if payload is not None else _NOTHING
    exception = kwargs.get("exception")
    kind = text_of(known.get("error_class")) or (type(exception).__name__ if exception is not None else "Error")
    code = text_of(known.get("error_code")) or _code_of(exception)
    message = text_of(known.get("error_message")) or (text_of(payload.get("error_str")) if payload else None)
    if not message and "error_str" not in excluded_fields():
        message = _message_of(exception)
    return CallError(type=kind, code=code or None, message=message or "")


def usage_of(payload: Payload | None, response_obj: Any) -> tuple[dict[str, int] | None, dict[str, Any]]:
    """Return token counts by Langfuse's names, and the provider's own object where it says more than that.

    `input` leaves out what the cache read and wrote, because Langfuse adds the kinds up; None: no usage known.
    """
    usage = mapping_of(mapping_of(payload.get("metadata")).get("usage_object")) if payload is not None else _NOTHING
    if not usage:
        usage = _fields(_fields(response_obj).get("usage"))
    if not usage and payload is not None:
        usage = mapping_of(response_body_of(mapping_of(payload.get("response"))).get("usage"))
    if not usage:
        return None, {}
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if not (prompt or completion):  # the Responses API and Anthropic count under other names
        prompt, completion = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
    inputs, outputs = _fields(usage.get("prompt_tokens_details")), _fields(usage.get("completion_tokens_details"))
    read = _count(usage.get("cache_read_input_tokens")) or _count(inputs.get("cached_tokens"))
    written = _count(usage.get("cache_creation_input_tokens")) or _count(inputs.get("cache_creation_tokens"))
    reasoning = min(_count(outputs.get("reasoning_tokens")), completion)
    details = {
        "input": max(prompt - read - written, 0),
        "output": completion - reasoning,
        "total": max(_count(usage.get("total_tokens")), prompt + completion),
    }
    if read:
        details["cache_read_input_tokens"] = read
    if written:
        details["cache_creation_input_tokens"] = written
    if reasoning:
        details["output_reasoning_tokens"] = reasoning
    return details, _details_in(usage)


def _details_in(usage: Payload) -> dict[str, Any]:
    """Return the provider's own usage without its empty fields; nothing when only the three counts remain."""
    details = {}
    for name, value in usage.items():
        if not value or name in _COUNTS:
            continue
        inner = None if type(value) is int else _fields(value)
        if known := {key: count for key, count in inner.items() if count} if inner else value:
            details[name] = known
    return {**{name: usage[name] for name in _COUNTS if name in usage}, **details} if details else {}


def cost_of(kwargs: Payload, payload: Payload | None) -> float | None:
    """Return LiteLLM's price of the call in US dollars; None when it knows none, which it often writes as 0.

    An answer from the cache costs nothing, whatever older LiteLLM says.
    """
    if kwargs.get("cache_hit") is True:
        return 0.0
    zero_is_known = kwargs.get("call_type") != PASS_THROUGH and not kwargs.get(ZERO_COST)
    for source in (kwargs, payload or _NOTHING):
        cost = source.get("response_cost")
        if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e12:
            return float(cost) if cost or (source is kwargs and zero_is_known) else None
    return None


def costs_of(kwargs: Payload, payload: Payload | None) -> dict[str, float] | None:
    """Return LiteLLM's price by kinds of tokens and as a `total`; without the kinds where they are not all of it.

    None where LiteLLM knows no price. The kinds have the names of the usage, so that Langfuse shows them together.
    """
    total = cost_of(kwargs, payload)
    if total is None:
        return None
    breakdown = mapping_of(payload.get("cost_breakdown")) if payload is not None else _NOTHING
    parts = {name: breakdown[key] for key, name in _COST_KINDS.items() if breakdown.get(key)}
    sound = all(isinstance(part, (int, float)) and 0 < part < 1e12 for part in parts.values())
    if not parts or not sound or abs(sum(parts.values()) - total) > 1e-6 * total:
        return {"total": total}
    return {**{name: float(part) for name, part in parts.items()}, "total": total}


def parameters_of(payload: Payload | None, snapshot: Snapshot) -> dict[str, Any]:
    """Return the model's parameters; only LiteLLM's cleaned ones, the raw ones hold credentials."""
    given = mapping_of(payload.get("model_parameters")) if payload is not None else _NOTHING
    return {
        str(name): snapshot.copy(value)
        for name, value in given.items()
        if value is not None and name not in _NOT_PARAMETERS and "langfuse" not in str(name)
    }


def mapping_of(value: Any) -> Payload:
    """Return `value` if it is a mapping, and an empty one otherwise."""
    if type(value) is dict:
        return value
    return value if value is not None and isinstance(value, Mapping) else _NOTHING


def _fields(value: Any) -> Payload:
    if type(value) is dict:
        return value
    if value is None:
        return _NOTHING
    return value if isinstance(value, Mapping) else fields_of(value) or _NOTHING


def _count(value: Any) -> int:
    if type(value) is int:
        return value if 0 < value < _MAX_COUNT else 0
    return int(value) if type(value) is float and 0 < value < _MAX_COUNT else 0


def _code_of(exception: Any) -> str | None:
    for name in ("status_code", "code"):
        if (text := text_of(getattr(exception, name, None))) is not None:
            return text
    return None


def _message_of(exception: Any) -> str:
    try:
        return str(exception) if exception is not None else ""
    except Exception:  # noqa: BLE001 an exception whose text cannot be had is still the failure to report
        return f"[{type(exception).__name__} without a message]"
