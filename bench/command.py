"""The command line of the benchmarks: which, how much, and where the numbers go."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.measure import Effort
from bench.report import Progress, Table, head, head_line

SCHEMA = "router.bench/v1"
QUICK = Effort(rounds=2, calls=60, secs=5.0, projects=50)

Benchmark = Callable[[Effort, Progress], list[Table]]


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return 0, because a missed target fails nothing, but 1 where `parity` finds something."""
    if arguments[:1] == ["parity"]:
        from bench import parity

        return parity.main(arguments[1:])
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.which if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    effort = QUICK if options.quick else Effort()
    effort = Effort(
        rounds=options.rounds or effort.rounds,
        calls=options.calls or effort.calls,
        rules=options.rules or effort.rules,
        secs=options.secs or effort.secs,
        projects=options.projects or effort.projects,
        alone=options.alone,
        longest_kb=options.longest_kb or effort.longest_kb,
    )
    found = head()
    print(head_line(found), flush=True)
    progress = Progress()
    results: dict[str, list[Table]] = {}
    for name in options.which or EVERYDAY:
        results[name] = BENCHMARKS[name](effort, progress)
        for table in results[name]:
            print(f"\n{table}", flush=True)
    if options.json:
        content = {
            "schema": SCHEMA,
            "head": found,
            "results": {name: [table.to_json() for table in tables] for name, tables in results.items()},
        }
        Path(options.json).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _hook(effort: Effort, progress: Progress) -> list[Table]:
    from bench.hook import measure_hook

    return measure_hook(effort, progress)


def _hang(effort: Effort, progress: Progress) -> list[Table]:
    from bench.hang import measure_hang

    return measure_hang(effort, progress)


def _memory(effort: Effort, progress: Progress) -> list[Table]:
    from bench.memory import measure_memory

    return measure_memory(effort, progress)


def _start(effort: Effort, progress: Progress) -> list[Table]:
    from bench.start import measure_start

    return measure_start(effort, progress)


def _rules(effort: Effort, progress: Progress) -> list[Table]:
    from bench.rules import measure_rules

    return measure_rules(effort, progress)


def _mask(effort: Effort, progress: Progress) -> list[Table]:
    from bench.mask import measure_mask

    return measure_mask(effort, progress)


def _faults(effort: Effort, progress: Progress) -> list[Table]:
    from bench.faults import measure_faults

    return measure_faults(effort, progress)


def _kill(effort: Effort, progress: Progress) -> list[Table]:
    from bench.kill import measure_kill

    return measure_kill(effort, progress)


def _sigterm(effort: Effort, progress: Progress) -> list[Table]:
    from bench.sigterm import measure_sigterm

    return measure_sigterm(effort, progress)


EVERYDAY: dict[str, Benchmark] = {
    "hook": _hook,
    "hang": _hang,
    "memory": _memory,
    "start": _start,
    "rules": _rules,
    "mask": _mask,
}
BENCHMARKS: dict[str, Benchmark] = {**EVERYDAY, "faults": _faults, "sigterm": _sigterm, "kill": _kill}
"""Those that break Langfuse take minutes, and run only when they are named."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure us beside what people use today; `parity` compares instead what is sent.",
    )
    others = "default: all but faults, sigterm and kill"
    parser.add_argument("which", nargs="*", metavar="|".join(BENCHMARKS), help=others)
    parser.add_argument("--quick", action="store_true", help="few rounds: an impression, in a quarter of the time")
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of each peer")
    parser.add_argument("--calls", type=int, metavar="N", help="calls in one turn")
    parser.add_argument("--rules", type=int, metavar="N", help="rules of the largest file")
    parser.add_argument("--secs", type=float, metavar="N", help="how long faults last")
    parser.add_argument("--projects", type=int, metavar="N", help="projects that hang, and that a process bears")
    parser.add_argument("--longest-kb", type=int, metavar="N", help="size of the longest text that is masked")
    parser.add_argument("--alone", action="store_true", help="leave the peers of faults out")
    parser.add_argument("--json", metavar="FILE", help="write the unrounded numbers there")
    return parser
