"""How long it takes until the package is imported, and until `router check` has checked a file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import Effort
from bench.report import Progress, Table, Target

TARGET_SECS = 0.3
HEAVY = ("aiohttp", "langfuse", "litellm", "opentelemetry")
_CHECKOUT = Path(__file__).parent.parent
_RUNS_PER_ROUND = 3
_CHECK = ("check", "examples/quickstart/routing.yaml", "--no-env")
_REPORT = f"import sys; print(*(name for name in {HEAVY} if name in sys.modules))"


@dataclass(frozen=True, slots=True)
class Start:
    """A program to start: the arguments of Python, and the same with a report of what is loaded at its end."""

    name: str
    arguments: tuple[str, ...]
    reporting: tuple[str, ...]
    targeted: bool = True


STARTS = (
    Start("python -c pass", ("-c", "pass"), ("-c", _REPORT), targeted=False),
    Start("import router", ("-c", "import router"), ("-c", f"import router; {_REPORT}")),
    Start(
        f"router {' '.join(_CHECK)}",
        ("-m", "router", *_CHECK),
        (
            "-c",
            f"import atexit; atexit.register(lambda: exec({_REPORT!r})); from router.cli import main; main()",
            *_CHECK,
        ),
    ),
    Start(
        "from router import Router",
        ("-c", "from router import Router"),
        ("-c", f"from router import Router; {_REPORT}"),
        targeted=False,
    ),
    Start("import langfuse", ("-c", "import langfuse"), ("-c", f"import langfuse; {_REPORT}"), targeted=False),
)


def measure_start(effort: Effort, progress: Progress) -> list[Table]:
    """Start each program some times in turn, and once to see what it loads."""
    runs = effort.rounds * _RUNS_PER_ROUND
    times: dict[str, list[float]] = {start.name: [] for start in STARTS}
    loaded = {start.name: _run(start.reporting)[1].split()[-len(HEAVY) :] for start in STARTS}
    for number in range(runs):
        progress(f"start: run {number + 1} of {runs}")
        for start in STARTS:
            times[start.name].append(_run(start.arguments)[0])
    return [
        Table(
            title=f"start: wall time of a fresh interpreter, {runs} runs",
            columns=("program", "median s", "best s", f"loads, of {', '.join(HEAVY)}"),
            rows=tuple(_row(start.name, times[start.name], loaded[start.name]) for start in STARTS),
            targets=tuple(
                _target(start.name, times[start.name], loaded[start.name]) for start in STARTS if start.targeted
            ),
        )
    ]


def _row(name: str, times: Sequence[float], loaded: Sequence[str]) -> tuple[Any, ...]:
    return name, median(times), min(times), ", ".join(name for name in loaded if name in HEAVY) or "none"


def _target(name: str, times: Sequence[float], loaded: Sequence[str]) -> Target:
    found = [package for package in loaded if package in HEAVY]
    text = f"{median(times):.2f} s, " + (f"loads {', '.join(found)}" if found else "loads none of them")
    return Target(f"{name} < {TARGET_SECS} s", text, median(times) < TARGET_SECS and not found)


def _run(arguments: Sequence[str]) -> tuple[float, str]:
    """Run Python in the checkout; return how long it took, in seconds, and what it printed.

    Raises:
        RuntimeError: it failed; says how.
    """
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=_CHECKOUT, check=False, timeout=120
    )
    taken = time.perf_counter() - started
    if run.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {run.returncode}:\n{run.stderr or run.stdout}")
    return taken, run.stdout
