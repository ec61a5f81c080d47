"""One peer in a process of its own while Langfuse fails: the child's side of `python -m bench faults`.

Run as `python -m bench.faulty WHAT PEER PORT OPTIONS`, with the options of the function as JSON, it prints its result
as one line of JSON.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.calls import LARGE, TYPICAL, HookArguments, capture, fresh
from bench.fault_peers import ManyProjects, RoutedProjects, make_peer
from bench.memory import BOUND, large_calls, peak_rss
from bench.receiver import Arrived, SinkClient

_TEAMS = 10
_VARIETY = 16
_LOOK_SECS = 0.05
_CAP_CALLS = 1_500
"""Large calls that fill the queue for certain, well before the end."""

Result = dict[str, Any]


def outage(name: str, sink: SinkClient, kind: str, secs: float, rate: float) -> Result:
    """Log to ten projects while all of them fail, and for a sixth of that time after; see what arrives in the end."""
    peer = _ready(name, [f"pk-hang-{number}" for number in range(_TEAMS)], sink)
    captured = capture(TYPICAL, _VARIETY)
    sink.fail(kind)
    logged = _log_at(rate, secs, peer, captured)
    sink.release()
    logged += _log_at(rate, secs / 6, peer, captured)
    peer.flush()
    arrived = _total(sink.counts())
    return {
        "logged": logged,
        "unique": arrived.unique,
        "again": arrived.spans - arrived.unique,
        "differing": arrived.differing,
    }


def one_hangs(name: str, sink: SinkClient, secs: float, rate: float) -> Result:
    """Log to ten projects of which one hangs; see how long after the last call the others have everything."""
    peer = _ready(name, ["pk-hang-0", *(f"pk-well-{number}" for number in range(1, _TEAMS))], sink)
    captured = capture(TYPICAL, _VARIETY)
    sink.fail("hang")
    logged = _log_at(rate, secs, peer, captured)
    started = time.monotonic()
    healthy = logged - -(-logged // _TEAMS)

    def arrived() -> int:
        return sum(found.unique for key, found in sink.counts(keep=True).items() if key.startswith("pk-well"))

    done = _wait_until(lambda: arrived() >= healthy, 30.0)
    taken = time.monotonic() - started
    return {"logged": healthy, "unique": arrived(), "secs": taken if done else None}


def too_large(name: str, sink: SinkClient, calls: int) -> Result:
    """Log large calls at once to a server that takes 5 MB in a request."""
    peer = _ready(name, ["pk-hang-0"], sink)
    captured = capture(LARGE, 4)
    sink.fail("limit", 5_000_000)
    for call in fresh(captured, calls):
        peer.log(0, call)
    peer.flush()
    arrived = _total(sink.counts())
    return {"logged": calls, "unique": arrived.unique, "requests": arrived.requests}


def leave(name: str, sink: SinkClient, projects: int) -> Result:
    """Log a call to each of some projects that hang, and come to the end of the program."""
    peer = _ready(name, [f"pk-hang-{number}" for number in range(projects)], sink)
    sink.fail("hang")
    for number, call in enumerate(fresh(capture(TYPICAL, 1), projects)):
        peer.log(number, call)
    threading.Event().wait(2.0)  # until requests are under way
    return {"logged": projects}


def scale(name: str, sink: SinkClient, projects: int, calls: int) -> Result:
    """Log some calls in turn to some projects that are well; see what that took."""
    captured = capture(TYPICAL, _VARIETY)
    threads = psutil.Process().num_threads()
    peer = make_peer(name, [f"pk-well-{number}" for number in range(projects)], sink.host)
    with peak_rss() as peak, _watched(sink) as most:
        for number, call in enumerate(fresh(captured, calls)):
            peer.log(number % projects, call)
        peer.flush()
    arrived = _total(sink.counts()).unique
    found: Result = {"logged": calls, "unique": arrived, "rss": peak.most}
    return found | {"threads": most["threads"] - threads - 2, "connections": most["connections"]}  # two are watching


def cap(name: str, sink: SinkClient, secs: float) -> Result:
    """Log large calls to a server that hangs until the memory for them is used up, and go on for twice that long."""
    logging.getLogger("router").setLevel(logging.ERROR)  # it warns of a full queue: that is what is measured
    peer = _ready(name, ["pk-hang-0"], sink, {"ROUTER_MAX_QUEUE_BYTES": str(BOUND)})
    calls = large_calls(capture(LARGE, 1)[0], _CAP_CALLS)
    sink.fail("hang")
    rate = _CAP_CALLS / secs
    with peak_rss() as early:
        _log_all(rate, peer, (next(calls) for _ in range(_CAP_CALLS // 3)))
    with peak_rss() as late:
        _log_all(rate, peer, calls)
    sink.release()
    peer.flush()
    dropped = dict(peer.router.stats().dropped) if isinstance(peer, RoutedProjects) else None
    arrived = _total(sink.counts()).unique
    found: Result = {"logged": _CAP_CALLS, "unique": arrived, "dropped": dropped}
    return found | {"early": early.grown, "late": late.most - early.most}


def killed(name: str, sink: SinkClient, spool: str, rate: float, secs: float) -> Result:
    """Log to ten projects through a spool, and print when, in nanoseconds, each call was taken over; until killed."""
    peer = _ready(name, _spooled_keys(), sink, {"ROUTER_SPOOL_DIR": spool})
    captured = capture(TYPICAL, _VARIETY)
    print("ready", flush=True)
    due, idle = time.monotonic(), threading.Event()
    for number in range(round(rate * secs)):
        idle.wait(max(0.0, due - time.monotonic()))
        due += 1 / rate
        peer.log(number % _TEAMS, fresh([captured[number % len(captured)]], 1)[0])
        os.write(1, b"%d\n" % time.monotonic_ns())
    return {}


def restarted(name: str, sink: SinkClient, spool: str) -> Result:
    """Start again beside what a killed process left, and see what has arrived once it is adopted."""
    peer = make_peer(name, _spooled_keys(), sink.host, {"ROUTER_SPOOL_DIR": spool})
    adopted = _wait_until(lambda: sum(1 for _ in Path(spool).iterdir()) <= 1, 60)  # its own folder
    peer.flush()
    arrived = _total(sink.counts())
    again = arrived.spans - arrived.unique
    return {"adopted": adopted, "unique": arrived.unique, "again": again, "differing": arrived.differing}


def _spooled_keys() -> list[str]:
    return [f"pk-hang-{number}" for number in range(_TEAMS)]


def _ready(name: str, keys: list[str], sink: SinkClient, settings: dict[str, str] | None = None) -> ManyProjects:
    """Return a peer all projects of which were reached once."""
    peer = make_peer(name, keys, sink.host, settings)
    for number, call in enumerate(fresh(capture(TYPICAL, 1), len(keys))):
        peer.log(number, call)
    peer.flush()
    sink.counts()
    return peer


def _log_at(rate: float, secs: float, peer: ManyProjects, captured: list[HookArguments]) -> int:
    count = round(rate * secs)
    _log_all(rate, peer, (fresh([captured[number % len(captured)]], 1)[0] for number in range(count)), _TEAMS)
    return count


def _log_all(rate: float, peer: ManyProjects, calls: Iterator[HookArguments], projects: int = 1) -> None:
    idle, due = threading.Event(), time.monotonic()
    for number, call in enumerate(calls):
        idle.wait(max(0.0, due - time.monotonic()))
        due += 1 / rate
        peer.log(number % projects, call)


def _wait_until(holds: Callable[[], bool], secs: float) -> bool:
    deadline, idle = time.monotonic() + secs, threading.Event()
    while not holds():
        if time.monotonic() >= deadline:
            return False
        idle.wait(_LOOK_SECS)
    return True


def _total(counts: dict[str, Arrived]) -> Arrived:
    return sum(counts.values(), Arrived())


@contextmanager
def _watched(sink: SinkClient) -> Iterator[dict[str, int]]:
    """Give the most threads and connections to the sink that this process has within the block."""
    process, done, most = psutil.Process(), threading.Event(), {"threads": 0, "connections": 0}

    def look() -> None:
        found = [at for at in process.net_connections("tcp") if getattr(at.raddr, "port", 0) == sink.port]
        most["threads"] = max(most["threads"], process.num_threads())
        most["connections"] = max(most["connections"], len(found))

    def watch() -> None:
        while not done.wait(_LOOK_SECS):
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        look()
        done.set()
        thread.join()


_KINDS: dict[str, Callable[..., Result]] = {
    kind.__name__: kind for kind in (outage, one_hangs, too_large, leave, scale, cap, killed, restarted)
}


def _main(what: str, name: str, port: str, options: str) -> None:
    result = _KINDS[what](name, SinkClient(int(port)), **json.loads(options))
    print(json.dumps(result), flush=True)
    if what != "leave":
        os._exit(0)  # only there it matters how long a peer takes to end


if __name__ == "__main__":
    _main(*sys.argv[1:])
