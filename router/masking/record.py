"""MaskedRecord: a call as one project may see it, the only thing the encoder accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.routing.record import Status


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MaskedRecord:
    """One call after masking, as plain JSON-able data. Only `router.masking` builds it.

    Times are nanoseconds since the Unix epoch. Every text is valid Unicode (no lone surrogates), every number finite.

    Attributes:
        span_seed: 64 hex digits that identify the attempt (call id, status, deployment, start), free of content.
        trace_id: 32 lower-case hex digits; span_id, parent_span_id: 16.
        continues_trace: whether the call joins a trace that exists already.
        status_message: why the call failed, masked; None for a success.
        trace: of name, user_id, session_id, tags, version, release, environment, public, metadata, those that are set.
        generation: of name, version, metadata, and prompt {name, version}, those that are set.
        guardrails: facts of each guardrail; `input`, `output`, `start` and `end` are those of its span.
        kept: on a continued trace, its fields as this process sent them last, input and output included, without those
            that the masks of this call would change; a field that is missing is not known.
        hidden: names of the fields that are missing there on account of a mask.
        masked: how often each detector hit; `pattern` for patterns, `path` for whole values, `secret_name` for
            values that were removed because of their key's name. Never a value.
        masks: names of the masks that applied, in order.
        failures: names of the masks that failed; what they guarded was replaced by a marker.
        withheld: whether every text was replaced, so that the call says nothing of its trace but the environment.
        drop: whether the call is not to be sent, on account of a mask that failed; it holds no content then.
        adjusted: dotted fields that were altered after masking, to what Langfuse keeps (`trace.session_id`).
    """

    call_id: str
    call_type: str
    status: Status
    start_time_unix_nano: int
    end_time_unix_nano: int
    completion_start_time_unix_nano: int | None = None
    span_seed: str
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    continues_trace: bool = False
    model: str = ""
    model_parameters: Mapping[str, Any] = field(default_factory=dict)
    usage_details: Mapping[str, int] | None = None
    cost_details: Mapping[str, float] | None = None
    input: Any = None
    output: Any = None
    status_message: str | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    update_keys: tuple[str, ...] = ()
    guardrails: tuple[Mapping[str, Any], ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    masked: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    withheld: bool = False
    drop: bool = False
    adjusted: tuple[str, ...] = ()
    rule: str | None = None
    overlays: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"MaskedRecord(trace_id={self.trace_id!r}, span_id={self.span_id!r}, status={self.status!r}, "
            f"rule={self.rule!r}, masked={dict(self.masked)!r}, failures={self.failures!r})"
        )
