"""What the hook takes from the caller, and a call from the process until Langfuse has acknowledged it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.calls import SIZES, TYPICAL, HookArguments, Size, capture, fresh
from bench.measure import BURST, PACED, Effort, Sample, percentile, pooled, sample, warm_up
from bench.peers import LITELLM, MASKED, PLAIN, OwnCallback, Peer, Routed
from bench.receiver import Arrived, SinkClient, running_sink
from bench.report import Progress, Table, Target

TARGET = 0.25
_RATE = 100.0
_VARIETY = 16


def measure_hook(effort: Effort, progress: Progress) -> list[Table]:
    """Measure all sizes back to back, and typical calls at 100 a second."""
    with running_sink() as sink:
        peers: tuple[Peer, ...] = (
            OwnCallback(LITELLM, "pk-own", sink.host),
            Routed(PLAIN, "pk-plain", sink.host),
            Routed(MASKED, "pk-masked", sink.host, masks=("secrets", "pii")),
        )
        tables = []
        for size in SIZES:
            progress(f"hook: capturing {size.name} calls")
            captured = capture(size, min(_VARIETY, effort.calls))
            warm_up(peers, captured, sink)
            tables.append(_measure(peers, captured, size, effort, sink, progress, BURST))
            if size is TYPICAL:
                tables.append(_measure(peers, captured, size, effort, sink, progress, PACED))
        for peer in peers:
            peer.close()
    return tables


def _measure(
    peers: Sequence[Peer],
    captured: list[HookArguments],
    size: Size,
    effort: Effort,
    sink: SinkClient,
    progress: Progress,
    mode: str,
) -> Table:
    count = effort.calls if size.chars_in < 50_000 else max(1, effort.calls // 3)
    rate = _RATE if mode == PACED else None
    samples: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    arrived = {peer.name: Arrived() for peer in peers}
    for number in range(effort.rounds):
        for peer in peers:
            progress(f"hook: {size.name} calls, {mode}, round {number + 1} of {effort.rounds}, {peer.name}")
            calls = fresh(captured, count)
            samples[peer.name].append(sample(peer, calls, rate))
            arrived[peer.name] += sink.counts().get(peer.key, Arrived())
    expected = count * effort.rounds
    return Table(
        title=_title(size, mode, effort.rounds, count),
        columns=(
            "peer",
            "hook median µs",
            "p99 µs",
            "× LiteLLM's",
            "CPU µs/call",
            "× LiteLLM's CPU",
            "wire bytes/call",
            "logged",
            "arrived once",
        ),
        rows=tuple(_row(peer.name, samples, arrived[peer.name], expected) for peer in peers),
        targets=_targets(samples, size, mode),
    )


def _row(name: str, samples: dict[str, list[Sample]], arrived: Arrived, expected: int) -> tuple[object, ...]:
    own, other = samples[name], samples[LITELLM]
    times = pooled(own)
    return (
        name,
        median(times),
        percentile(times, 0.99),
        _ratio([one.median for one in own], [one.median for one in other]),
        median(one.cpu_us for one in own),
        _ratio([one.cpu_us for one in own], [one.cpu_us for one in other]),
        arrived.wire_bytes // expected,
        expected,
        arrived.unique if arrived.unique == arrived.spans else f"{arrived.unique} of {arrived.spans} spans",
    )


def _ratio(own: Sequence[float], other: Sequence[float]) -> float:
    """Return the median of the ratios within one round each: what slowed a round down slowed both."""
    return median(mine / theirs for mine, theirs in zip(own, other, strict=True))


def _targets(samples: dict[str, list[Sample]], size: Size, mode: str) -> tuple[Target, ...]:
    if size is not TYPICAL:
        return ()
    found = []
    for name in (PLAIN, MASKED):
        ratio = _ratio([one.median for one in samples[name]], [one.median for one in samples[LITELLM]])
        found.append(Target(f"hook ≤ ¼ of LiteLLM's own ({name}, {mode})", f"{ratio:.2f} of it", ratio <= TARGET))
    return tuple(found)


def _title(size: Size, mode: str, rounds: int, count: int) -> str:
    pace = "back to back" if mode == BURST else f"{_RATE:.0f} a second"
    return (
        f"hook: {size.name} calls ({size.chars_in:,} characters in, {size.chars_out:,} out), {pace}, "
        f"{rounds} rounds of {count}"
    )
