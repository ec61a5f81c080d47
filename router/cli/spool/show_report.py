"""A `ShowResult` for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from router.cli.console import Console, stdout
from router.cli.spool.show import Shown, ShowResult
from router.cli.words import quoted, size, width_of
from router.config.frames import clean
from router.delivery.decode import DecodedSpan


def print_human(result: ShowResult) -> None:
    """Print each call: a line that says what it is, and its attributes."""
    console = stdout()
    for shown in result.calls:
        call = shown.call
        span = shown.spans[0] if shown.spans else None
        why = f" {call.reason} ({call.cause})" if call.cause else f" {call.reason}".rstrip()
        head = f"{span.span_id if span else '–'}  {clean(call.project)}  {call.state}{clean(why)}"
        console.print(f"{console.paint('title', head)}  {_time(call.time)}  {size(call.size)}")
        if span is None:
            console.print("  these bytes are no span")
            continue
        _print_attributes(console, span)
        for other in shown.spans[1:]:
            console.print(f"  and in the span {other.span_id}, {clean(other.name)}:")
            _print_attributes(console, other)
    if result.has_more:
        console.print("and more; --limit shows them")
    if not result.calls:
        console.print("no such call")


def _print_attributes(console: Console, span: DecodedSpan) -> None:
    width = width_of(list(span.attributes))
    for name, value in sorted(span.attributes.items()):
        console.print(f"  {clean(name):<{width}}  {quoted(value)}")


def print_json(result: ShowResult) -> None:
    """Print the whole result, schema router.spool.show/v1."""
    calls = [_to_json(shown) for shown in result.calls]
    stdout().print_json({"schema": "router.spool.show/v1", "calls": calls, "has_more": result.has_more})


def _to_json(shown: Shown) -> dict[str, Any]:
    call = shown.call
    found: dict[str, Any] = {
        "project": call.project,
        "state": call.state,
        "reason": call.reason,
        "cause": call.cause,
        "time": _time(call.time),
        "bytes": call.size,
    }
    if shown.spans:
        found |= _span_to_json(shown.spans[0])
        found["other_spans"] = [_span_to_json(span) for span in shown.spans[1:]]
    return found


def _span_to_json(span: DecodedSpan) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "trace_id": span.trace_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name,
        "attributes": span.attributes,
    }


def _time(nanoseconds: int) -> str:
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "–"
