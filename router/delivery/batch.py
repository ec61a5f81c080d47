"""Several calls of one project as one request body; the bytes that are sent, and sent again on a retry."""

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
        sizes: length of each call in it, uncompressed.
        since: when its oldest call was accepted, on the clock of time.monotonic.
        uncut: the batch before its one call was cut; None where it was not.
    """

    body: bytes
    sizes: tuple[int, ...]
    since: float
    uncut: Batch | None = None

    @property
    def count(self) -> int:
        """Calls in it."""
        return len(self.sizes)


def make_batch(calls: Sequence[bytes], since: float) -> Batch:
    """Return the request of some encoded calls, at least one."""
    # Fed in pieces: joining megabytes first costs more in fresh memory pages than compressing small ones.
    return Batch(gzip(_chunked(_pieces(calls))), tuple(map(len, calls)), since)


def split_batch(batch: Batch) -> tuple[Batch, Batch]:
    """Return two batches with one half of the calls each; the batch has at least two."""
    calls = _calls(batch)
    middle = len(calls) // 2
    return make_batch(calls[:middle], batch.since), make_batch(calls[middle:], batch.since)


def probe_of(batch: Batch) -> tuple[Batch, Batch]:
    """Return a batch of the first call alone, and one of the others; the batch has at least two."""
    first, *others = _calls(batch)
    return make_batch([first], batch.since), make_batch(others, batch.since)


def shorten_batch(batch: Batch) -> Batch | None:
    """Return the batch, of one call, with the call at about half its size; None when that cannot be."""
    (call,) = _calls(batch)
    if len(call) < SMALLEST:
        return None
    spans = list(read_call(call))
    shorter = [shorten_span(span, len(span) // 2) for span in spans]
    if all(span is None for span in shorter):
        return None
    whole = b"".join(field(2, short or span) for short, span in zip(shorter, spans, strict=True))
    if len(whole) >= len(call):
        return None
    return replace(make_batch([whole], batch.since), uncut=batch.uncut or batch)


def calls_of(batch: Batch) -> list[bytes]:
    """Return the calls of a batch as they were accepted."""
    return _calls(batch.uncut or batch)


def smaller_batches(batch: Batch, verdict: Verdict, refusals: int) -> tuple[Batch, ...]:
    """Return what to try instead of a batch that was not taken: parts of it, or its one call with texts cut.

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


def encode_request(calls: Sequence[bytes], resource: Mapping[str, str] | None = None) -> bytes:
    """Return a serialised ExportTraceServiceRequest, uncompressed, with text attributes of its resource."""
    about = b"".join(field(1, _text_attribute(name, text)) for name, text in (resource or {}).items())
    return b"".join(_pieces(calls, field(1, about)))


def _text_attribute(name: str, text: str) -> bytes:
    return field(1, name.encode()) + field(2, field(1, text.encode()))


def read_call(call: bytes) -> Iterator[bytes]:
    """Yield the serialised spans of an encoded call, the generation first.

    Raises:
        ValueError: `call` is none.
    """
    return _nested(call, 2)


def _nested(message: bytes, number: int) -> Iterator[bytes]:
    for found, wire, value in read_fields(message):
        if found == number and wire == BYTES and isinstance(value, bytes):
            yield value


def _calls(batch: Batch) -> list[bytes]:
    request = gunzip(batch.body)
    at = len(request) - sum(batch.sizes)  # they end the request
    calls = []
    for size in batch.sizes:
        calls.append(request[at : at + size])
        at += size
    return calls


def _pieces(calls: Sequence[bytes], resource: bytes = _RESOURCE) -> Iterator[bytes]:
    scope_size = len(_SCOPE) + sum(map(len, calls))
    scope_head = b"\x12" + varint(scope_size)
    yield b"\x0a" + varint(len(resource) + len(scope_head) + scope_size)
    yield resource + scope_head + _SCOPE
    yield from calls


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
