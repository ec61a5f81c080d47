"""LiteLLM's hook arguments as a CallRecord: every call, every route, whatever LiteLLM left out."""

from __future__ import annotations

import datetime
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from router.litellm.content import (
    GROUNDING,
    costs_of,
    error_of,
    grounding_of,
    input_of,
    mapping_of,
    output_of,
    parameters_of,
    payload_of,
    usage_of,
)
from router.litellm.default_tags import default_tags
from router.litellm.guardrails import guardrails_of
from router.litellm.origin import Caller, caller_of, slots_of
from router.litellm.snapshot import Snapshot
from router.litellm.wire import DYNAMIC
from router.routing.attributes import text_of
from router.routing.record import CallRecord, RequestCredentials, Requested, Status
from router.routing.requested import (
    MASK_KEYS,
    SEED_KEYS,
    credentials_in,
    is_internal,
    is_on,
    requested_from_metadata,
    texts_in,
)

_PROXY_KEYS = frozenset(
    {
        "actor_agent_id",
        "agent_execution_mode",
        "agent_id",
        "applied_guardrails",
        "applied_policies",
        "billing_agent_id",
        "caller_tags",
        "cold_storage_object_key",
        "global_max_parallel_requests",
        "guardrail_config",
        "guardrails",
        "inherited_tags",
        "logging",
        "policy_sources",
        "queue_time_seconds",
        "requester_ip_address",
        "requester_metadata",
        "spend_logs_metadata",
        "target_agent_id",
        "used_client_oauth_token",
        "user_agent",
        "verified_human_user_id",
    }
)
"""Keys that the proxy writes into the metadata of every call, beyond those LiteLLM writes everywhere."""

_LANGFUSE_KEYS = frozenset(key for key in SEED_KEYS if key.startswith("langfuse_"))
_ATTEMPTS = {"sdk": ("attempted_fallbacks", "attempted_retries"), "proxy": ("attempted_fallbacks",)}
"""LiteLLM's counts; the proxy lets a client write the retries, never the fallbacks."""
MASKING_FUNCTION = "langfuse_masking_function"
OVERHEAD = 1_500
"""Bytes a record takes besides the copies."""


def record_from_kwargs(
    kwargs: Mapping[str, Any],
    response_obj: Any,
    start_time: Any,
    end_time: Any,
    *,
    status: Status,
    proxy_process: bool | None = None,
) -> CallRecord:
    """Return the call that a LiteLLM hook reports, as a snapshot; the arguments stay as they are.

    Args:
        kwargs: `model_call_details`, as the four log hooks get it.
        response_obj: the response, assembled when it was streamed; None on failures.
        start_time, end_time: datetimes, naive ones in local time, or seconds since the epoch; None is unknown.
        status: which of the hooks was called. Nothing in `kwargs` tells: a fallback's success still carries
            the exception of the attempt before it.
        proxy_process: whether this process is a LiteLLM proxy; None looks for the proxy's module. In a proxy a
            call without an authenticated key is nobody's, whatever its metadata says.
    """
    snapshot = Snapshot()
    payload = payload_of(kwargs)
    params = mapping_of(kwargs.get("litellm_params"))
    caller = caller_of(kwargs, params, proxy_process)
    metadata = _metadata_of(params, caller, snapshot)
    caller, metadata = _with_default_tags(kwargs, payload, caller, metadata)
    requested = _requested_of(kwargs, params, metadata, caller)
    succeeded = status == "success"
    usage, usage_object = usage_of(payload, response_obj) if succeeded else (None, {})
    costs = costs_of(kwargs, payload) if succeeded else None
    cost = None if costs is None else costs["total"]
    start, end, first = _times_of(kwargs, payload, start_time, end_time, succeeded)
    model, model_group, model_id, provider = _model_of(kwargs, payload, response_obj, caller)
    identity = caller.identity
    trace = requested.trace
    return CallRecord(
        call_id=text_of(kwargs.get("litellm_call_id")) or str(uuid.uuid4()),
        request_id=_request_of(kwargs, params, caller),
        call_type=text_of(kwargs.get("call_type")) or "completion",
        status=status,
        start_time_unix_nano=start,
        end_time_unix_nano=end,
        completion_start_time_unix_nano=first,
        stream=kwargs.get("stream") is True,
        model=model,
        model_group=model_group,
        model_id=model_id,
        provider=provider,
        model_parameters=parameters_of(payload, snapshot),
        usage_details=usage,
        cost_details=costs,
        input=input_of(kwargs, payload, snapshot),
        output=output_of(kwargs, payload, response_obj, snapshot) if succeeded else None,
        error=None if succeeded else error_of(kwargs, payload),
        guardrails=guardrails_of(payload, snapshot, nanoseconds, may_quote=not requested.mask),
        origin=caller.origin,
        authenticated=caller.authenticated,
        team=identity.get("team"),
        team_alias=identity.get("team_alias"),
        key_alias=identity.get("key_alias"),
        key_hash=identity.get("key_hash"),
        org=identity.get("org"),
        user=trace.get("user_id"),
        tags=tuple(trace.get("tags", ())),
        host_tags=caller.host_tags,
        session_id=trace.get("session_id"),
        trace_id=requested.existing_trace_id or requested.trace_id,
        environment=trace.get("environment") or text_of(metadata.get("environment")),
        metadata=_without_langfuse_keys(metadata),
        headers=caller.headers,
        details=_details_of(kwargs, params, payload, response_obj, caller, cost, usage_object, snapshot),
        requested=requested if caller.authenticated else Requested(mask=requested.mask),
        size=snapshot.size + OVERHEAD,
    )


