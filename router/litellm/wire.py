"""What LiteLLM logs as it came over the wire: bodies of pass-through endpoints, events of realtime sessions."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

PASS_THROUGH = "pass_through_endpoint"  # noqa: S105 (the PASS is no password)
"""LiteLLM's `call_type` of a request that it hands to a provider as it is."""
PASSED_BODY = "passthrough_logging_payload"
"""Where LiteLLM keeps the body of such a request."""
DYNAMIC = "standard_callback_dynamic_params"
"""Where LiteLLM puts what a call, or the team of its key, says about logging."""
_LOGGING = "litellm_logging_obj"
_NOT_CONTENT = frozenset({"api_key", "litellm_metadata", "metadata", "model", "stream", "user"})

_UNREAD = "cannot parse chunks to standard response object. Chunks="
"""What LiteLLM logs of a stream that it cannot read, before the list of the stream's lines."""
_WITHHELD: Mapping[str, Any] = {"choices": [{"text": "[a stream that could not be read]"}]}

Body = Mapping[str, Any]


def refused_of(request: Body, exception: BaseException) -> dict[str, Any]:
    """Return what the log hooks would be given of a pass-through call that failed.

    LiteLLM reports those to `async_post_call_failure_hook` alone, with its own entries over those of the client's body;
    no other entries are read.
    """
    params = request["litellm_params"]
    passed = request.get(PASSED_BODY)
    body = passed.get("request_body") if isinstance(passed, Mapping) else None
    return {
        **{name: request.get(name) for name in ("litellm_call_id", "model", "custom_llm_provider", "start_time")},
        "call_type": PASS_THROUGH,
        "stream": request.get("stream") is True,
        "messages": None if body is None else [{"role": "user", "content": body}],
        "litellm_params": params,
        DYNAMIC: getattr(params.get(_LOGGING), DYNAMIC, None),
        "exception": exception,
    }


def request_body_of(messages: Any) -> dict[str, Any] | None:
    """Return the body that a client sent to a pass-through endpoint, which LiteLLM logs as the JSON of one message.

    Without what is told elsewhere (model, metadata, user) and without credentials; None where it is no JSON object.
    """
    match messages:
        case [{"content": str(text)}]:
            body = _object_in(text)
        case [{"content": dict(given)}]:
            body = given
        case _:
            body = None
    return None if body is None else {name: body[name] for name in body if _is_content(name)}


def response_body_of(response: Body) -> Body:
    """Return the body that a provider answered there, which LiteLLM logs as text where it does not know its form."""
    if len(response) == 1 and isinstance(text := response.get("response"), str):
        return _object_in(text) or (_streamed_in(text) if text.startswith(_UNREAD) else response)
    return response


def is_known_answer(body: Body) -> bool:
    """Tell whether a body is a chat's, a text completion's, Anthropic's or of the Responses API."""
    return "choices" in body or body.get("type") == "message" or body.get("object") == "response"


def realtime_output_of(events: Any) -> list[Any] | None:
    """Return what the model said in a realtime session: the items of its responses, in their order.

    Other events that LiteLLM keeps repeat the user's items and the session's instructions, which are input.
    """
    said: list[Any] = []
    for event in events if isinstance(events, (list, tuple)) else ():
        match event:
            case {"type": "response.done", "response": {"output": list(items)}}:
                said += items
            case _:
                pass
    return said or None


def _is_content(name: str) -> bool:
    return name not in _NOT_CONTENT and not name.startswith("langfuse_")


def _object_in(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _streamed_in(text: str) -> Body:
    """Return the answer that the lines of a stream make up, its texts joined: cut in pieces they would evade masks."""
    try:
        lines = ast.literal_eval(text.removeprefix(_UNREAD))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _WITHHELD
    texts: list[str] = []
    usage: dict[str, Any] = {}
    for line in lines if isinstance(lines, list) else ():
        event = _object_in(str(line).removeprefix("data:").strip()) or {}
        match event:
            case {"choices": [{"delta": {"content": str(piece)}}, *_]} | {"delta": {"text": str(piece)}}:
                texts.append(piece)
            case {"type": "response.completed", "response": {"output": list()} as response}:
                return {**response, "object": "response"}
            case _:
                pass
        for holder in (event, event.get("message")):
            if isinstance(holder, dict) and isinstance(counts := holder.get("usage"), dict):
                usage.update(counts)
    if not texts:
        return _WITHHELD
    return {"choices": [{"message": {"role": "assistant", "content": "".join(texts)}}], "usage": usage}
