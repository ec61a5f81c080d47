"""A `DropResult` for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping

from router.cli.console import Console, stderr, stdout
from router.cli.spool.drop import Counted, DropResult, Key
from router.cli.words import count
from router.config.frames import clean


def print_counts(found: Counted) -> None:
    """Print on stderr what a question is about."""
    _print_counts(stderr(), found.calls, found.damaged)


def print_human(result: DropResult) -> None:
    """Print what was deleted, and what could not be."""
    console = stdout()
    _print_counts(console, result.dropped, result.damaged)
    tell_left_out(console, result.busy, result.unreadable or {})
    console.print(f"{count(result.total, 'call')} deleted")


def print_json(result: DropResult) -> None:
    """Print the whole result, schema router.spool.drop/v1."""
    dropped = [
        {"project": project, "state": state, "reason": reason, "calls": number}
        for (project, state, reason), number in result.dropped.items()
    ]
    stdout().print_json(
        {
            "schema": "router.spool.drop/v1",
            "dropped": dropped,
            "damaged": result.damaged,
            "busy": list(result.busy),
            "unreadable": dict(result.unreadable or {}),
            "summary": {"dropped": result.total, "exit_code": int(result.exit_code)},
        }
    )


def tell_left_out(console: Console, busy: tuple[str, ...], unreadable: Mapping[str, str]) -> None:
    """Name the files that were left alone."""
    for name in busy:
        console.print(f"{console.paint('warning', 'in use')} {clean(name)}: another command is at work with it")
    for name, why in unreadable.items():
        console.print(f"{console.paint('error', 'left alone')} {clean(name)}: {why}")


def _print_counts(console: Console, found: Mapping[Key, int], damaged: int) -> None:
    for (project, state, reason), number in sorted(found.items()):
        console.print(f"  {clean(project)}  {state}{clean(f' ({reason})') if reason else ''}  {count(number, 'call')}")
    if damaged:
        console.print(f"  {count(damaged, 'damaged place')}")
