"""What is lost, and how old it was, when a process with a spool is killed under load and another one starts."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import threading
import time

from bench.fault_peers import ROUTER
from bench.faults import PIPED, Result, child_command
from bench.measure import Effort
from bench.receiver import running_sink
from bench.report import Progress, Table, Target

_KILLS = 10
_KILL_RATE = 200.0
_LAST_MS = 50


def measure_kill(effort: Effort, progress: Progress) -> list[Table]:
    """Kill our process again and again, and let another one adopt what it left; the peers keep nothing on disk."""
    rounds = 2 if effort.secs < 60 else _KILLS
    chance = random.Random(5)
    found = []
    for number in range(rounds):
        progress(f"kill: a process with a spool is killed, {number + 1} of {rounds}")
        found.append(_kill(chance.uniform(0.2, 2.0), is_down=bool(number % 2)))
    latest = max((one["ms"] for one in found if one["lost"]), default=0.0)
    altered = sum(one["differing"] for one in found)
    table = Table(
        title=f"kill: SIGKILL under {_KILL_RATE:.0f} calls a second with ROUTER_SPOOL_DIR, then a new process",
        columns=("Langfuse", "logged", "delivered", "sent again", "of these altered", "lost", "ms before the end"),
        rows=tuple(
            (one["state"], one["logged"], one["unique"], one["again"], one["differing"], one["lost"], one["ms"])
            for one in found
        ),
        targets=(
            Target(f"what is lost is of the last {_LAST_MS} ms", f"{latest:.1f} ms", latest <= _LAST_MS),
            Target("what is sent again is identical", f"{altered} altered", not altered),
        ),
    )
    return [table]


def _kill(secs: float, *, is_down: bool) -> Result:
    """Kill a process after some seconds, let another one adopt, and tell how old the oldest call is that is missing."""
    with running_sink() as sink, tempfile.TemporaryDirectory() as spool:
        options = {"spool": spool, "rate": _KILL_RATE, "secs": secs + 60}
        with subprocess.Popen(child_command("killed", ROUTER, sink.port, **options), **PIPED) as child:
            if not (child.stdout and child.stdout.readline() == "ready\n"):
                raise RuntimeError("the process that was to be killed did not start")
            if is_down:
                sink.fail("503")
            threading.Event().wait(secs)
            end = time.monotonic_ns()
            child.kill()
            taken = [int(line) for line in child.communicate()[0].splitlines()]
        sink.release()
        again = subprocess.run(child_command("restarted", ROUTER, sink.port, spool=spool), check=True, **PIPED)
    result: Result = json.loads(again.stdout.splitlines()[-1])
    if not result["adopted"]:
        raise RuntimeError("what the killed process left was not adopted")
    lost = len(taken) - result["unique"]  # the last ones: calls are encoded in the order in which they came
    ms = (end - taken[-lost]) / 1e6 if lost > 0 else 0.0
    return result | {"state": "503" if is_down else "well", "logged": len(taken), "lost": lost, "ms": ms}
