"""Several spans of one project as one request body; the bytes that are sent, and sent again on a retry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from router.delivery.attributes import SCOPE_NAME
from router.delivery.compression import gunzip, gzip
from router.delivery.protobuf import BYTES, field, read_fields, varint
from router.delivery.retry import Verdict
from router.delivery.shorten import SMALLEST, shorten_span

_SCOPE = field(1, field(1, SCOPE_NAME.encode()))
_RESOURCE = field(1, b"")  # empty: Langfuse stores whatever stands in it beside every observation
_CHUNK = 64 * 1024
_MOST_REFUSALS = 64
"""Refusals in a row after which a batch is not taken apart any further: the server refuses them all."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A compressed request body.

    Attributes:
        body: gzip of a serialised ExportTraceServiceRequest.
        count: spans in it.
        since: when its oldest span was accepted, on the clock of time.monotonic.
        uncut: the body before its one span was cut; None where it was not.
    """

    body: bytes
    count: int
    since: float
    uncut: bytes | None = None


def make_batch(spans: Sequence[bytes], since: float) -> Batch:
    """Return the request of some serialised spans, at least one."""
    # Fed in pieces: joining megabytes first costs more in fresh memory pages than compressing small ones.
    return Batch(gzip(_chunked(_pieces(spans))), len(spans), since)


def split_batch(batch: Batch) -> tuple[Batch, Batch]:
    """Return two batches with one half of the spans each; the batch has at least two."""
    spans = spans_of(batch)
    middle = len(spans) // 2
    return make_batch(spans[:middle], batch.since), make_batch(spans[middle:], batch.since)


def probe_of(batch: Batch) -> tuple[Batch, Batch]:
    """Return a batch of the first span alone, and one of the others; the batch has at least two."""
    first, *others = read_spans(gunzip(batch.body))
    return make_batch([first], batch.since), make_batch(others, batch.since)


def shorten_batch(batch: Batch) -> Batch | None:
    """Return the batch, of one span, with the span at half its size; None when that cannot be."""
    (span,) = read_spans(gunzip(batch.body))
    shorter = shorten_span(span, len(span) // 2) if len(span) >= SMALLEST else None
    return None if shorter is None else replace(make_batch([shorter], batch.since), uncut=batch.uncut or batch.body)


def spans_of(batch: Batch) -> list[bytes]:
    """Return the spans of a batch as they were accepted."""
    return list(read_spans(gunzip(batch.uncut or batch.body)))


def smaller_batches(batch: Batch, verdict: Verdict, refusals: int) -> tuple[Batch, ...]:
    """Return what to try instead of a batch that was not taken: parts of it, or its one span with texts cut.

    Args:
        batch: that was not taken.
        verdict: what its server said.
        refusals: how many batches in a row it has refused.
    """
    if verdict == "probe":
        return probe_of(batch)
    if verdict == "too_large" and batch.count == 1:
        shorter = shorten_batch(batch)
        return () if shorter is None else (shorter,)
    if verdict == "too_large" or (verdict == "refused" and refusals <= _MOST_REFUSALS):
        return split_batch(batch) if batch.count > 1 else ()
    return ()


def encode_request(spans: Sequence[bytes], resource: Mapping[str, str] | None = None) -> bytes:
    """Return a serialised ExportTraceServiceRequest, uncompressed, with text attributes of its resource."""
    about = b"".join(field(1, _text_attribute(name, text)) for name, text in (resource or {}).items())
    return b"".join(_pieces(spans, field(1, about)))


def _text_attribute(name: str, text: str) -> bytes:
    return field(1, name.encode()) + field(2, field(1, text.encode()))


def read_spans(request: bytes) -> Iterator[bytes]:
    """Yield the serialised spans of a request.

    Raises:
        ValueError: `request` is not an ExportTraceServiceRequest.
    """
    for resource_spans in _nested(request, 1):
        for scope_spans in _nested(resource_spans, 2):
            yield from _nested(scope_spans, 2)


def _nested(message: bytes, number: int) -> Iterator[bytes]:
    for found, wire, value in read_fields(message):
        if found == number and wire == BYTES and isinstance(value, bytes):
            yield value


def _pieces(spans: Sequence[bytes], resource: bytes = _RESOURCE) -> Iterator[bytes]:
    heads = [b"\x12" + varint(len(span)) for span in spans]
    scope_size = len(_SCOPE) + sum(map(len, heads)) + sum(map(len, spans))
    scope_head = b"\x12" + varint(scope_size)
    yield b"\x0a" + varint(len(resource) + len(scope_head) + scope_size)
    yield resource + scope_head + _SCOPE
    for head, span in zip(heads, spans, strict=True):
        yield head
        yield span


def _chunked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
