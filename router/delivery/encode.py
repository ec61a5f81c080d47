"""One masked call as the bytes of one OpenTelemetry span, with the attributes that Langfuse reads.

Written by hand: the same span costs five times as much through the protobuf runtime. What each line guards
against stands beside it; a 200 of Langfuse's server does not mean that it kept the span.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from router.config.loaded import ResolvedProject
from router.delivery import attributes as names
from router.delivery.jsontext import json_bytes, text_of, utf8
from router.delivery.protobuf import field, varint
from router.masking.record import MaskedRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIME = 2**64 - 1
_NO_USAGE = {"input": 0, "output": 0, "total": 0}
_KIND_INTERNAL = b"\x30\x01"
_STATUS_ERROR = field(15, b"\x18\x02")
_TRUE = b"\x12\x02\x10\x01"
_START_TIME, _END_TIME, _COMPLETION = b"\x39", b"\x41", names.OBSERVATION_COMPLETION_START_TIME

# Most attributes are short: what stands before their name and before their value is made once.
_SHORT = 126
_SHORT_HEADS = tuple(b"\x4a" + varint(size + 4) for size in range(2 * _SHORT))
_SHORT_VALUE_HEADS = tuple(b"\x12" + varint(size + 2) + b"\x0a" + varint(size) for size in range(_SHORT))


def encode_span(masked: MaskedRecord, project: ResolvedProject) -> bytes:
    """Return one serialised `opentelemetry.proto.trace.v1.Span`; the same call gives the same bytes."""
    return b"".join(span_pieces(masked, project))


def span_pieces(masked: MaskedRecord, project: ResolvedProject) -> list[bytes]:
    """Return the same span in pieces, every text apart from the bytes that frame it."""
    out: list[bytes] = []
    _append_head(out, masked)
    _append_observation(out, masked)
    _append_trace(out, masked, project)
    if masked.status == "failure":
        out.append(_STATUS_ERROR)
    return out


def _append_head(out: list[bytes], masked: MaskedRecord) -> None:
    start = _time(masked.start_time_unix_nano)
    end = max(start, _time(masked.end_time_unix_nano))
    name = utf8(text_of(masked.generation.get("name")) or f"litellm-{masked.call_type}")
    out += (field(1, _id(masked.trace_id, 16)), field(2, _id(masked.span_id, 8)))
    parent = _parent(masked)
    if parent:
        out.append(field(4, parent))
    out += (field(5, name), _KIND_INTERNAL)
    if start:
        out += (_START_TIME, start.to_bytes(8, "little"))
    if end:
        out += (_END_TIME, end.to_bytes(8, "little"))


def _parent(masked: MaskedRecord) -> bytes:
    if masked.parent_span_id:
        return _id(masked.parent_span_id, 8)
    if masked.continues_trace:
        # A second span without a parent would replace name, input and output of the trace it continues.
        return hashlib.sha256(f"parent|{masked.trace_id}".encode(errors="replace")).digest()[:8]
    return b""


def _append_observation(out: list[bytes], masked: MaskedRecord) -> None:
    failed = masked.status == "failure"
    _append_text(out, names.OBSERVATION_TYPE, "generation")
    _append_text(out, names.OBSERVATION_LEVEL, "ERROR" if failed else "DEFAULT")
    _append_text(out, names.OBSERVATION_STATUS_MESSAGE, masked.status_message)
    _append_text(out, names.OBSERVATION_INPUT, masked.input)
    _append_text(out, names.OBSERVATION_OUTPUT, _output(masked))
    _append_text(out, names.OBSERVATION_MODEL, masked.model)
    _append_text(out, names.OBSERVATION_MODEL_PARAMETERS, masked.model_parameters or None)
    usage = _usage(masked.usage_details)
    if failed and not usage:
        usage = _NO_USAGE  # else the server counts tokens of a failed call itself, and bills them
    _append_text(out, names.OBSERVATION_USAGE_DETAILS, usage or None)
    _append_text(out, names.OBSERVATION_COST_DETAILS, _costs(masked.cost_details) or None)
    if masked.completion_start_time_unix_nano is not None:
        _append_text(out, _COMPLETION, _iso(masked.completion_start_time_unix_nano))
    _append_prompt(out, masked.generation.get("prompt"))
    metadata = _metadata(masked.generation.get("metadata"))
    metadata.setdefault("litellm_call_id", masked.call_id)
    version = masked.generation.get("version")
    if version and version != _version(masked):
        metadata.setdefault("version", version)
    metadata["routing"] = _evidence(masked)
    _append_metadata(out, names.OBSERVATION_METADATA, metadata)


def _append_prompt(out: list[bytes], prompt: Any) -> None:
    """Link a prompt; with a name or version alone, or a version that is text, the server drops the span."""
    if prompt:
        _append_text(out, names.OBSERVATION_PROMPT_NAME, prompt["name"])
        _append_value(out, names.OBSERVATION_PROMPT_VERSION, _integer(prompt["version"]))


def _append_trace(out: list[bytes], masked: MaskedRecord, project: ResolvedProject) -> None:
    trace = masked.trace
    # A continuation without an environment flips the trace to "default", so this one is always sent.
    environment = trace.get("environment") or project.environment
    _append_text(out, names.ENVIRONMENT, environment)
    _append_text(out, names.VERSION, _version(masked))
    sent = _sent_keys(masked)
    if "name" in sent:
        _append_text(out, names.TRACE_NAME, trace.get("name"))
    if "user_id" in sent:
        _append_text(out, names.TRACE_USER_ID, trace.get("user_id"))
    if "session_id" in sent:
        _append_text(out, names.TRACE_SESSION_ID, trace.get("session_id"))
    if "release" in sent:
        _append_text(out, names.RELEASE, trace.get("release") or project.release)
    if "tags" in sent:
        _append_tags(out, trace.get("tags"))
    if "public" in sent and trace.get("public") is True:
        _append_value(out, names.TRACE_PUBLIC, _TRUE)
    metadata = _metadata(trace.get("metadata"))
    if "metadata" in sent:
        _append_metadata(out, names.TRACE_METADATA, metadata)
    if masked.continues_trace:
        # Read by classic servers only; the direct path takes these from the root span alone.
        _append_text(out, names.TRACE_INPUT, masked.input if "input" in sent else None)
        _append_text(out, names.TRACE_OUTPUT, _output(masked) if "output" in sent else None)


_ALL_KEYS = frozenset({"name", "user_id", "session_id", "release", "version", "tags", "public", "metadata"})


def _sent_keys(masked: MaskedRecord) -> Iterable[str]:
    """Return the trace fields this call may write: on a continued trace only the ones it was told to update."""
    return masked.update_keys if masked.continues_trace else _ALL_KEYS


def _version(masked: MaskedRecord) -> Any:
    """Return the value of `langfuse.version`, which trace and generation share on Langfuse's side."""
    if "version" not in _sent_keys(masked):
        return None
    return masked.trace.get("version") or masked.generation.get("version")


