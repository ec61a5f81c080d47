"""Trace and span ids as Langfuse and LiteLLM derive them from whatever a caller calls an id."""

from __future__ import annotations

import string
from dataclasses import dataclass
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
        foreign_trace_id: the caller's own trace id where it had to be hashed, else None. Content, still unmasked.
    """

    seed: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    continues_trace: bool
    foreign_trace_id: str | None


def normalise_trace_id(text: str) -> str:
    """Return 32 lower-case hex digits: of 32 hex digits or a UUID themselves, of any other text its SHA-256."""
    return _hex_id(text, 32)


def normalise_span_id(text: str) -> str:
    """Return 16 lower-case hex digits: of 16 hex digits themselves, of any other text its SHA-256."""
    return _hex_id(text, 16)


def span_ids(record: CallRecord, granted: Ids) -> SpanIds:
    """Return the ids of the span of `record`, as far as the request was granted its own.

    The trace id is the granted one, else the call's own; never the session id, which would put every call of a
    session into one trace. A `generation_id` names the span of a call that succeeded; a
    failed attempt keeps its own, so that the fallback which reuses the metadata does not overwrite it.
    """
    seed = _digest(f"{record.call_id}|{record.status}|{record.model_id or ''}|{record.start_time_unix_nano}")
    called = granted.trace_id
    trace_id = normalise_trace_id(called or record.call_id)
    own_name = granted.generation_id if record.status == "success" else None
    parent = granted.parent_observation_id
    return SpanIds(
        seed=seed,
        trace_id=trace_id,
        span_id=normalise_span_id(own_name) if own_name else seed[:16],
        parent_span_id=normalise_span_id(parent) if parent else None,
        continues_trace=granted.continues,
        foreign_trace_id=called if called and trace_id != _compact(called) else None,
    )


def random_ids() -> SpanIds:
    """Return fresh ids, for a record that cannot even be named."""
    return SpanIds(token_hex(32), token_hex(16), token_hex(8), None, False, None)


def _hex_id(text: str, length: int) -> str:
    compact = _compact(text)
    if len(compact) == length and _HEX.issuperset(compact) and compact.strip("0"):
        return compact
    return _digest(text)[:length]


def _compact(text: str) -> str:
    return text.strip().replace("-", "").lower()


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
