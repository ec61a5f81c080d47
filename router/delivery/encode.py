"""One masked call as the bytes of OpenTelemetry spans, with the attributes that Langfuse reads.

Written by hand: the same span costs five times as much through the protobuf runtime. What each line guards
against stands beside it; a 200 of Langfuse's server does not mean that it kept the span.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from router.config.loaded import ResolvedProject
from router.config.model import Generation
from router.delivery import attributes as names
from router.delivery.batch import read_call
from router.delivery.continued import Continued, continue_trace, new_fields
from router.delivery.jsontext import text_of, utf8
from router.delivery.protobuf import field, varint
from router.delivery.writing import TRUE, append_metadata, append_tags, append_text, append_value, integer, metadata_of
from router.masking.record import MaskedRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIME = 2**64 - 1
_NO_USAGE = {"input": 0, "output": 0, "total": 0}
_GUARDRAIL_LEVELS = {
    "guardrail_intervened": "WARNING",
    "guardrail_flagged": "WARNING",
    "guardrail_failed_to_respond": "ERROR",
}
_KIND_INTERNAL = b"\x30\x01"
_STATUS_ERROR = field(15, b"\x18\x02")
_NOTHING: Mapping[str, Any] = {}
_START_TIME, _END_TIME, _COMPLETION = b"\x39", b"\x41", names.OBSERVATION_COMPLETION_START_TIME


def encode_call(masked: MaskedRecord, project: ResolvedProject, server: Generation | None = None) -> bytes:
    """Return the serialised spans of a call, framed as `batch` takes them; the same call gives the same bytes.

    Args:
        server: generation of the project's server; None where that is not known.
    """
    return b"".join(call_pieces(masked, project, server))


def call_pieces(masked: MaskedRecord, project: ResolvedProject, server: Generation | None = None) -> list[bytes]:
    """Return the same in pieces, every text apart from the bytes that frame it."""
    continued = continue_trace(masked, project, _output(masked), server) if masked.continues_trace else None
    out = _framed(_generation(masked, project, continued, server))
    for index, guardrail in enumerate(masked.guardrails):
        out += _framed(_guardrail(masked, index, guardrail, _environment(masked, project, continued)))
    if continued is not None and continued.root is not None:
        out += _framed(_trace_update(masked, continued.root))
    return out


def encode_span(masked: MaskedRecord, project: ResolvedProject) -> bytes:
    """Return the generation's span alone, one serialised `opentelemetry.proto.trace.v1.Span`."""
    return next(read_call(encode_call(masked, project)))


def trace_state(masked: MaskedRecord, project: ResolvedProject, server: Generation | None) -> Mapping[str, Any]:
    """Return what is known of a trace after a call wrote to it: its fields by name, input and output included.

    Fields that are missing are not known; those that are None are known to be empty.
    """
    if masked.continues_trace:
        return continue_trace(masked, project, _output(masked), server).state
    fields = new_fields(masked, project)
    if masked.parent_span_id:
        return {name: value for name, value in fields.items() if name != "metadata"}
    metadata = {**_observation_metadata(masked, fields["version"]), **metadata_of(fields["metadata"])}
    return fields | {"metadata": metadata, "input": masked.input, "output": _output(masked)}


def _framed(span: list[bytes]) -> list[bytes]:
    return [b"\x12" + varint(sum(map(len, span))), *span]


def _generation(
    masked: MaskedRecord, project: ResolvedProject, continued: Continued | None, server: Generation | None
) -> list[bytes]:
    out: list[bytes] = []
    fields = new_fields(masked, project) if continued is None else continued.own
    _append_head(out, masked)
    _append_observation(out, masked, fields.get("version"), _lost(continued, server))
    _append_fields(out, fields)
    if continued is not None:
        if continued.touch:
            append_text(out, names.TRACE_METADATA, "{}")
        append_text(out, names.TRACE_INPUT, fields.get("input"))
        append_text(out, names.TRACE_OUTPUT, fields.get("output"))
    if masked.status == "failure":
        out.append(_STATUS_ERROR)
    return out


def _environment(masked: MaskedRecord, project: ResolvedProject, continued: Continued | None) -> Any:
    fields = new_fields(masked, project) if continued is None else continued.own
    return fields.get("environment")


def _guardrail(masked: MaskedRecord, index: int, given: Mapping[str, Any], environment: Any) -> list[bytes]:
    """Return the span of a guardrail, below the generation's."""
    start = _time(_moment(given.get("start")) or masked.start_time_unix_nano)
    end = max(start, _time(_moment(given.get("end")) or start))
    span_id = hashlib.sha256(f"guardrail|{index}|{masked.span_seed}".encode(errors="replace")).digest()[:8]
    status = text_of(given.get("guardrail_status"))
    out = [field(1, _id(masked.trace_id, 16)), field(2, span_id), field(4, _id(masked.span_id, 8))]
    out += (field(5, utf8(text_of(given.get("guardrail_name"))) or b"guardrail"), _KIND_INTERNAL)
    if start:
        out += (_START_TIME, start.to_bytes(8, "little"), _END_TIME, end.to_bytes(8, "little"))
    append_text(out, names.OBSERVATION_TYPE, "guardrail")
    append_text(out, names.OBSERVATION_LEVEL, _GUARDRAIL_LEVELS.get(status, "DEFAULT"))
    append_text(out, names.OBSERVATION_STATUS_MESSAGE, status if status in _GUARDRAIL_LEVELS else None)
    append_text(out, names.OBSERVATION_INPUT, given.get("input"))
    append_text(out, names.OBSERVATION_OUTPUT, given.get("output"))
    append_text(out, names.ENVIRONMENT, environment)  # without one the trace would fall back to "default"
    facts = {name: value for name, value in given.items() if name not in ("input", "output", "start", "end")}
    append_metadata(out, names.OBSERVATION_METADATA, metadata_of(facts))
    return out


