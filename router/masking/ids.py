"""Trace and span ids as Langfuse and LiteLLM derive them from whatever a caller calls an id."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex

from router.routing.plan import Ids
from router.routing.record import CallRecord

_HEX = frozenset(string.hexdigits)


@dataclass(frozen=True, slots=True)
class SpanIds:
    """The ids of one span.

    Attributes:
        seed: 64 hex digits, the same for every delivery of the same attempt.
        trace_id: 32 hex digits; span_id, parent_span_id: 16.
        foreign_trace_id: the granted trace id where it had to be hashed, else None. Content, still unmasked.
    """

    seed: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    continues_trace: bool
    foreign_trace_id: str | None = field(repr=False)


def normalise_trace_id(text: str) -> str:
    """Return 32 lower-case hex digits: of 32 hex digits or a UUID themselves, of any other text its SHA-256."""
    return _hex_id(text, 32)


def normalise_span_id(text: str) -> str:
    """Return 16 lower-case hex digits: of 16 hex digits themselves, of any other text its SHA-256."""
    return _hex_id(text, 16)


def span_ids(record: CallRecord, granted: Ids, is_hidden: Callable[[str], bool]) -> SpanIds:
    """Return the ids of the span of `record`, as far as the request was granted its own.

    The trace id is the granted one, else the call's own; never the session id, which would put every call of a
    session into one trace. A proxy's client chooses the call id with a header, so there it is hashed with the key:
    nobody names the trace of another. A `generation_id` names the span of a call that succeeded; a
    failed attempt keeps its own, so that the fallback which reuses the metadata does not overwrite it.
    An id that reads as hexadecimal is hashed all the same where `is_hidden` says so, for it may be a card number.
    """
    seed = _digest(f"{record.call_id}|{record.status}|{record.model_id or ''}|{record.start_time_unix_nano}")
    called = granted.trace_id
    trace_id = _hex_id(called, 32, is_hidden) if called else _own_trace_id(record, is_hidden)
    own_name = granted.generation_id if record.status == "success" else None
    parent = granted.parent_observation_id
    return SpanIds(
        seed=seed,
        trace_id=trace_id,
        span_id=_hex_id(own_name, 16, is_hidden) if own_name else seed[:16],
        parent_span_id=_hex_id(parent, 16, is_hidden) if parent else None,
        continues_trace=granted.continues,
        foreign_trace_id=called if called and trace_id != _compact(called) else None,
    )


def random_ids() -> SpanIds:
    """Return fresh ids, for a record that cannot even be named."""
    return SpanIds(token_hex(32), token_hex(16), token_hex(8), None, False, None)


def _own_trace_id(record: CallRecord, is_hidden: Callable[[str], bool]) -> str:
    """Return the trace id of a call that was granted none: one for all attempts of a request."""
    if record.origin == "proxy":
        return _digest(f"trace|{record.call_id}|{record.key_hash or ''}")[:32]
    return _hex_id(record.request_id or record.call_id, 32, is_hidden)


def _hex_id(text: str, length: int, is_hidden: Callable[[str], bool] | None = None) -> str:
    compact = _compact(text)
    is_id = len(compact) == length and _HEX.issuperset(compact) and compact.strip("0")
    if is_id and not (is_hidden and (is_hidden(text) or is_hidden(compact))):
        return compact
    return _digest(text)[:length]


def _compact(text: str) -> str:
    return text.replace("-", "").lower()


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
