"""What the hook takes while Langfuse accepts requests and never answers; for a project in use, and for a new one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median
from typing import Any

from bench.calls import TYPICAL, HookArguments, capture, fresh
from bench.measure import Effort, frozen_heap, log_all, percentile, warm_up
from bench.peers import LITELLM, MASKED, OwnCallback, Peer, Routed
from bench.receiver import Arrived, SinkClient, running_sink
from bench.report import Progress, Table, Target

_MASKS = ("secrets", "pii")
_VARIETY = 16
_FIRST_CALLS = 10
_PATIENCE_CALLS = 100
"""With fewer calls a round it is a quick run, which does not wait 20 s for LiteLLM."""
_SAME = 1.5
_NEW_PROJECT_MS = 10.0


def measure_hang(effort: Effort, progress: Progress) -> list[Table]:
    """Measure a project that is in use, then the first call of one, each with and without a Langfuse that hangs."""
    progress("hang: capturing calls")
    captured = capture(TYPICAL, min(_VARIETY, effort.calls))
    with running_sink() as sink:
        return [_in_use(captured, effort, sink, progress), _first_calls(captured, effort, sink, progress)]


def _in_use(captured: list[HookArguments], effort: Effort, sink: SinkClient, progress: Progress) -> Table:
    peers: tuple[Peer, ...] = (
        OwnCallback(LITELLM, "pk-own", sink.host),
        OwnCallback(LITELLM, "pk-hang-own", sink.host),
        Routed(MASKED, "pk-router", sink.host, masks=_MASKS),
        Routed(MASKED, "pk-hang-router", sink.host, masks=_MASKS),
    )
    warm_up(peers, captured, sink)
    times: dict[str, list[float]] = {peer.key: [] for peer in peers}
    arrived = {peer.key: Arrived() for peer in peers}
    sink.hang()
    for number, peer in itertools.product(range(effort.rounds), peers):
        progress(f"hang: round {number + 1} of {effort.rounds}, {peer.name}, {_langfuse(peer.key)}")
        with frozen_heap():
            times[peer.key] += log_all(peer, fresh(captured, effort.calls))
        if not _hangs(peer.key):
            peer.flush()
    during = sink.counts()
    sink.release()
    for peer in peers:
        progress(f"hang: {peer.name} delivers what waited")
        peer.flush()
        peer.close()
    for counts in (during, sink.counts()):
        for key, found in counts.items():
            arrived[key] += found
    logged = effort.rounds * effort.calls
    return Table(
        title=f"hang: hook of a project in use, typical calls, {effort.rounds} rounds of {effort.calls}",
        columns=("peer", "Langfuse", "hook median µs", "p99 µs", "max µs", "logged", "arrived meanwhile", "in the end"),
        rows=tuple(
            _row(peer, sorted(times[peer.key]), logged, during.get(peer.key, Arrived()), arrived[peer.key])
            for peer in peers
        ),
        targets=(_unchanged(times["pk-router"], times["pk-hang-router"]),),
    )


def _row(peer: Peer, times: Sequence[float], logged: int, during: Arrived, arrived: Arrived) -> tuple[Any, ...]:
    return (
        peer.name,
        _langfuse(peer.key),
        median(times),
        percentile(times, 0.99),
        times[-1],
        logged,
        during.unique,
        arrived.unique,
    )


def _unchanged(answering: list[float], hanging: list[float]) -> Target:
    ratio = median(hanging) / median(answering)
    return Target("the hook's median does not change while Langfuse hangs", f"{ratio:.2f} of the other", ratio < _SAME)


def _first_calls(captured: list[HookArguments], effort: Effort, sink: SinkClient, progress: Progress) -> Table:
    patient = effort.calls >= _PATIENCE_CALLS
    count = min(_FIRST_CALLS, effort.calls)
    rows: list[tuple[Any, ...]] = []
    worst = 0.0
    for langfuse, own_count in (("answers", count), ("hangs", int(patient))):
        own: list[Peer] = [
            OwnCallback(LITELLM, _new_key("own", langfuse, n), sink.host, by_request=True) for n in range(own_count)
        ]
        routed: list[Peer] = [
            Routed(MASKED, _new_key("router", langfuse, n), sink.host, masks=_MASKS) for n in range(count)
        ]
        if langfuse == "hangs":
            sink.hang()
            progress("hang: first calls" + "; LiteLLM's takes 20 s" * patient)
        rows.append(_first_row(LITELLM, langfuse, _log_first(own, captured)))
        times = _log_first(routed, captured)
        worst = max(worst, times[-1])
        rows.append(_first_row(MASKED, langfuse, times))
        sink.release()
        for peer in (*own, *routed):
            peer.flush()
            peer.close()
    return Table(
        title="hang: the first call of a project, on the caller's thread",
        columns=("peer", "Langfuse", "projects", "median ms", "max ms"),
        rows=tuple(sorted(rows)),
        targets=(Target("the first call of a project waits for nothing", f"{worst:.1f} ms", worst < _NEW_PROJECT_MS),),
        notes=() if patient else ("LiteLLM's first call to a hanging Langfuse takes 20 s; a quick run leaves it out.",),
    )


def _new_key(peer: str, langfuse: str, number: int) -> str:
    return f"pk-{'hang-' if langfuse == 'hangs' else ''}first-{peer}-{number}"


def _log_first(peers: Sequence[Peer], captured: list[HookArguments]) -> list[float]:
    """Return what the first call of each peer took, in milliseconds, sorted."""
    with frozen_heap():
        return sorted(log_all(peer, fresh(captured, 1))[0] / 1000 for peer in peers)


def _first_row(name: str, langfuse: str, times: list[float]) -> tuple[Any, ...]:
    return name, langfuse, len(times), median(times) if times else None, times[-1] if times else None


def _hangs(key: str) -> bool:
    return key.startswith("pk-hang")


def _langfuse(key: str) -> str:
    return "hangs" if _hangs(key) else "answers"
