"""What a hook keeps of its arguments: copies of all that could change, so that the rest can wait for the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.litellm.content import ZERO_COST, mapping_of, payload_of
from router.litellm.facts import managed_prompt_of, nanoseconds
from router.litellm.metadata import is_own_key, is_proxy_key, prompt_of
from router.litellm.origin import ROUTED_BY, is_passed_through
from router.litellm.record import OVERHEAD, record_from_kwargs
from router.litellm.requested import MASKING_FUNCTION, credentials_of, is_logging_off, masking_function_of
from router.litellm.snapshot import Snapshot
from router.litellm.wire import DYNAMIC
from router.routing.attributes import text_of
from router.routing.record import CallRecord, Status
from router.routing.requested import CREDENTIAL_KEYS

_KWARGS = (
    "litellm_call_id",
    "litellm_trace_id",
    "call_type",
    "stream",
    "model",
    "custom_llm_provider",
    "cache_hit",
    "response_cost",
    "user",
    "start_time",
    "end_time",
    "completion_start_time",
    "litellm_no_upstream_llm_call",
    ZERO_COST,
)
_PAYLOAD = (
    "id",
    "model",
    "model_group",
    "model_id",
    "custom_llm_provider",
    "api_base",
    "cache_key",
    "response_cost",
    "startTime",
    "endTime",
    "completionStartTime",
)
"""Values that nothing changes in place; they are shared."""
_COPIED = ("messages", "model_parameters", "guardrail_information", "cost_breakdown")
_FACTS = frozenset({"user_api_key_auth", "model_info"})
"""Of what LiteLLM itself writes into metadata, the objects that a record is made from."""
_KEPT = frozenset({"user_api_key_auth", ROUTED_BY})
_PLAIN = (str, int, float, bool, type(None))
_SOME_RESPONSE = object()
_STREAM_ENDS = (StopIteration, StopAsyncIteration)
"""What LiteLLM 1.80 reports as the failure of a `/responses` stream that it has reported as a success before."""


@dataclass(frozen=True, slots=True, repr=False)
class Capture:
    """One reported call: how it is told apart, the memory it holds, and the record that is made of it later.

    Attributes:
        attempt: equal for two reports of the same attempt.
        size: estimate of the memory it holds, in bytes.
    """

    attempt: tuple[Any, ...]
    size: int
    _arguments: tuple[Mapping[str, Any], Any, Any, Any, Status, bool | None] | CallRecord

    def record(self) -> CallRecord:
        """Make the record; it tells what was known when the hook was called."""
        if isinstance(self._arguments, CallRecord):
            return self._arguments
        kwargs, response_obj, start_time, end_time, status, proxy_process = self._arguments
        return record_from_kwargs(
            kwargs, response_obj, start_time, end_time, status=status, proxy_process=proxy_process
        )


def capture(
    kwargs: Mapping[str, Any],
    response_obj: Any,
    start_time: Any,
    end_time: Any,
    *,
    status: Status,
    proxy_process: bool | None = None,
) -> Capture:
    """Copy what a hook is given; the arguments are those of `record_from_kwargs`, and stay as they are.

    Failures, and calls without LiteLLM's own payload, are read at once: they are few, and their parts stand in
    many places.
    """
    payload = payload_of(kwargs)
    if status != "success" or payload is None:
        record = record_from_kwargs(
            kwargs, response_obj, start_time, end_time, status=status, proxy_process=proxy_process
        )
        outcome = "success" if isinstance(kwargs.get("exception"), _STREAM_ENDS) else status
        return Capture((record.call_id, outcome, record.model_id, record.start_time_unix_nano), record.size, record)
    snapshot = Snapshot()
    params = mapping_of(kwargs.get("litellm_params"))
    taken = {name: kwargs[name] for name in _KWARGS if name in kwargs}
    taken["standard_logging_object"] = _payload(payload, kwargs, snapshot)
    taken["litellm_params"] = _params(params, snapshot)
    taken[DYNAMIC] = {"turn_off_message_logging": is_logging_off(kwargs), **_credentials(kwargs, params)}
    if provider := mapping_of(kwargs.get("agentic_loop_params")).get("custom_llm_provider"):
        taken["agentic_loop_params"] = {"custom_llm_provider": provider}
    response = _response(taken, response_obj)
    call_id = text_of(taken.get("litellm_call_id"))
    # Without an id nothing tells one call from another, so each is its own.
    model_id = text_of(payload.get("model_id")) or None
    attempt = (call_id, status, model_id, nanoseconds(start_time)) if call_id else (object(),)
    arguments = (taken, response, start_time, end_time, status, proxy_process)
    return Capture(attempt, snapshot.size + OVERHEAD, arguments)


def _credentials(kwargs: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    found = credentials_of(kwargs, params)
    if found is None:
        return {}
    texts = (found.public_key, found.secret_key, None, found.host)
    return {key: text.get_secret_value() for key, text in zip(CREDENTIAL_KEYS, texts, strict=True) if text is not None}


def _payload(payload: Mapping[str, Any], kwargs: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    taken = {name: payload.get(name) for name in _PAYLOAD}
    for name in _COPIED:
        if name in payload:
            taken[name] = snapshot.copy(payload[name])
    if "response" in payload and "embedding" not in str(kwargs.get("call_type")):
        taken["response"] = snapshot.copy(payload["response"])
    metadata = mapping_of(payload.get("metadata"))
    taken["metadata"] = {
        name: snapshot.copy(value)
        for name in ("usage_object", "applied_guardrails")
        if (value := metadata.get(name)) is not None
    } | ({"prompt_management_metadata": managed} if (managed := managed_prompt_of(payload)) else {})
    return taken


def _params(params: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    taken: dict[str, Any] = {
        name: params.get(name)
        for name in ("api_base", "litellm_trace_id", "proxy_rejected_before_routing")
        if params.get(name)
    }
    if function := masking_function_of(params):
        taken[f"_{MASKING_FUNCTION}"] = function
    for name in ("metadata", "litellm_metadata"):
        if slot := mapping_of(params.get(name)):
            taken[name] = _slot(slot, snapshot)
    if request := params.get("proxy_server_request"):
        headers = mapping_of(mapping_of(request).get("headers"))
        # What tells a call of a pass-through endpoint is the object, which nothing changes.
        taken["proxy_server_request"] = {"headers": headers if is_passed_through(params) else {**headers}}
    return taken


def _slot(slot: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    own = is_proxy_key if "user_api_key_auth" in slot else is_own_key
    taken: dict[str, Any] = {}
    for key, value in tuple(slot.items()):
        if type(value) in _PLAIN or key in _KEPT:
            taken[key] = value
        elif key == MASKING_FUNCTION and callable(value):
            continue
        elif key == "inherited_tags":
            taken[key] = tuple(snapshot.copy(value)) if isinstance(value, tuple) else None
        elif key in _FACTS or not (type(key) is str and own(key)):
            taken[key] = prompt_of(value, snapshot) if key == "prompt" else snapshot.copy(value)
    return taken


def _response(taken: Mapping[str, Any], response_obj: Any) -> Any:
    """Return the response itself only where the payload lacks something that it may know."""
    payload = taken["standard_logging_object"]
    known = payload["id"] and payload["metadata"].get("usage_object")
    provider = taken.get("custom_llm_provider") or payload["custom_llm_provider"]
    return response_obj if response_obj is None or not (known and provider) else _SOME_RESPONSE
