"""The way back: spans out of the bytes of an OTLP request, for doubles, demos and looking into stored batches."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass, field
from typing import Any

from router.delivery.protobuf import read_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedSpan:
    """One span as it was on the wire.

    Attributes:
        trace_id, span_id, parent_span_id: lower-case hex; the parent is "" for a root.
        attributes: by name; None for an attribute that has no value.
        status_code: 0 unset, 1 ok, 2 error.
        resource, scope_name, scope_version: what the span stood under.
    """

    name: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    kind: int = 0
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    status_code: int = 0
    status_message: str = ""
    resource: dict[str, Any] = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""


def decode_request(data: bytes) -> list[DecodedSpan]:
    """Return the spans of a serialised ExportTraceServiceRequest, in order.

    Raises:
        ValueError: the bytes are not such a request.
    """
    spans: list[DecodedSpan] = []
    for number, _, value in read_fields(data):
        if number == 1:
            _read_resource_spans(_message(value), spans)
    return spans


def decode_call(call: bytes) -> list[DecodedSpan]:
    """Return the spans of an encoded call, as the queue and the spool hold it; the generation comes first.

    Raises:
        ValueError: the bytes are no call.
    """
    spans = [decode_span(_message(value)) for number, _, value in read_fields(call) if number == 2]
    if not spans:
        raise ValueError("a call without a span")
    return spans


def decode_span(data: bytes, **under: Any) -> DecodedSpan:
    """Return one serialised Span; `under` gives resource, scope_name and scope_version.

    Raises:
        ValueError: the bytes are not a span.
    """
    found: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for number, _, value in read_fields(data):
        if number in _IDS:
            found[_IDS[number]] = _message(value).hex()
        elif number in _NUMBERS:
            found[_NUMBERS[number]] = _number(value)
        elif number == 5:
            found["name"] = _text(value)
        elif number == 9:
            key, attribute = _key_value(_message(value))
            attributes[key] = attribute
        elif number == 15:
            found |= _status(_message(value))
    return DecodedSpan(attributes=attributes, **found, **under)


def span_id_of(data: bytes) -> str:
    """Return the id of an encoded call's first span in hex, "" where there is none; reads no further than that."""
    with contextlib.suppress(ValueError):
        span = next((_message(value) for number, _, value in read_fields(data) if number == 2), b"")
        return next((_message(value).hex() for number, _, value in read_fields(span) if number == 2), "")
    return ""


_IDS = {1: "trace_id", 2: "span_id", 4: "parent_span_id"}
_NUMBERS = {6: "kind", 7: "start_time_unix_nano", 8: "end_time_unix_nano"}


def _read_resource_spans(data: bytes, spans: list[DecodedSpan]) -> None:
    resource: dict[str, Any] = {}
    scopes: list[bytes] = []
    for number, _, value in read_fields(data):
        if number == 1:
            resource = dict(_key_value(_message(kv)) for n, _, kv in read_fields(_message(value)) if n == 1)
        elif number == 2:
            scopes.append(_message(value))
    for scope_spans in scopes:
        under: dict[str, Any] = {"resource": resource}
        raw: list[bytes] = []
        for number, _, value in read_fields(scope_spans):
            if number == 1:
                for inner, _, text in read_fields(_message(value)):
                    if inner in (1, 2):
                        under["scope_name" if inner == 1 else "scope_version"] = _text(text)
            elif number == 2:
                raw.append(_message(value))
        spans.extend(decode_span(span, **under) for span in raw)


def _status(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, _, value in read_fields(data):
        if number == 2:
            found["status_message"] = _text(value)
        elif number == 3:
            found["status_code"] = _number(value)
    return found


def _key_value(data: bytes) -> tuple[str, Any]:
    key, value = "", None
    for number, _, payload in read_fields(data):
        if number == 1:
            key = _text(payload)
        elif number == 2:
            value = _any_value(_message(payload))
    return key, value


def _any_value(data: bytes) -> Any:
    value: Any = None
    for number, _, payload in read_fields(data):
        if number == 1:
            value = _text(payload)
        elif number == 2:
            value = bool(_number(payload))
        elif number == 3:
            raw = _number(payload)
            value = raw - (1 << 64) if raw >= 1 << 63 else raw
        elif number == 4:
            value = struct.unpack("<d", _number(payload).to_bytes(8, "little"))[0]
        elif number == 5:
            value = [_any_value(_message(item)) for n, _, item in read_fields(_message(payload)) if n == 1]
        elif number == 6:
            value = dict(_key_value(_message(item)) for n, _, item in read_fields(_message(payload)) if n == 1)
        elif number == 7:
            value = _message(payload)
    return value


def _message(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ValueError("malformed protobuf: a number where a message should be")


def _number(value: int | bytes) -> int:
    if isinstance(value, int):
        return value
    raise ValueError("malformed protobuf: bytes where a number should be")


def _text(value: int | bytes) -> str:
    return _message(value).decode()
