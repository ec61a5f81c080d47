"""What a user of Langfuse sees of a trace, made of its spans as each generation of the server makes it.

A model of the rules of Langfuse 4.16.0, source in `packages/shared/src/server/otel/OtelIngestionProcessor.ts` and
`worker/src/services/IngestionService` (generation 3), and `…/queries/clickhouse-sql/event-query-builder.ts` (4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from router.delivery import attributes as names
from router.testing.received import ReceivedSpan

_SEEN_NANOS = 600 * 1_000_000_000
"""How long a server of generation 3 knows that it has a trace already."""
_HEARD = (
    names.TRACE_NAME,
    names.TRACE_INPUT,
    names.TRACE_OUTPUT,
    names.TRACE_USER_ID,
    names.TRACE_SESSION_ID,
    names.TRACE_PUBLIC,
    names.TRACE_TAGS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTrace:
    """A trace as Langfuse shows it; without what stands in the metadata of every trace (scope, resource)."""

    name: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    version: str | None = None
    release: str | None = None
    environment: str = "default"
    public: bool = False
    input: Any = None
    output: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)


def seen_on_v4(spans: Sequence[ReceivedSpan]) -> SeenTrace:
    """Return the trace of some spans, in order of arrival, on a server that has no row for it."""

    def last(name: str) -> Any:
        return next((span.trace[name] for span in reversed(spans) if span.trace.get(name)), None)

    root = next((span for span in reversed(spans) if not span.parent_span_id), None)
    return SeenTrace(
        name=last("name") or (root.name if root else None),
        user_id=last("user_id"),
        session_id=last("session_id"),
        tags=tuple(last("tags") or ()),
        version=last("version"),
        release=last("release"),
        environment=spans[-1].trace.get("environment", "default"),
        public=any(span.trace.get("public") is True for span in spans),
        input=root.input if root else None,
        output=root.output if root else None,
        metadata={**root.metadata, **root.trace.get("metadata", {})} if root else {},
    )


def seen_on_v3(spans: Sequence[ReceivedSpan]) -> SeenTrace:
    """Return the trace of some spans on a server that keeps a row for it, and merges in the order of their start."""
    ordered = sorted(spans, key=lambda span: span.start_time_unix_nano)
    trace: SeenTrace | None = None
    known_since = 0
    for span in ordered:
        is_root, is_heard = not span.parent_span_id, _is_heard(span)
        is_new = trace is None or span.start_time_unix_nano - known_since > _SEEN_NANOS
        if is_new:
            known_since = span.start_time_unix_nano
        if trace is None:
            trace = SeenTrace(environment=span.trace.get("environment", "default"))
        if is_root or is_heard:
            trace = _merged(trace, span, is_root=is_root)
        elif is_new:
            trace = replace(trace, public=False)
    return trace or SeenTrace()


def _is_heard(span: ReceivedSpan) -> bool:
    return any(span.attributes.get(name) for name in _HEARD) or any(
        name.startswith(names.TRACE_METADATA) for name in span.attributes
    )


def _merged(trace: SeenTrace, span: ReceivedSpan, *, is_root: bool) -> SeenTrace:
    given = span.trace
    said = {name: given[name] for name in ("name", "user_id", "session_id") if given.get(name)}
    if is_root:
        said.setdefault("name", span.name)
    own = span.metadata if is_root else {}
    return replace(
        trace,
        **said,
        version=given.get("version"),
        release=given.get("release"),
        public=given.get("public") is True,
        tags=tuple(sorted({*trace.tags, *given.get("tags", ())})),
        metadata={**trace.metadata, **given.get("metadata", {}), **own},
        input=span.trace_input or (span.input if is_root else None) or trace.input,
        output=span.trace_output or (span.output if is_root else None) or trace.output,
    )