def _trace_update(masked: MaskedRecord, fields: Mapping[str, Any]) -> list[bytes]:
    """Return a span without a parent, which nothing but the trace's own fields stand on."""
    end = max(_time(masked.start_time_unix_nano), _time(masked.end_time_unix_nano))
    span_id = hashlib.sha256(f"trace-update|{masked.span_seed}".encode(errors="replace")).digest()[:8]
    name = utf8(text_of(fields.get("name"))) or b"trace-update"
    out = [field(1, _id(masked.trace_id, 16)), field(2, span_id), field(5, name), _KIND_INTERNAL]
    if end:
        out += (_START_TIME, end.to_bytes(8, "little"), _END_TIME, end.to_bytes(8, "little"))
    append_text(out, names.OBSERVATION_TYPE, "event")
    append_text(out, names.OBSERVATION_INPUT, fields.get("input"))
    append_text(out, names.OBSERVATION_OUTPUT, fields.get("output"))
    _append_fields(out, fields)
    return out


def _lost(continued: Continued | None, server: Generation | None) -> dict[str, Any]:
    """Return for the evidence what an update could not keep or do."""
    if continued is None or not (continued.not_kept or continued.not_updated):
        return {}
    found: dict[str, Any] = {"server": server or "unknown"}
    if continued.not_kept:
        found["not_kept"] = continued.not_kept
    if continued.not_updated:
        found["not_updated"] = continued.not_updated
    return found


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


def _append_observation(out: list[bytes], masked: MaskedRecord, version: Any, lost: Mapping[str, Any]) -> None:
    failed = masked.status == "failure"
    append_text(out, names.OBSERVATION_TYPE, "generation")
    append_text(out, names.OBSERVATION_LEVEL, "ERROR" if failed else "DEFAULT")
    append_text(out, names.OBSERVATION_STATUS_MESSAGE, masked.status_message)
    append_text(out, names.OBSERVATION_INPUT, masked.input)
    append_text(out, names.OBSERVATION_OUTPUT, _output(masked))
    append_text(out, names.OBSERVATION_MODEL, masked.model)
    append_text(out, names.OBSERVATION_MODEL_PARAMETERS, masked.model_parameters or None)
    usage = _usage(masked.usage_details)
    if failed and not usage:
        usage = _NO_USAGE  # else the server counts tokens of a failed call itself, and bills them
    append_text(out, names.OBSERVATION_USAGE_DETAILS, usage or None)
    append_text(out, names.OBSERVATION_COST_DETAILS, _costs(masked.cost_details) or None)
    if masked.completion_start_time_unix_nano is not None:
        append_text(out, _COMPLETION, _iso(masked.completion_start_time_unix_nano))
    _append_prompt(out, masked.generation.get("prompt"))
    append_metadata(out, names.OBSERVATION_METADATA, _observation_metadata(masked, version, lost))


def _observation_metadata(masked: MaskedRecord, version: Any, lost: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """Return the generation's metadata; `version` is the one that trace and generation share on Langfuse's side."""
    metadata = metadata_of(masked.generation.get("metadata"))
    metadata.setdefault("litellm_call_id", masked.call_id)
    own = masked.generation.get("version")
    if own and own != version:
        metadata.setdefault("version", own)
    metadata["routing"] = _evidence(masked, lost)
    return metadata


def _append_prompt(out: list[bytes], prompt: Any) -> None:
    """Link a prompt; with a name or version alone, or a version that is text, the server drops the span."""
    if prompt:
        append_text(out, names.OBSERVATION_PROMPT_NAME, prompt["name"])
        append_value(out, names.OBSERVATION_PROMPT_VERSION, integer(prompt["version"]))


def _append_fields(out: list[bytes], fields: Mapping[str, Any]) -> None:
    """Append the fields of a trace, but its input and output."""
    append_text(out, names.ENVIRONMENT, fields.get("environment"))
    append_text(out, names.VERSION, fields.get("version"))
    append_text(out, names.TRACE_NAME, fields.get("name"))
    append_text(out, names.TRACE_USER_ID, fields.get("user_id"))
    append_text(out, names.TRACE_SESSION_ID, fields.get("session_id"))
    append_text(out, names.RELEASE, fields.get("release"))
    append_tags(out, fields.get("tags"))
    if fields.get("public") is True:
        append_value(out, names.TRACE_PUBLIC, TRUE)
    append_metadata(out, names.TRACE_METADATA, metadata_of(fields.get("metadata")))


def _output(masked: MaskedRecord) -> Any:
    if masked.output is None and masked.status == "failure":
        return masked.status_message
    return masked.output


def _evidence(masked: MaskedRecord, lost: Mapping[str, Any]) -> dict[str, Any]:
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
    return {**found, **lost}


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


def _moment(value: Any) -> int | None:
    return value if type(value) is int else None


def _id(text: str, size: int) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == size else hashlib.sha256(utf8(text)).digest()[:size]
