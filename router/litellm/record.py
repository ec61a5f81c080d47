"""LiteLLM's hook arguments as a CallRecord: every call, every route, whatever LiteLLM left out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from router.litellm.content import (
    costs_of,
    error_of,
    input_of,
    mapping_of,
    output_of,
    parameters_of,
    payload_of,
    usage_of,
)
from router.litellm.facts import details_of, model_of, nanoseconds, times_of
from router.litellm.guardrails import guardrails_of
from router.litellm.metadata import metadata_of, with_default_tags, without_langfuse_keys
from router.litellm.origin import Caller, caller_of
from router.litellm.requested import requested_of
from router.litellm.snapshot import Snapshot
from router.routing.attributes import text_of
from router.routing.record import CallRecord, Requested, Status

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
    metadata = metadata_of(params, caller, snapshot)
    caller, metadata = with_default_tags(kwargs, payload, caller, metadata)
    requested = requested_of(kwargs, params, metadata, caller)
    succeeded = status == "success"
    usage, usage_object = usage_of(payload, response_obj) if succeeded else (None, {})
    costs = costs_of(kwargs, payload) if succeeded else None
    cost = None if costs is None else costs["total"]
    start, end, first = times_of(kwargs, payload, start_time, end_time, succeeded)
    model, model_group, model_id, provider = model_of(kwargs, payload, response_obj, caller)
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
        metadata=without_langfuse_keys(metadata),
        headers=caller.headers,
        details=details_of(kwargs, params, payload, response_obj, caller, cost, usage_object, snapshot),
        requested=requested if caller.authenticated else Requested(mask=requested.mask),
        size=snapshot.size + OVERHEAD,
    )


def _request_of(kwargs: Mapping[str, Any], params: Mapping[str, Any], caller: Caller) -> str | None:
    """Return the id that LiteLLM's router gives to all attempts of a request, or that the application gave.

    LiteLLM puts a session there too, but in one of the two places only. In the proxy all attempts have one call id,
    and what stands here may be a client's word.
    """
    named = text_of(kwargs.get("litellm_trace_id"))
    return named if named and caller.origin == "sdk" and named == text_of(params.get("litellm_trace_id")) else None
