"""The host's facts of a call: its times, its model and deployment, and what else its generation's metadata tells."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from router.litellm.content import GROUNDING, grounding_of, mapping_of
from router.litellm.figures import usage_figures
from router.litellm.origin import Caller
from router.litellm.snapshot import Snapshot
from router.routing.attributes import text_of
from router.routing.requested import texts_in

_ATTEMPTS = {"sdk": ("attempted_fallbacks", "attempted_retries"), "proxy": ("attempted_fallbacks",)}
"""LiteLLM's counts; the proxy lets a client write the retries, never the fallbacks."""


def times_of(
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


def model_of(
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


def details_of(
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
    if figures := usage_figures(snapshot.copy(usage_object)):
        details["usage_object"] = figures
    return details


def managed_prompt_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return which prompt LiteLLM's prompt management used; it knows no version, so it cannot be linked.

    The variables stay out: they stand in the input, where masks look for them.
    """
    managed = mapping_of(mapping_of(payload.get("metadata")).get("prompt_management_metadata"))
    return {name: text for name in ("prompt_id", "prompt_integration") if (text := text_of(managed.get(name)))}


def _hidden_provider(kwargs: Mapping[str, Any], response_obj: Any) -> str | None:
    for source in (kwargs.get("agentic_loop_params"), getattr(response_obj, "_hidden_params", None)):
        if provider := text_of(mapping_of(source).get("custom_llm_provider")):
            return provider
    return None


def _without_secrets(url: str) -> str:
    """Return a URL without its user, password, query and fragment."""
    scheme, mark, rest = url.partition("://")
    rest = rest if mark else scheme
    rest = rest.partition("?")[0].partition("#")[0]
    host, slash, path = rest.partition("/")
    return (
        f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else f"{host.rpartition('@')[2]}{slash}{path}"
    )