def nanoseconds(value: Any) -> int | None:
    """Return a datetime (a naive one is local) or seconds since the epoch as whole nanoseconds; else None."""
    try:
        if isinstance(value, datetime.datetime):
            value = value.timestamp()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 2**33:
            return round(value * 1_000_000) * 1_000
    except (OverflowError, OSError, ValueError):
        pass
    return None


def _metadata_of(params: Mapping[str, Any], caller: Caller, snapshot: Snapshot) -> dict[str, Any]:
    """Return the caller's metadata of both slots, copied, without what LiteLLM itself put there."""
    not_asked = is_proxy_key if caller.origin == "proxy" else is_own_key
    metadata: dict[str, Any] = {}
    tags: list[str] = []
    for slot in slots_of(params):
        for given, value in tuple(slot.items()):
            key = given if type(given) is str else str(snapshot.copy(given))
            if not_asked(key) or (key == MASKING_FUNCTION and caller.origin == "sdk" and callable(value)):
                continue
            if key == "tags":
                tags += texts_in(snapshot.copy(value))
            elif key == "prompt":
                metadata[key] = prompt_of(value, snapshot)
            elif not (key in MASK_KEYS and is_on(metadata.get(key))):
                metadata[key] = snapshot.copy(value)
    distinct = dict.fromkeys([*tags, *caller.host_tags])
    for tag in _program_tags(caller):
        distinct.pop(tag, None)
    if distinct:
        metadata["tags"] = list(distinct)
    return metadata


def _program_tags(caller: Caller) -> tuple[str, ...]:
    """Return the tags that older proxies put among the client's for the spending: which program sent the request."""
    program = caller.headers.get("user-agent")
    return () if program is None else (f"User-Agent: {program}", f"User-Agent: {program.partition('/')[0]}")


def _with_default_tags(
    kwargs: Mapping[str, Any], payload: Mapping[str, Any] | None, caller: Caller, metadata: dict[str, Any]
) -> tuple[Caller, dict[str, Any]]:
    hosts, words = default_tags(kwargs, payload, metadata, caller)
    if not (hosts or words):
        return caller, metadata
    tags = list(dict.fromkeys([*metadata.get("tags", ()), *words, *hosts]))
    return replace(caller, host_tags=(*caller.host_tags, *hosts)), {**metadata, "tags": tags}


