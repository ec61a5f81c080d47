"""What calls that cannot be delivered take in memory, in processes of their own: LiteLLM's callback, and ours."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.calls import LARGE, HookArguments, Text, capture, fresh, with_new_text
from bench.measure import Effort, log_all
from bench.peers import LITELLM, MASKED, OwnCallback, Peer, Routed
from bench.receiver import Arrived, SinkClient, running_sink
from bench.report import Progress, Table, Target

BOUND = 32_000_000
_PER_CALL = 4
"""Calls here for each call of a round elsewhere."""
_RATE = 200.0
_WARM_UP = 20
_SETTLE_SECS = 1.0
_LOOK_SECS = 0.005
_KEY = "pk-hang-memory"
_MB = 1e6


def measure_memory(effort: Effort, progress: Progress) -> list[Table]:
    """Let Langfuse hang, log many large calls, and let it answer again."""
    count = effort.calls * _PER_CALL
    results = []
    for name in (LITELLM, MASKED):
        progress(f"memory: {name}, {count} large calls while Langfuse hangs")
        with running_sink() as sink:
            results.append(_in_child(name, sink.port, count))
    sent = count * (LARGE.chars_in + LARGE.chars_out) / _MB
    router = results[1]
    return [
        Table(
            title=(
                f"memory: {count} large calls ({sent:,.0f} MB of text) while Langfuse hangs, half at {_RATE:.0f} a "
                f"second, half at once; ROUTER_MAX_QUEUE_BYTES={BOUND // 1_000_000} MB"
            ),
            columns=("peer", "RSS growth MB", "logged", "delivered", "dropped", "arrived once", "accounted for"),
            rows=tuple(_row(result) for result in results),
            targets=(
                Target(
                    "RSS grows by no more than twice ROUTER_MAX_QUEUE_BYTES",
                    f"{router['grown'] / _MB:.0f} MB",
                    router["grown"] <= 2 * BOUND,
                ),
                Target(
                    "what has no room is counted as queue_full, and nothing else is lost",
                    _reasons(router["dropped"]),
                    router["accounted"] and set(router["dropped"]) <= {"queue_full"},
                ),
            ),
            notes=("LiteLLM's callback keeps up to 100,000 calls, of whatever size.",),
        )
    ]


def _row(result: dict[str, Any]) -> tuple[Any, ...]:
    return (
        result["name"],
        result["grown"] / _MB,
        result["logged"],
        result["delivered"],
        None if result["dropped"] is None else _reasons(result["dropped"]),
        result["unique"],
        result["accounted"],
    )


def _reasons(dropped: dict[str, int]) -> str:
    return ", ".join(f"{reason} {number:,}" for reason, number in dropped.items()) or "nothing"


def _in_child(name: str, port: int, count: int) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-m", "bench.memory", name, str(port), str(count)],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return found


def _measure(name: str, port: int, count: int) -> dict[str, Any]:
    logging.getLogger("router").setLevel(logging.ERROR)  # it warns of a full queue: that is what is measured
    sink = SinkClient(port)
    captured = capture(LARGE, 1)[0]
    peer: Peer
    if name == LITELLM:
        peer = OwnCallback(name, _KEY, sink.host)
    else:
        settings = {"ROUTER_MAX_QUEUE_BYTES": str(BOUND)}
        peer = Routed(name, _KEY, sink.host, masks=("secrets", "pii"), settings=settings)
    log_all(peer, fresh([captured], _WARM_UP))
    peer.flush()
    sink.counts()
    sink.hang()
    with peak_rss() as peak:
        log_all(peer, large_calls(captured, count // 2), _RATE)
        log_all(peer, large_calls(captured, count - count // 2))
        threading.Event().wait(_SETTLE_SECS)
    sink.release()
    peer.flush()
    arrived = sink.counts().get(_KEY, Arrived())
    return {"name": name, "grown": peak.grown, "logged": count, "unique": arrived.unique} | _account(
        peer, arrived, count
    )


def _account(peer: Peer, arrived: Arrived, count: int) -> dict[str, Any]:
    if not isinstance(peer, Routed):
        return {"delivered": None, "dropped": None, "accounted": arrived.unique == count}
    stats = peer.router.stats()
    delivered = stats.delivered - _WARM_UP
    balanced = delivered + sum(stats.dropped.values()) == count and stats.in_flight == 0
    return {
        "delivered": delivered,
        "dropped": dict(stats.dropped),
        "accounted": balanced and arrived.unique == arrived.spans == delivered,
    }


def large_calls(captured: HookArguments, count: int) -> Iterator[HookArguments]:
    """Yield calls one by one, so that only who logs them keeps them, each with a text of its own."""
    text = Text(seed=1).make(LARGE.chars_in)
    for number in range(count):
        start = number * 97 % len(text)
        yield with_new_text(captured, text[start:] + text[:start])


class Peak:
    """The most memory that this process had, since it was made.

    Attributes:
        most: bytes.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self.most = self._process.memory_info().rss

    def look(self) -> None:
        """See how much it is now."""
        self.most = max(self.most, self._process.memory_info().rss)

    @property
    def grown(self) -> int:
        """Bytes by which it grew."""
        return self.most - self._before


@contextmanager
def peak_rss() -> Iterator[Peak]:
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_SECS):
            peak.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
        peak.look()


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
