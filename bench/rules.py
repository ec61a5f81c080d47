"""What deciding about a call costs as the rules grow, beside a plain scan and other engines; and loading the rules."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

from bench.engines import Engine, Find, Teams, installed
from bench.generated import write_platform
from bench.measure import Effort, frozen_heap
from bench.report import Progress, Table, Target
from router.config import load_config, load_text
from router.config.loaded import LoadedConfig
from router.routing.record import CallRecord
from router.routing.requested import requested_from_metadata
from router.routing.table import RoutingTable

SIZES = (1, 10, 1_000, 10_000)
TARGETS_US = {1: 1.0, 1_000: 2.0, 10_000: 3.0}
"""Most that a whole `resolve` may take, by number of rules."""
TARGET_COMPILE_SECS = 2.0
TARGET_PLATFORM_SECS = 2.0

_TURNS_PER_ROUND = 3
_BATCH_SECS = 0.003
_TOO_LONG_SECS = 5.0
"""An engine that would take longer to compile, or for one call, is left out at that size."""
_RESOLVE = "router: resolve, facts seen before"
_MISSING = (
    "Not installed, so not measured: {}. `make bench` installs them; by hand: "
    "`.venv/bin/pip install --require-hashes -r requirements/bench.txt`."
)
_NOTES = """\
Each rule has one or two exact teams, and the call is of the last rule's team. `resolve` returns the whole plan (route,
masks, trace, ids, reasons); `decide` and the others find the rule, and no more. What the rules read of a call is
remembered: `never seen` is the same with a memory that keeps nothing. `wishes` is a call with user, session, tags and
metadata, which get a plan of its own."""


class _Forgetful(dict[Any, Any]):
    """A memory that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


@dataclass(slots=True)
class Runner:
    """One line of the table: how to get ready for a number of rules, and how long that took for the last number."""

    name: str
    compile: Callable[[int], Find]
    find: Find | None = None
    secs: float = 0.0
    size: int = 1

    def get_ready(self, size: int) -> str:
        """Compile for that many rules and find one; return why not, when that would take too long."""
        expected = self.secs * size / self.size
        if expected > _TOO_LONG_SECS:
            self.find = None
            return f"{self.name} at {size:,} rules (compiling and finding one would take {expected:.0f} s)"
        started = time.perf_counter()
        self.find = self.compile(size)
        self.find()
        self.secs, self.size = time.perf_counter() - started, size
        return ""


def measure_rules(effort: Effort, progress: Progress) -> list[Table]:
    """Measure resolving with all engines in turn, then loading, then a whole platform."""
    sizes = sorted({size for size in SIZES if size < effort.rules} | {effort.rules})
    return [_resolving(sizes, effort, progress), _compiling(sizes[-2:], effort, progress), _platform(effort, progress)]


# -- resolving ---------------------------------------------------------------------------------------------


def _resolving(sizes: Sequence[int], effort: Effort, progress: Progress) -> Table:
    turns = effort.rounds * _TURNS_PER_ROUND
    engines, missing = installed()
    runners = [*_ours(), *(Runner(engine.name, partial(_theirs, engine, module)) for engine, module in engines)]
    found: dict[str, dict[int, float]] = {runner.name: {} for runner in runners}
    left_out: list[str] = []
    for size in sizes:
        progress(f"rules: {size}")
        left_out += [reason for runner in runners if (reason := runner.get_ready(size))]
        for name, microseconds in _in_turn(runners, turns, progress):
            found[name][size] = microseconds
    notes = [_NOTES]
    if left_out:
        notes.append(f"Left out: {'; '.join(left_out)}.")
    if missing:
        notes.append(_MISSING.format(", ".join(missing)))
    last = sizes[-1]
    return Table(
        title=f"rules: finding the last rule, CPU time, median of {turns} turns",
        columns=("who", *(f"{size:,} rules µs" for size in sizes), f"× of resolve at {last:,}"),
        rows=tuple(
            (name, *(times.get(size) for size in sizes), _ratio(times.get(last), found[_RESOLVE][last]))
            for name, times in found.items()
        ),
        targets=tuple(_target(size, found[_RESOLVE][size]) for size in sizes if size in TARGETS_US),
        notes=tuple(notes),
    )


def _in_turn(runners: Sequence[Runner], turns: int, progress: Progress) -> Iterator[tuple[str, float]]:
    """Yield the median of every runner that is ready, in microseconds, after each has had its turns."""
    ready = [(runner.name, find, _batch(find)) for runner in runners if (find := runner.find) is not None]
    times: dict[str, list[float]] = {name: [] for name, _, _ in ready}
    with frozen_heap():
        for number in range(turns):
            progress(f"rules: turn {number + 1} of {turns}")
            for name, find, times_each in ready:
                times[name].append(_time(find, times_each) / times_each * 1e6)
    yield from ((name, median(taken)) for name, taken in times.items())


def _batch(find: Find) -> int:
    """Return how many times in a row are long enough for the clock."""
    number = 1
    while number < 100_000 and _time(find, number) < _BATCH_SECS:
        number *= 2
    return number


def _time(find: Find, number: int) -> float:
    """Return the CPU seconds, of all threads, of that many calls: what else the machine does is not counted."""
    started = time.process_time()
    for _ in repeat(None, number):
        find()
    return time.process_time() - started