def _request_of(kwargs: Mapping[str, Any], params: Mapping[str, Any], caller: Caller) -> str | None:
    """Return the id that LiteLLM's router gives to all attempts of a request, or that the application gave.

    LiteLLM puts a session there too, but in one of the two places only. In the proxy all attempts have one call id,
    and what stands here may be a client's word.
    """
    named = text_of(kwargs.get("litellm_trace_id"))
    return named if named and caller.origin == "sdk" and named == text_of(params.get("litellm_trace_id")) else None


@lru_cache(maxsize=4096)
def is_own_key(key: str) -> bool:
    """Tell whether LiteLLM writes this metadata key; remembered, because keys repeat from call to call."""
    return is_internal(key) and key not in SEED_KEYS


@lru_cache(maxsize=4096)
def is_proxy_key(key: str) -> bool:
    """Tell the same for a call through the proxy, which writes more of them."""
    return is_own_key(key) or key in _PROXY_KEYS or key.startswith("_")


def _without_langfuse_keys(metadata: dict[str, Any]) -> dict[str, Any]:
    if _LANGFUSE_KEYS.isdisjoint(metadata):
        return metadata
    return {key: value for key, value in metadata.items() if key not in _LANGFUSE_KEYS}


def _requested_of(
    kwargs: Mapping[str, Any], params: Mapping[str, Any], metadata: dict[str, Any], caller: Caller
) -> Requested:
    if not metadata.get("turn_off_message_logging") and is_logging_off(kwargs):
        metadata = {**metadata, "turn_off_message_logging": True}
    function = masking_function_of(params)
    if function is not None and caller.origin == "proxy":
        metadata = {**metadata, MASKING_FUNCTION: True}
    requested = requested_from_metadata(metadata, headers=caller.headers, user=caller.user)
    if function is not None and caller.origin == "sdk":
        requested = replace(requested, masking_function=function)
    credentials = credentials_of(kwargs, params)
    return requested if credentials is None else replace(requested, credentials=credentials)


