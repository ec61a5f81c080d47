"""What a call said and cost: input, output, error, usage and cost out of LiteLLM's payloads, in Langfuse's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.litellm.snapshot import Snapshot, fields_of
from router.routing.attributes import text_of
from router.routing.record import CallError

_NOT_PARAMETERS = frozenset(
    {"api_key", "extra_body", "extra_headers", "extra_query", "functions", "headers", "input", "messages"}
) | {"metadata", "prompt", "secret_fields", "tools"}
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_NOTHING: Mapping[str, Any] = {}

Payload = Mapping[str, Any]


def input_of(kwargs: Payload, payload: Payload | None, snapshot: Snapshot) -> Any:
    """Return `{"messages": …}`, with `tools` and `functions` where the call had some.

    A host that excluded `messages` from LiteLLM's payload gets none: what it hid is not fetched elsewhere.
    """
    messages = kwargs.get("messages") if payload is None else payload.get("messages")
    if messages is None and payload is None:
        messages = kwargs.get("input")
    if messages is None:
        return None
    content = {"messages": snapshot.copy(messages)}
    parameters = kwargs if payload is None else mapping_of(payload.get("model_parameters"))
    for name in ("functions", "tools"):
        if parameters.get(name):
            content[name] = snapshot.copy(parameters[name])
    return content


def output_of(kwargs: Payload, payload: Payload | None, response_obj: Any, snapshot: Snapshot) -> Any:
    """Return what the model answered, in the shape that its kind of call has; None for embeddings.

    Chat gives the message (a list of messages when there are several), text completion the text, the
    Responses API its `output`, images and rerankings their `data` and `results`, a transcription its `text`.
    """
    if "embedding" in str(kwargs.get("call_type")):
        return None
    response = response_obj if payload is None else payload.get("response")
    if response is None or isinstance(response, (str, list)):
        return snapshot.copy(response)
    fields = response if isinstance(response, Mapping) else fields_of(response)
    if fields is None:
        return "speech-output" if "speech" in str(kwargs.get("call_type")) else None
    if str(fields.get("type")).startswith("response.") and fields.get("response") is not None:
        fields = _fields(fields["response"])
    return _answer(fields, snapshot)


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


def error_of(kwargs: Payload, payload: Payload | None) -> CallError:
    """Return why the call failed; of the exception only its class, its code and its message, never a traceback."""
    known = mapping_of(payload.get("error_information")) if payload is not None else _NOTHING
    exception = kwargs.get("exception")
    kind = text_of(known.get("error_class")) or (type(exception).__name__ if exception is not None else "Error")
    code = text_of(known.get("error_code")) or text_of(_attribute(exception, "status_code", "code"))
    message = text_of(known.get("error_message")) or (text_of(payload.get("error_str")) if payload else None)
    return CallError(type=kind, code=code or None, message=message or _message(exception))


def usage_of(payload: Payload | None, response_obj: Any) -> tuple[dict[str, int] | None, dict[str, Any]]:
    """Return token counts by Langfuse's names, and the provider's own object where it says more than that.

    `input` leaves out what the cache read and wrote, because Langfuse adds the kinds up; None: no usage known.
    """
    usage = mapping_of(mapping_of(payload.get("metadata")).get("usage_object")) if payload is not None else _NOTHING
    if not usage:
        usage = _usage_in(response_obj)
    if not usage:
        return None, {}
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not ("prompt_tokens" in usage or "completion_tokens" in usage):
        prompt, completion = _count(usage, "input_tokens"), _count(usage, "output_tokens")
    inputs, outputs = _fields(usage.get("prompt_tokens_details")), _fields(usage.get("completion_tokens_details"))
    read = _count(usage, "cache_read_input_tokens") or _count(inputs, "cached_tokens")
    written = _count(usage, "cache_creation_input_tokens") or _count(inputs, "cache_creation_tokens")
    details = {
        "input": max(prompt - read - written, 0),
        "output": completion,
        "total": max(_count(usage, "total_tokens"), prompt + completion),
    }
    if read:
        details["cache_read_input_tokens"] = read
    if written:
        details["cache_creation_input_tokens"] = written
    if reasoning := _count(outputs, "reasoning_tokens"):
        details["output_reasoning_tokens"] = min(reasoning, completion)
        details["output"] = max(completion - reasoning, 0)
    return details, _details_in(usage)


def _details_in(usage: Payload) -> dict[str, Any]:
    """Return the provider's own usage without its empty fields; nothing when only the three counts remain."""
    details = {}
    for name, value in usage.items():
        inner = _fields(value)
        known = {key: count for key, count in inner.items() if count} if inner else value
        if known and not (name in _COUNTS and isinstance(known, int)):
            details[name] = known
    return {**{name: usage[name] for name in _COUNTS if name in usage}, **details} if details else {}


def cost_of(kwargs: Payload, payload: Payload | None) -> float | None:
    """Return LiteLLM's price of the call in US dollars."""
    for source in (kwargs, payload or _NOTHING):
        cost = source.get("response_cost")
        if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e12:
            return float(cost)
    return None


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
    return value if isinstance(value, Mapping) else _NOTHING


def _fields(value: Any) -> Payload:
    if isinstance(value, Mapping):
        return value
    return (fields_of(value) if value is not None else None) or _NOTHING


def _usage_in(response_obj: Any) -> Payload:
    return _fields(_fields(response_obj).get("usage"))


def _count(usage: Payload, name: str) -> int:
    value = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 2**63:
        return 0
    return int(value)


def _attribute(value: Any, *names: str) -> Any:
    for name in names:
        try:
            found = getattr(value, name, None)
        except Exception:
            found = None
        if found is not None:
            return found
    return None


def _message(exception: Any) -> str:
    try:
        return str(exception) if exception is not None else ""
    except Exception:
        return f"[{type(exception).__name__} without a message]"