def _ours() -> list[Runner]:
    return [
        Runner(_RESOLVE, lambda size: partial(_table(size).resolve, _call(size))),
        Runner("router: resolve, never seen", lambda size: partial(_forgetful(size).resolve, _call(size))),
        Runner("router: resolve, wishes", lambda size: partial(_table(size).resolve, _asking(size))),
        Runner("router: decide, facts seen before", lambda size: partial(_table(size).decide, _call(size))),
        Runner("router: decide, never seen", lambda size: partial(_forgetful(size).decide, _call(size))),
    ]


def _theirs(engine: Engine, module: Any, size: int) -> Find:
    """Compile the rules for another engine.

    Raises:
        RuntimeError: it finds another rule.
    """
    find = engine.compile(module, _teams(size), _last_team(size))
    if find() != size - 1:
        raise RuntimeError(f"{engine.name} found another rule")
    return find


@lru_cache(maxsize=1)
def _table(size: int) -> RoutingTable:
    return RoutingTable.compile(_loaded(size))


def _forgetful(size: int) -> RoutingTable:
    return replace(_table(size), seen=_Forgetful(), plans=_Forgetful())


def _call(size: int) -> CallRecord:
    return CallRecord(call_id="call", team=_last_team(size), key_alias="key", model="gpt-4o", provider="openai")


def _asking(size: int) -> CallRecord:
    asked = {"trace_name": "answer", "session_id": "session-4", "feature": "helpdesk"}
    return replace(
        _call(size),
        user="user-17",
        session_id="session-4",
        tags=("prod",),
        metadata=asked,
        requested=requested_from_metadata(asked),
    )


def _target(size: int, microseconds: float) -> Target:
    most = TARGETS_US[size]
    rules = f"{size:,} rule{'s' * (size > 1)}"
    return Target(f"resolve ≤ {most:g} µs at {rules}", f"{microseconds:.2f} µs", microseconds <= most)


def _ratio(value: float | None, of: float) -> float | None:
    return None if value is None else value / of


# -- compiling ---------------------------------------------------------------------------------------------


def _compiling(sizes: Sequence[int], effort: Effort, progress: Progress) -> Table:
    rows: list[tuple[str, float, float, float, float]] = []
    for size in sizes:
        text = routing_yaml(size)
        load, compiling = [], []
        for _ in range(effort.rounds):
            progress(f"rules: compiling {size}")
            started = time.process_time()
            loaded = load_text(text)
            between = time.process_time()
            RoutingTable.compile(loaded)
            load.append(between - started)
            compiling.append(time.process_time() - between)
        whole = [first + second for first, second in zip(load, compiling, strict=True)]
        rows.append((f"{size:,}", len(text) / 1000, median(load), median(compiling), median(whole)))
    whole_secs = rows[-1][-1]
    target = f"text to table at {sizes[-1]:,} rules ≤ {TARGET_COMPILE_SECS:g} s"
    return Table(
        title=f"rules: from the text of a routing.yaml to a table, {effort.rounds} rounds",
        columns=("rules", "kB", "load and check, CPU s", "compile, CPU s", "whole, CPU s"),
        rows=tuple(rows),
        targets=(Target(target, f"{whole_secs:.2f} s", whole_secs <= TARGET_COMPILE_SECS),),
    )


# -- a platform --------------------------------------------------------------------------------------------


def _platform(effort: Effort, progress: Progress) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        platform = write_platform(Path(folder), teams=max(1, effort.rules // 10))
        times = []
        for _ in range(effort.rounds):
            progress("rules: a platform")
            times.append(_time_platform(platform.path, platform.environ))
    load, compiling, check = (median(column) for column in zip(*times, strict=True))
    whole = load + compiling
    return Table(
        title=f"rules: a platform of {platform.words}, {effort.rounds} rounds",
        columns=("load, CPU s", "compile, CPU s", "whole, CPU s", "check, CPU s"),
        rows=((load, compiling, whole, check),),
        targets=(
            Target(
                f"the platform loads in < {TARGET_PLATFORM_SECS:g} s", f"{whole:.2f} s", whole < TARGET_PLATFORM_SECS
            ),
        ),
        notes=(
            "`load` is with the credentials of all projects; `check` is `router check --no-env` once it has started.",
        ),
    )


def _time_platform(path: Path, environ: Mapping[str, str]) -> tuple[float, float, float]:
    started = time.process_time()
    loaded = load_config(path, environ=environ)
    loaded_at = time.process_time()
    RoutingTable.compile(loaded)
    compiled_at = time.process_time()
    load_config(path, environ=None)
    return loaded_at - started, compiled_at - loaded_at, time.process_time() - compiled_at


# -- the rules ---------------------------------------------------------------------------------------------


def _teams(size: int) -> list[Teams]:
    return [(f"team-{n}",) if n % 2 else (f"team-{n}", f"old-{n}") for n in range(size)]


def _last_team(size: int) -> str:
    return f"team-{size - 1}"


def _loaded(size: int) -> LoadedConfig:
    return load_text(routing_yaml(size))


def routing_yaml(size: int) -> str:
    """Return a routing.yaml with that many rules, and the one that every file ends with."""
    rules = "\n".join(
        f"  - {{ id: rule-{number}, match: {{ team: [{', '.join(teams)}] }}, route: bench }}"
        if len(teams) > 1
        else f"  - {{ id: rule-{number}, match: {{ team: {teams[0]} }}, route: bench }}"
        for number, teams in enumerate(_teams(size))
    )
    return f"version: 1\nprojects: {{ bench: {{ env: BENCH }} }}\nrules:\n{rules}\n  - {{ id: rest, route: drop }}\n"