def masking_function_of(params: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    """Return the `langfuse_masking_function` of a call, which LiteLLM may have moved out of the metadata."""
    for given in (params.get("_langfuse_masking_function"), *(slot.get(MASKING_FUNCTION) for slot in slots_of(params))):
        if callable(given):
            found: Callable[[Any], Any] = given
            return found
    return None


def credentials_of(kwargs: Mapping[str, Any], params: Mapping[str, Any]) -> RequestCredentials | None:
    """Return the Langfuse credentials that the call names, of the first of LiteLLM's places that names any.

    Of one place only: those of a team's configuration are never completed by what a client wrote.
    """
    dynamic = mapping_of(kwargs.get(DYNAMIC))
    places = (dynamic, kwargs, *slots_of(params))
    return next((found for given in places if (found := credentials_in(given)) is not None), None)


def is_logging_off(kwargs: Mapping[str, Any]) -> bool:
    """Tell whether the host or the call turned message logging off by LiteLLM's own switches.

    LiteLLM then blanks messages and answers itself, but never the texts of errors, which quote them.
    """
    dynamic = kwargs.get(DYNAMIC)
    return (isinstance(dynamic, Mapping) and is_on(dynamic.get("turn_off_message_logging"))) or is_on(
        getattr(sys.modules.get("litellm"), "turn_off_message_logging", False)
    )


def prompt_of(value: Any, snapshot: Snapshot) -> Any:
    """Copy a Langfuse prompt; of the SDK's prompt objects the two fields that make a link."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return snapshot.copy({name: value.get(name) for name in ("name", "version")})
    return snapshot.copy({name: getattr(value, name, None) for name in ("name", "version")})


def managed_prompt_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return which prompt LiteLLM's prompt management used; it knows no version, so it cannot be linked.

    The variables stay out: they stand in the input, where masks look for them.
    """
    managed = mapping_of(mapping_of(payload.get("metadata")).get("prompt_management_metadata"))
    return {name: text for name in ("prompt_id", "prompt_integration") if (text := text_of(managed.get(name)))}


def _times_of(
    kwargs: Mapping[str, Any], payload: Mapping[str, Any] | None, start_time: Any, end_time: Any, succeeded: bool
) -> tuple[int, int, int | None]:
    """Return when the call started, ended, and gave its first token."""
    known = mapping_of(payload)
    start = nanoseconds(start_time) or nanoseconds(known.get("startTime")) or nanoseconds(kwargs.get("start_time")) or 0
    end = nanoseconds(end_time) or nanoseconds(known.get("endTime")) or nanoseconds(kwargs.get("end_time")) or start
    first = None
    if succeeded:
        first = nanoseconds(known.get("completionStartTime")) or nanoseconds(kwargs.get("completion_start_time"))
    start = start or end
    return start, max(start, end), first if first is not None and first >= start else None


def _model_of(
    kwargs: Mapping[str, Any], payload: Mapping[str, Any] | None, response_obj: Any, caller: Caller
) -> tuple[str, str | None, str | None, str | None]:
    """Return model, alias, deployment and provider; a route that knows only the alias takes the deployment's name."""
    known, facts = mapping_of(payload), caller.facts
    group, model_id = facts.get("model_group"), mapping_of(facts.get("model_info")).get("id")
    if caller.origin == "sdk":
        group, model_id = group or known.get("model_group"), model_id or known.get("model_id")
    provider = text_of(kwargs.get("custom_llm_provider") or known.get("custom_llm_provider")) or _hidden_provider(
        kwargs, response_obj
    )
    model = text_of(kwargs.get("model") or known.get("model")) or ""
    deployment = facts.get("deployment")
    if deployment and model == group:
        model = text_of(deployment) or model
    if provider:
        model = model.removeprefix(f"{provider}/")
    return model, text_of(group) or None, text_of(model_id) or None, provider


def _hidden_provider(kwargs: Mapping[str, Any], response_obj: Any) -> str | None:
    for source in (kwargs.get("agentic_loop_params"), getattr(response_obj, "_hidden_params", None)):
        if provider := text_of(mapping_of(source).get("custom_llm_provider")):
            return provider
    return None


def _details_of(
    kwargs: Mapping[str, Any],
    params: Mapping[str, Any],
    payload: Mapping[str, Any] | None,
    response_obj: Any,
    caller: Caller,
    cost: float | None,
    usage_object: Mapping[str, Any],
    snapshot: Snapshot,
) -> dict[str, Any]:
    """Return the facts of the host that belong to the generation's metadata, under LiteLLM's names."""
    known = mapping_of(payload)
    details: dict[str, Any] = {**caller.details}
    if call_id := text_of(kwargs.get("litellm_call_id")):
        details["litellm_call_id"] = call_id
    if response_obj is not None and (
        response_id := text_of(known.get("id")) or text_of(getattr(response_obj, "id", None))
    ):
        details["response_id"] = response_id
    if cost is not None:
        details["litellm_response_cost"] = cost
        details["cache_hit"] = kwargs.get("cache_hit") is True
    if api_base := text_of(known.get("api_base")) or text_of(params.get("api_base")):
        details["api_base"] = _without_secrets(api_base)
    for name in _ATTEMPTS[caller.origin]:
        if isinstance(count := caller.facts.get(name), int) and count > 0:
            details[name] = count
    if guardrails := mapping_of(known.get("metadata")).get("applied_guardrails"):
        details["applied_guardrails"] = texts_in(snapshot.copy(guardrails))
    if managed := managed_prompt_of(known):
        details["prompt_management_metadata"] = managed
    if response_obj is not None and (grounding := grounding_of(payload, response_obj, snapshot)):
        details[GROUNDING] = grounding
    if usage_object:
        details["usage_object"] = snapshot.copy(usage_object)
    return details


def _without_secrets(url: str) -> str:
    """Return a URL without its user, password, query and fragment."""
    scheme, mark, rest = url.partition("://")
    rest = rest if mark else scheme
    rest = rest.partition("?")[0].partition("#")[0]
    host, slash, path = rest.partition("/")
    return (
        f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else f"{host.rpartition('@')[2]}{slash}{path}"
    )