def _output(masked: MaskedRecord) -> Any:
    if masked.output is None and masked.status == "failure":
        return masked.status_message
    return masked.output


def _evidence(masked: MaskedRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": masked.rule}
    if masked.overlays:
        found["overlays"] = masked.overlays
    if masked.masks:
        found["masks"] = masked.masks
    if masked.masked:
        found["masked"] = masked.masked
    if masked.failures:
        found["mask_failures"] = masked.failures
    if masked.adjusted:
        found["adjusted"] = masked.adjusted
    return found


def _usage(usage: Mapping[str, Any] | None) -> dict[str, int]:
    """Keep what Langfuse keeps: non-negative integers."""
    return {
        text_of(key): int(count)
        for key, count in (usage or {}).items()
        if _is_number(count) and 0 <= count < 2**53 and count == int(count)
    }


def _costs(costs: Mapping[str, Any] | None) -> dict[str, float]:
    """Keep finite amounts from 0 on: text would count as 0, a negative amount would be subtracted."""
    return {text_of(key): float(cost) for key, cost in (costs or {}).items() if _is_number(cost) and 0 <= cost < 1e12}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _iso(nanoseconds: int) -> str | None:
    try:
        return (_EPOCH + timedelta(microseconds=int(nanoseconds) // 1000)).isoformat(timespec="microseconds")
    except (OverflowError, ValueError):
        return None


def _time(nanoseconds: int) -> int:
    return min(max(int(nanoseconds), 0), _MAX_TIME)


def _id(text: str, size: int) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == size else hashlib.sha256(utf8(text)).digest()[:size]


def _metadata(given: Any) -> dict[str, Any]:
    """Return metadata by text keys."""
    if not isinstance(given, Mapping):
        given = {} if given is None else {"value": given}
    return {_metadata_key(key if isinstance(key, str) else text_of(key)): value for key, value in given.items()}


@lru_cache(maxsize=2048)
def _metadata_key(name: str) -> str:
    return utf8(name).decode() or "_"


def _append_metadata(out: list[bytes], prefix: str, metadata: Mapping[str, Any]) -> None:
    for key, value in metadata.items():
        _append_text(out, f"{prefix}.{key}", value)


def _append_tags(out: list[bytes], tags: Any) -> None:
    texts = [utf8(text) for tag in _listed(tags) if (text := text_of(tag))]
    if texts:  # an empty list would be stored as one junk tag
        items = [field(1, field(1, text)) for text in texts]
        array = field(2, field(5, b"".join(items)))
        key, head = _key(names.TRACE_TAGS), array[: len(array) - sum(map(len, items))]
        out += (b"\x4a", varint(len(key) + len(array)), key, head)
        for item, raw in zip(items, texts, strict=True):
            out += (item[: len(item) - len(raw)], raw)


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)):
        return value
    return () if value is None else (value,)


@lru_cache(maxsize=2048)
def _key(name: str) -> bytes:
    return field(1, utf8(name))


def _append_text(out: list[bytes], name: str, value: Any) -> None:
    """Append a text attribute, JSON for what is not text; nothing at all for None and ""."""
    if value is None or (isinstance(value, str) and not value):
        return  # an attribute without a value makes the server lose the whole request
    raw = utf8(value) if isinstance(value, str) else json_bytes(value)
    key = _key(name)
    if len(raw) < _SHORT and len(key) < _SHORT:
        out += (_SHORT_HEADS[len(key) + len(raw)], key, _SHORT_VALUE_HEADS[len(raw)], raw)
        return
    size = varint(len(raw))
    inner = 1 + len(size) + len(raw)
    value_size = varint(inner)
    total = varint(len(key) + 1 + len(value_size) + inner)
    out += (b"\x4a", total, key, b"\x12", value_size, b"\x0a", size, raw)


def _integer(number: int) -> bytes:
    value = b"\x18" + varint(number)
    return b"\x12" + varint(len(value)) + value


def _append_value(out: list[bytes], name: str, value: bytes) -> None:
    key = _key(name)
    out += (b"\x4a", varint(len(key) + len(value)), key, value)
