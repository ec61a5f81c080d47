"""Timing logged calls: one by one on the caller's thread, and the whole process until everything is acknowledged."""

from __future__ import annotations

import gc
import math
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from bench.calls import HookArguments, fresh
from bench.peers import Peer
from bench.receiver import SinkClient

BURST = "burst"
PACED = "paced"
_WARM_UP = 32


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: turns of each peer.
        calls: calls in one turn.
        rules: rules of the largest file.
        secs: how long faults last.
        projects: how many projects a process is asked to bear.
        alone: whether the peers are left out, where Langfuse fails.
        longest_kb: of the texts that are masked.
    """

    rounds: int = 5
    calls: int = 240
    rules: int = 10_000
    secs: float = 60.0
    projects: int = 1_000
    alone: bool = False
    longest_kb: int = 5_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one peer.

    Attributes:
        hook_us: what each call took the caller, sorted, in microseconds.
        cpu_us: what each call took the process, all threads, until everything was acknowledged.
    """

    hook_us: tuple[float, ...]
    cpu_us: float

    @property
    def median(self) -> float:
        return median(self.hook_us)


def warm_up(peers: Sequence[Peer], captured: list[HookArguments], sink: SinkClient) -> None:
    """Let every peer connect and fill its caches."""
    for peer in peers:
        for call in fresh(captured, _WARM_UP):
            peer.log(call)
        peer.flush()
    sink.counts()


def log_all(peer: Peer, calls: Iterable[HookArguments], rate: float | None = None) -> tuple[float, ...]:
    """Log the calls, back to back or at `rate` calls per second; return what each took, in microseconds, sorted."""
    clock, log = time.perf_counter_ns, peer.log
    taken: list[int] = []
    idle = threading.Event()
    due = time.perf_counter()
    for call in calls:
        if rate is not None:
            idle.wait(max(0.0, due - time.perf_counter()))
            due += 1 / rate
        started = clock()
        log(call)
        taken.append(clock() - started)
    return tuple(nanoseconds / 1000 for nanoseconds in sorted(taken))


def sample(peer: Peer, calls: Sequence[HookArguments], rate: float | None = None) -> Sample:
    """Log the calls and wait until they are acknowledged.

    Raises:
        RuntimeError: they were not.
    """
    with frozen_heap():
        before = time.process_time()
        hook_us = log_all(peer, calls, rate)
        if not peer.flush():
            raise RuntimeError(f"{peer.name}: not everything was acknowledged")
        return Sample(hook_us, (time.process_time() - before) / len(calls) * 1e6)


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Keep what lives now out of the garbage collections inside; they would bill LiteLLM's modules to a peer."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the ordered values do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def pooled(samples: Sequence[Sample]) -> tuple[float, ...]:
    """Return the times of all rounds together, sorted."""
    return tuple(sorted(value for one in samples for value in one.hook_us))
