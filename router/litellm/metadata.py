"""The caller's metadata of a call: both slots, without what LiteLLM itself wrote there, its tags cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from router.litellm.default_tags import default_tags
from router.litellm.origin import Caller, slots_of
from router.litellm.requested import MASKING_FUNCTION
from router.litellm.snapshot import Snapshot
from router.routing.requested import MASK_KEYS, SEED_KEYS, is_internal, is_on, texts_in

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


def metadata_of(params: Mapping[str, Any], caller: Caller, snapshot: Snapshot) -> dict[str, Any]:
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


def with_default_tags(
    kwargs: Mapping[str, Any], payload: Mapping[str, Any] | None, caller: Caller, metadata: dict[str, Any]
) -> tuple[Caller, dict[str, Any]]:
    hosts, words = default_tags(kwargs, payload, metadata, caller)
    if not (hosts or words):
        return caller, metadata
    tags = list(dict.fromkeys([*metadata.get("tags", ()), *words, *hosts]))
    return replace(caller, host_tags=(*caller.host_tags, *hosts)), {**metadata, "tags": tags}


def without_langfuse_keys(metadata: dict[str, Any]) -> dict[str, Any]:
    if _LANGFUSE_KEYS.isdisjoint(metadata):
        return metadata
    return {key: value for key, value in metadata.items() if key not in _LANGFUSE_KEYS}


def prompt_of(value: Any, snapshot: Snapshot) -> Any:
    """Copy a Langfuse prompt; of the SDK's prompt objects the two fields that make a link."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return snapshot.copy({name: value.get(name) for name in ("name", "version")})
    return snapshot.copy({name: getattr(value, name, None) for name in ("name", "version")})


@lru_cache(maxsize=4096)
def is_own_key(key: str) -> bool:
    """Tell whether LiteLLM writes this metadata key; remembered, because keys repeat from call to call."""
    return is_internal(key) and key not in SEED_KEYS


@lru_cache(maxsize=4096)
def is_proxy_key(key: str) -> bool:
    """Tell the same for a call through the proxy, which writes more of them."""
    return is_own_key(key) or key in _PROXY_KEYS or key.startswith("_")


def _program_tags(caller: Caller) -> tuple[str, ...]:
    """Return the tags that older proxies put among the client's for the spending: which program sent the request."""
    program = caller.headers.get("user-agent")
    return () if program is None else (f"User-Agent: {program}", f"User-Agent: {program.partition('/')[0]}")
