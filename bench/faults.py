"""What arrives, and what it costs, while Langfuse fails: LiteLLM's callback, the OpenTelemetry SDK, and ours."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from bench.fault_peers import PEERS, ROUTER
from bench.measure import Effort
from bench.memory import BOUND
from bench.receiver import running_sink
from bench.report import Progress, Table, Target

_MB = 1e6
_RATE = 100.0
_HANG_SECS = 10.0
"""How long the calls last of which one tenth goes to a project that hangs; a tenth of it in a quick run."""
_SLOW_TO_LEAVE = 3
"""Hanging projects of the peers that wait for one after the other."""
_LEAVE_LIMIT_SECS = (10.0, 150.0)
_LEAVE_PER_SEC = 6.0
_MOST_RSS_MB = 25.0
_FLAT_MB = 8.0
_LARGE_PER_CALL = 1.25
"""Large calls against the limit, for each call of a round: 300 of 240."""

Result = dict[str, Any]


def measure_faults(effort: Effort, progress: Progress) -> list[Table]:
    """Let Langfuse fail in every way that it does, for each peer in a process of its own."""
    return [measure(effort, progress) for measure in FAULTS.values()]


def _outage(kind: str, words: str, effort: Effort, progress: Progress) -> Table:
    peers = _peers(effort)
    progress(f"faults: all peers at once, Langfuse {words} for {effort.secs:g} s")
    with ThreadPoolExecutor() as pool:  # side by side: what is told is what arrives, not how long it takes
        results = list(pool.map(lambda name: _run("outage", name, kind=kind, secs=effort.secs, rate=_RATE), peers))
    ours = results[-1]
    return Table(
        title=f"faults: Langfuse {words} for {effort.secs:g} s, 10 projects, {_RATE:.0f} calls a second all along",
        columns=("peer", "logged", "delivered", "%", "sent again", "of these altered"),
        rows=tuple(
            (name, found["logged"], found["unique"], _percent(found), found["again"], found["differing"])
            for name, found in zip(peers, results, strict=True)
        ),
        targets=(
            Target("everything arrives", f"{_percent(ours):.1f} %", ours["unique"] == ours["logged"]),
            Target("what is sent again is identical", f"{ours['differing']} altered", not ours["differing"]),
        ),
    )


def _one_hangs(effort: Effort, progress: Progress) -> Table:
    peers = _peers(effort)
    secs = min(_HANG_SECS, effort.secs)
    results = [_tell(progress, "one_hangs", name, secs=secs, rate=_RATE) for name in peers]
    ours = results[-1]
    met = ours["secs"] is not None and ours["secs"] <= 5
    return Table(
        title=f"faults: 1 of 10 projects hangs, {_RATE:.0f} calls a second for {secs:g} s; the calls of the other 9",
        columns=("peer", "logged", "delivered", "complete after s"),
        rows=tuple(
            (name, found["logged"], found["unique"], found["secs"]) for name, found in zip(peers, results, strict=True)
        ),
        targets=(Target("everything of the others arrives within 5 s", _seconds(ours["secs"]), met),),
    )


def _too_large(effort: Effort, progress: Progress) -> Table:
    peers = _peers(effort)
    calls = max(1, round(effort.calls * _LARGE_PER_CALL))
    results = [_tell(progress, "too_large", name, calls=calls) for name in peers]
    ours = results[-1]
    return Table(
        title=f"faults: {calls} large calls at once to a server that takes 5 MB in a request",
        columns=("peer", "logged", "delivered", "requests taken"),
        rows=tuple(
            (name, found["logged"], found["unique"], found["requests"])
            for name, found in zip(peers, results, strict=True)
        ),
        targets=(Target("everything arrives", f"{ours['unique']} of {calls}", ours["unique"] == calls),),
    )


def _leave(effort: Effort, progress: Progress) -> Table:
    peers = _peers(effort)
    rows = []
    limit = min(max(_LEAVE_LIMIT_SECS[0], _LEAVE_PER_SEC * effort.secs), _LEAVE_LIMIT_SECS[1])
    for name in peers:
        projects = effort.projects if name == ROUTER else min(_SLOW_TO_LEAVE, effort.projects)
        progress(f"faults: {name} ends while {projects} projects hang")
        with running_sink() as sink:
            rows.append((name, projects, _secs_to_leave(name, sink.port, projects, limit)))
    ours = rows[-1][2]
    return Table(
        title="faults: a program comes to its end while all projects hang, a call for each waiting",
        columns=("peer", "projects", "ended after s"),
        rows=tuple(rows),
        targets=(
            Target(f"the end takes 5 s with {effort.projects:,} projects", _seconds(ours), bool(ours and ours <= 5)),
        ),
        notes=(f"No number: it was ended by force after {limit:.0f} s.",),
    )


def _secs_to_leave(name: str, port: int, projects: int, limit: float) -> float | None:
    with subprocess.Popen(child_command("leave", name, port, projects=projects), **PIPED) as child:
        if not (child.stdout and child.stdout.readline()):
            raise RuntimeError(f"{name} did not come to its end")
        started = time.monotonic()
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            child.kill()
            return None
        return time.monotonic() - started


def _scale(effort: Effort, progress: Progress) -> Table:
    peers = _peers(effort)
    calls = effort.projects * 2
    rows, ours = [], {}
    for name in peers:
        one = _tell(progress, "scale", name, projects=1, calls=calls)
        many = _tell(progress, "scale", name, projects=effort.projects, calls=calls)
        ours = many | {"added": (many["rss"] - one["rss"]) / _MB}
        rows.append((name, calls, many["unique"], many["threads"], many["connections"], ours["added"]))
    return Table(
        title=f"faults: {effort.projects:,} projects that are well, {calls:,} calls in turn",
        columns=("peer", "logged", "delivered", "threads", "connections", "RSS MB more than 1 project"),
        rows=tuple(rows),
        targets=(
            Target("everything arrives", f"{ours['unique']} of {calls}", ours["unique"] == calls),
            Target("no more than 4 threads", str(ours["threads"]), ours["threads"] <= 4),
            Target("no more than 32 connections", str(ours["connections"]), ours["connections"] <= 32),
            Target(f"no more than {_MOST_RSS_MB:.0f} MB", f"{ours['added']:.0f} MB", ours["added"] <= _MOST_RSS_MB),
        ),
    )


def _cap(effort: Effort, progress: Progress) -> Table:
    peers = _peers(effort)
    results = [_tell(progress, "cap", name, secs=effort.secs) for name in peers]
    ours = results[-1]
    counted = ours["logged"] - ours["unique"] == sum(ours["dropped"].values())
    late = ours["late"] / _MB
    return Table(
        title=(
            f"faults: {ours['logged']:,} large calls within {effort.secs:g} s to a server that hangs; "
            f"ROUTER_MAX_QUEUE_BYTES={BOUND // 1_000_000} MB"
        ),
        columns=("peer", "logged", "delivered", "RSS MB more after a third", "and from there to the end", "dropped"),
        rows=tuple(
            (name, found["logged"], found["unique"], found["early"] / _MB, found["late"] / _MB, _reasons(found))
            for name, found in zip(peers, results, strict=True)
        ),
        targets=(
            Target("RSS is flat once the queue is full", f"{late:+.1f} MB", late <= _FLAT_MB),
            Target(
                "what is dropped is counted as queue_full",
                _reasons(ours),
                counted and {*ours["dropped"]} <= {"queue_full"},
            ),
        ),
    )


def _peers(effort: Effort) -> tuple[str, ...]:
    return (ROUTER,) if effort.alone else PEERS


def _reasons(found: Result) -> str:
    if found["dropped"] is None:
        return "not counted"
    return ", ".join(f"{reason} {number:,}" for reason, number in found["dropped"].items()) or "nothing"


def _percent(found: Result) -> float:
    return 100.0 * int(found["unique"]) / max(1, int(found["logged"]))


def _seconds(secs: float | None) -> str:
    return "never" if secs is None else f"{secs:.1f} s"


def _tell(progress: Progress, what: str, name: str, **options: Any) -> Result:
    progress(f"faults: {what.replace('_', ' ')}, {name}")
    return _run(what, name, **options)


def _run(what: str, name: str, **options: Any) -> Result:
    """Run one peer in a process of its own, against a sink of its own."""
    with running_sink() as sink:
        child = subprocess.run(child_command(what, name, sink.port, **options), check=True, **PIPED)
    found: Result = json.loads(child.stdout.splitlines()[-1])
    return found


FAULTS: Mapping[str, Callable[[Effort, Progress], Table]] = {
    "503": partial(_outage, "503", "answers 503"),
    "reset": partial(_outage, "reset", "cuts connections"),
    "one hangs": _one_hangs,
    "too large": _too_large,
    "leave": _leave,
    "scale": _scale,
    "cap": _cap,
}

PIPED: dict[str, Any] = {
    "cwd": Path(__file__).parent.parent,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.DEVNULL,
    "text": True,
}


def child_command(what: str, name: str, port: int, **options: Any) -> Sequence[str]:
    return [sys.executable, "-m", "bench.faulty", what, name, str(port), json.dumps(options)]
