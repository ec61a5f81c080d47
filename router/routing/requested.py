"""Reading LiteLLM metadata: which keys ask something of Langfuse, and what is left for the generation's metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import SecretStr

from router.routing.attributes import text_of
from router.routing.record import NOTHING_REQUESTED, RequestCredentials, Requested

_TRACE_TEXTS = {
    "trace_name": "name",
    "trace_user_id": "user_id",
    "session_id": "session_id",
    "trace_version": "version",
    "trace_release": "release",
    "trace_environment": "environment",
    "langfuse_environment": "environment",
}
_GENERATION_TEXTS = {"generation_name": "name", "version": "version"}
MASK_KEYS = {
    "mask_input": frozenset({"input"}),
    "mask_output": frozenset({"output"}),
    "turn_off_message_logging": frozenset({"input", "output"}),
    "langfuse_masking_function": frozenset({"input", "output"}),
}
"""A masking function that is none (a text, a client's) cannot be applied; what it was for is hidden as a whole."""

PROJECT_KEY = "langfuse_project"
"""Names the project that the call wants to go to; `overrides:` says who may choose which."""

_ID_KEYS = frozenset({"trace_id", "existing_trace_id", "parent_observation_id", "generation_id", "update_trace_keys"})

DEBUG_COPY = "metadata_passed_to_litellm"
"""Under this key of the trace's metadata `debug_langfuse` repeats what a call brought."""
SEED_KEYS = _ID_KEYS.union(
    (*_TRACE_TEXTS, *_GENERATION_TEXTS, *MASK_KEYS),
    ("tags", "trace_metadata", "trace_public", "prompt", "debug_langfuse", PROJECT_KEY),
)
"""Metadata keys with a meaning of their own; every other key becomes metadata of the generation."""

INTERNAL_KEYS = frozenset(
    {
        "_routing_request_tags",
        "api_base",
        "api_key",
        "attempted_fallbacks",
        "attempted_retries",
        "caching_groups",
        "deployment",
        "deployment_model_name",
        "endpoint",
        "file_checksum",
        "file_size_in_mb",
        "headers",
        "hidden_params",
        "llm_api_timing_windows",
        "max_retries",
        "model_group",
        "model_group_alias",
        "model_group_size",
        "model_info",
        "original_model_group",
        "previous_models",
        "request_retry_count",
        "secret_fields",
        "standard_callback_dynamic_params",
        "standard_logging_guardrail_information",
    }
)
"""Keys that LiteLLM writes into the metadata of calls by itself; they never reach Langfuse as metadata."""

INTERNAL_PREFIXES = ("user_api_", "litellm_", "_litellm", "langfuse_")
"""Beginnings of such keys: facts of the key, LiteLLM's bookkeeping, credentials."""

CREDENTIAL_KEYS = ("langfuse_public_key", "langfuse_secret_key", "langfuse_secret", "langfuse_host")

_REDACTION_HEADERS = ("x-litellm-enable-message-redaction", "litellm-enable-message-redaction")
_NEVER_BY_HEADER = frozenset({"public_key", "secret_key", "secret", "host", "base_url", "masking_function"})
_NO_WORDS = frozenset({"", "false", "0", "no", "off", "none", "null"})
_MAX_JSON = 65_536
_MAX_DEPTH = 100
_LAST_VERSION = 2**16 - 1
"""Of a prompt; Langfuse keeps it in 16 bits."""
_NONE: Mapping[str, str] = {}


def requested_from_metadata(
    metadata: Mapping[str, Any], *, headers: Mapping[str, str] = _NONE, user: str | None = None
) -> Requested:
    """Return what `metadata` asks of Langfuse; keys without a meaning become metadata of the generation.

    Values of the wrong type are read as far as they make sense and left out otherwise; nothing raises.

    Args:
        metadata: the call's metadata, plain data.
        headers: the client's request headers, lower-cased; `langfuse_*`, in any of its spellings, is metadata
            too and beats a key of the same name. Headers can name no credentials, and lift no mask.
        user: the call's `user` argument, the trace's user where `trace_user_id` names none.
    """
    asked: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in metadata.items():
        if key in SEED_KEYS:
            asked[key] = value
        elif not is_internal(key):
            rest[key] = value
    mask = frozenset() if asked.keys().isdisjoint(MASK_KEYS) else _mask_of(asked)
    if headers:
        mask |= _take_headers(headers, asked, rest)
    if user:
        asked.setdefault("trace_user_id", user)
    credentials = credentials_in(metadata)
    if not (asked or rest or mask or credentials):
        return NOTHING_REQUESTED
    if "debug_langfuse" in asked and is_on(asked["debug_langfuse"]):
        _take_debug(asked, metadata)
    trace, generation, project = _trace_of(asked), _generation_of(asked, rest), _text(asked.get(PROJECT_KEY))
    if asked.keys().isdisjoint(_ID_KEYS):
        return Requested(trace=trace, generation=generation, mask=mask, project=project, credentials=credentials)
    update_keys = texts_in(asked.get("update_trace_keys"))
    if "version" in update_keys and (version := generation.get("version")):
        trace = {**trace, "version": version}
    return Requested(
        trace=trace,
        generation=generation,
        trace_id=_text(asked.get("trace_id")),
        existing_trace_id=_text(asked.get("existing_trace_id")),
        parent_observation_id=_text(asked.get("parent_observation_id")),
        generation_id=_text(asked.get("generation_id")),
        update_keys=tuple(update_keys),
        mask=mask,
        project=project,
        credentials=credentials,
    )


@lru_cache(maxsize=4096)
def is_internal(key: str) -> bool:
    """Tell whether LiteLLM itself, not the application, writes metadata under `key`."""
    return key in INTERNAL_KEYS or key.startswith(INTERNAL_PREFIXES)


def credentials_in(given: Mapping[str, Any]) -> RequestCredentials | None:
    """Return the Langfuse keys and the host that `given` names by LiteLLM's names; None when it names none."""
    if given.keys().isdisjoint(CREDENTIAL_KEYS):
        return None
    public, secret, alias, host = (_secret(given.get(key)) for key in CREDENTIAL_KEYS)
    if not (public or secret or alias or host):
        return None
    return RequestCredentials(public_key=public, secret_key=secret or alias, host=host)


def _secret(value: Any) -> SecretStr | None:
    text = (text_of(value) or "").strip()
    return SecretStr(text) if text else None


def is_on(value: Any) -> bool:
    """Read a switch that tightens: whatever is not clearly off is on."""
    if value is None or isinstance(value, bool):
        return value is True
    if isinstance(value, str):
        return value.strip().lower() not in _NO_WORDS
    if isinstance(value, (Mapping, list, tuple, set, frozenset, int, float)):
        return bool(value)
    return True


def texts_in(value: Any) -> list[str]:
    """Return the texts of a list of scalars, or of a text that holds such a list as JSON or with commas."""
    if value is None:
        return []
    if isinstance(value, str):
        parsed = _json_of(value) if value.lstrip().startswith("[") else None
        value = parsed if isinstance(parsed, list) else value.split(",")
    elif not isinstance(value, (list, tuple, set, frozenset)):
        value = [value]
    texts: dict[str, None] = {}
    for item in value:
        text = item if type(item) is str else text_of(item)
        if text and (text := text.strip()):
            texts[text] = None
    return list(texts)


def masks_by_headers(headers: Mapping[str, str]) -> frozenset[str]:
    """Return what LiteLLM's own redaction headers hide; the one that lifts redaction is not heard."""
    if any(is_on(headers.get(name)) for name in _REDACTION_HEADERS):
        return frozenset({"input", "output"})
    return frozenset()


def _trace_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    trace: dict[str, Any] = {}
    for key, value in asked.items():
        if (name := _TRACE_TEXTS.get(key)) and (text := text_of(value)):
            trace[name] = text
    if "version" in asked and "version" not in trace and (version := text_of(asked["version"])):
        trace["version"] = version
    if "tags" in asked and (tags := texts_in(asked["tags"])):
        trace["tags"] = tags
    if "trace_public" in asked and (public := _bool_of(asked["trace_public"])) is not None:
        trace["public"] = public
    if ("trace_metadata" in asked or DEBUG_COPY in asked) and (metadata := _trace_metadata(asked)):
        trace["metadata"] = metadata
    return trace


def _generation_of(asked: Mapping[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    generation: dict[str, Any] = {}
    for key, name in _GENERATION_TEXTS.items():
        if key in asked and (text := text_of(asked[key])):
            generation[name] = text
    if rest:
        generation["metadata"] = rest
    if "prompt" in asked and (prompt := _prompt_of(asked["prompt"])) is not None:
        generation["prompt"] = prompt
    return generation


def _trace_metadata(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    given = asked.get("trace_metadata")
    if isinstance(given, str) and (parsed := _json_of(given)) is not None:
        given = parsed
    if given is None or given == "":
        given = {}
    elif not isinstance(given, Mapping):
        given = {"trace_metadata": given}
    if passed := asked.get(DEBUG_COPY):
        given = {**given, DEBUG_COPY: passed}
    return given


def _take_debug(asked: dict[str, Any], metadata: Mapping[str, Any]) -> None:
    scalars = {
        key: value
        for key, value in metadata.items()
        if isinstance(value, (str, int, float)) and (key in SEED_KEYS or not is_internal(key))
    }
    if scalars:
        asked[DEBUG_COPY] = scalars


def _prompt_of(value: Any) -> dict[str, Any] | None:
    """Return the name and version of a Langfuse prompt; a link needs both, and Langfuse counts versions from 1."""
    if isinstance(value, str):
        value = _json_of(value)
    if not isinstance(value, Mapping):
        return None
    name, version = value.get("name"), value.get("version")
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) <= 5:
        version = int(version)
    if isinstance(name, str) and name and type(version) is int and 0 < version <= _LAST_VERSION:
        return {"name": name, "version": version}
    return None


def _mask_of(asked: Mapping[str, Any]) -> frozenset[str]:
    mask: frozenset[str] = frozenset()
    for key, parts in MASK_KEYS.items():
        if key in asked and is_on(asked[key]):
            mask |= parts
    return mask


def _take_headers(headers: Mapping[str, str], asked: dict[str, Any], rest: dict[str, Any]) -> frozenset[str]:
    """Move what `langfuse_*` headers say into `asked` and `rest`; return what the headers hide."""
    mask = masks_by_headers(headers)
    for header, value in headers.items():
        key = _metadata_key(header)
        if key is None:
            continue
        if key in MASK_KEYS:
            mask |= MASK_KEYS[key] if is_on(value) else frozenset()
        elif key == "tags":
            asked["tags"] = [*texts_in(asked.get("tags")), *texts_in(value)]
        elif key == "trace_metadata":
            asked["trace_metadata"] = {
                **_trace_metadata({"trace_metadata": asked.get("trace_metadata")}),
                **_trace_metadata({"trace_metadata": value}),
            }
        elif key == "project":
            asked[PROJECT_KEY] = value
        elif key in SEED_KEYS:
            asked[key] = value
        elif not is_internal(key) and key not in _NEVER_BY_HEADER:
            rest[key] = value
    return mask


def _metadata_key(header: str) -> str | None:
    """Return the metadata key that a header speaks of: `x-langfuse-trace-id` is `trace_id`."""
    if "langfuse" not in header:
        return None
    key = header.replace("-", "_").removeprefix("x_")
    return key.removeprefix("langfuse_") if key.startswith("langfuse_") and len(key) > 9 else None


def _text(value: Any) -> str | None:
    return text_of(value) or None


def _bool_of(value: Any) -> bool | None:
    word = str(text_of(value)).strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    return False if word in ("false", "0", "no", "off") else None


def _json_of(text: str) -> Any:
    if len(text) > _MAX_JSON:
        return None
    try:
        parsed = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return None if _is_too_deep(parsed) else parsed


def _is_too_deep(value: Any) -> bool:
    """Tell whether containers stand in each other more than `_MAX_DEPTH` times; Python 3.12 parses that, too."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
