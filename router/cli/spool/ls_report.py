"""An `LsResult` for people and for programs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from router.cli.console import Console, stdout
from router.cli.spool.ls import LsResult, Row
from router.cli.spool.selection import ALL
from router.cli.words import age, count, size, width_of
from router.config.frames import clean
from router.delivery.spool.survey import State

_TITLES: Mapping[State, str] = {
    "dead": "dead letters: refused for good, dropped from the account",
    "waiting": "waiting: a process that runs sends them",
    "orphaned": "orphaned: the next process sends what its file has a project for",
}


def print_human(result: LsResult) -> None:
    """Print the rows of each state, and a line that sums up."""
    console = stdout()
    for state in ALL:
        rows = [row for row in result.rows if row.state == state]
        if rows:
            console.print(console.paint("title", _TITLES[state]))
            _print_rows(console, rows)
    for name, why in result.unreadable.items():
        console.print(f"{console.paint('error', 'unreadable')} {clean(name)}: {why}")
    total = sum(row.calls for row in result.rows)
    parts = " · ".join(f"{result.calls(state)} {state}" for state in ALL)
    console.print(f"{count(total, 'call')}: {parts}")


def _print_rows(console: Console, rows: list[Row]) -> None:
    projects = width_of([row.project for row in rows])
    places = width_of([_place(row) for row in rows])
    numbers = [count(row.calls, "call") for row in rows]
    sizes = [size(row.bytes) for row in rows]
    for row, number, bytes_ in zip(rows, numbers, sizes, strict=True):
        line = (
            f"  {clean(row.project):<{projects}}  {clean(_place(row)):<{places}}  {number:>{width_of(numbers)}}"
            f"  {bytes_:>{width_of(sizes)}}  oldest {age(time.time() - row.oldest / 1e9) if row.oldest else '–'}"
        )
        damaged = console.paint("error", f"  damaged: {row.damaged}") if row.damaged else ""
        console.print(line + damaged)


def _place(row: Row) -> str:
    if row.state == "dead":
        return f"{row.reason} ({row.cause})" if row.cause else row.reason
    if row.folder == "orphans":
        return "project in no file"
    return f"folder {row.folder}"


def print_json(result: LsResult) -> None:
    """Print the whole result, schema router.spool.ls/v1."""
    stdout().print_json(
        {
            "schema": "router.spool.ls/v1",
            "rows": [dataclasses.asdict(row) for row in result.rows],
            "unreadable": dict(result.unreadable),
            "summary": _summary(result),
        }
    )


def _summary(result: LsResult) -> dict[str, Any]:
    return {**{state: result.calls(state) for state in ALL}, "exit_code": int(result.exit_code)}
