"""A record made by hand, whose fields have other types than `CallRecord` declares, as one that has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from router.routing.attributes import text_of, texts_of
from router.routing.record import CallRecord, RequestCredentials, Requested

_TEXTS = ("call_id", "call_type", "model")
_OPTIONAL_TEXTS = (
    *("model_group", "model_id", "provider", "team", "team_alias", "key_alias", "key_hash", "org"),
    *("user", "session_id", "trace_id", "request_id", "environment"),
)
_IDS = ("trace_id", "existing_trace_id", "parent_observation_id", "generation_id", "project")
_MAPPINGS = ("metadata", "details", "model_parameters")


def typed(record: CallRecord) -> CallRecord:
    """Return the record with every field that routing reads in its type; what has no such form counts as missing.

    In doubt it is the stricter case: a client of the proxy, not authenticated, who wants everything hidden.
    """
    fields: dict[str, Any] = {name: text_of(getattr(record, name)) or "" for name in _TEXTS}
    fields |= {name: text_of(getattr(record, name)) for name in _OPTIONAL_TEXTS}
    fields |= {name: _mapping(getattr(record, name)) for name in _MAPPINGS}
    headers = _mapping(record.headers)
    return replace(
        record,
        **fields,
        start_time_unix_nano=_time(record.start_time_unix_nano),
        end_time_unix_nano=_time(record.end_time_unix_nano),
        status="failure" if record.status == "failure" else "success",
        stream=record.stream is True,
        origin="sdk" if record.origin == "sdk" else "proxy",
        authenticated=record.authenticated is True,
        tags=texts_of(record.tags),
        host_tags=texts_of(record.host_tags),
        headers={name.lower(): text for name, value in headers.items() if (text := text_of(value)) is not None},
        requested=_requested(record.requested),
    )


def _requested(asked: Any) -> Requested:
    if not isinstance(asked, Requested):
        return Requested()
    masks: Any = asked.mask
    if not isinstance(masks, (frozenset, set, list, tuple)):
        masks = ("input", "output")
    ids: dict[str, Any] = {name: text_of(getattr(asked, name)) for name in _IDS}
    return replace(
        asked,
        **ids,
        trace=_fields(asked.trace),
        generation=_fields(asked.generation),
        update_keys=texts_of(asked.update_keys),
        mask=frozenset(part for part in ("input", "output") if part in masks),
        credentials=_credentials(asked.credentials),
    )


def _credentials(given: Any) -> RequestCredentials | None:
    if not given:
        return None
    fields = {name: getattr(given, name, None) for name in ("public_key", "secret_key", "host")}
    return RequestCredentials(**{name: value for name, value in fields.items() if _is_secret_text(value)})


def _is_secret_text(value: Any) -> bool:
    return isinstance(value, SecretStr) and isinstance(value.get_secret_value(), str)


def _fields(given: Any) -> dict[str, Any]:
    """Return the fields of a trace or a generation that have a form for Langfuse."""
    fields: dict[str, Any] = {}
    for name, value in _mapping(given).items():
        if name == "metadata":
            fields[name] = _mapping(value)
        elif name == "tags":
            fields[name] = list(texts_of(value))
        elif isinstance(value, (bool, Mapping)):
            fields[name] = value
        elif (text := text_of(value)) is not None:
            fields[name] = text
    return fields


def _time(value: Any) -> int:
    return value if type(value) is int else 0


def _mapping(value: Any) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if isinstance(key, str)} if isinstance(value, Mapping) else {}
