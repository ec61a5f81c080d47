"""Sampling: a share of the calls, chosen by a hash so that a session or a trace is kept or dropped whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from router.config.model import Rollout, SampleBy, SampleSpec
from router.config.tables import NO_VOCABULARY, Vocabulary
from router.routing.attributes import Texts, texts_getter
from router.routing.record import CallRecord

Read = Callable[[CallRecord], Texts]


@dataclass(frozen=True, slots=True)
class Rate:
    """A compiled `sample:` and the name of the entry that set it."""

    rate: float
    by: str | None
    source: str
    read: Read | None = None


def compile_sample(spec: SampleSpec, source: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Rate:
    """Compile a rate, or a rate by an attribute."""
    if isinstance(spec, SampleBy):
        return Rate(spec.rate, spec.by, source, _reader(spec.by, vocabulary))
    return Rate(float(spec), None, source)


def lowest(rates: Iterable[Rate]) -> Rate | None:
    """Return the rate that counts: the lowest, and the first of several equal ones."""
    return min(rates, key=lambda rate: rate.rate, default=None)


@dataclass(frozen=True, slots=True)
class Share:
    """A compiled `rollout:`. `salt` makes the shares of two entries independent of each other."""

    share: float
    by: str | None
    salt: str
    read: Read | None = None


def compile_rollout(spec: Rollout, salt: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Share:
    """Compile a roll-out; `salt` is the id of its rule or overlay."""
    return Share(spec.percent / 100, spec.by, salt, _reader(spec.by, vocabulary))


def is_kept(rate: Rate, record: CallRecord, place: float | None = None) -> bool:
    """Decide whether the call is kept. Depends on the record alone; `place` stands for its bucket in tests."""
    return (bucket(_key(rate.read, record)) if place is None else place) < rate.rate


def is_rolled_out(share: Share, record: CallRecord, place: float | None = None) -> bool:
    """Decide whether the call is among those that match already; `place` stands for its bucket in tests."""
    return (bucket(f"{share.salt}\x00{_key(share.read, record)}") if place is None else place) < share.share


def bucket(key: str) -> float:
    """Return the place of `key` in 0 ≤ x < 1; equal keys have equal places, in every process."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest[:7], "big") / float(1 << 56)


def _reader(by: str | None, vocabulary: Vocabulary) -> Read | None:
    return texts_getter(by, vocabulary) if by is not None else None


def _key(read: Read | None, record: CallRecord) -> str:
    if read is not None and (texts := read(record)):
        return "\x00".join(texts)
    return record.session_id or record.trace_id or record.request_id or record.call_id
