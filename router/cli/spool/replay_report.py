"""A `ReplayResult` for people and for programs."""

from __future__ import annotations

from router.cli.console import stdout
from router.cli.spool.drop_report import tell_left_out
from router.cli.spool.replay import ReplayResult
from router.cli.words import count
from router.config.frames import clean


def print_human(result: ReplayResult) -> None:
    """Print what became of the calls of each project, and a line that accounts for all."""
    console = stdout()
    for (project, to), number in sorted(result.replayed.delivered.items()):
        console.print(f"{console.paint('good', '✔')} {_way(project, to)}  {count(number, 'call')} delivered")
    for (project, to, cause), number in sorted(result.replayed.stayed.items()):
        console.print(
            f"{console.paint('error', '✘')} {_way(project, to)}  {count(number, 'call')} stayed: {clean(cause)}"
        )
    tell_left_out(console, result.busy, result.unreadable)
    total = result.delivered + result.stayed
    console.print(f"{count(total, 'call')}: {result.delivered} delivered, {result.stayed} stayed")


def print_json(result: ReplayResult) -> None:
    """Print the whole result, schema router.spool.replay/v1."""
    delivered = [
        {"project": project, "to": to, "calls": number} for (project, to), number in result.replayed.delivered.items()
    ]
    stayed = [
        {"project": project, "to": to or None, "cause": cause, "calls": number}
        for (project, to, cause), number in result.replayed.stayed.items()
    ]
    stdout().print_json(
        {
            "schema": "router.spool.replay/v1",
            "delivered": delivered,
            "stayed": stayed,
            "busy": list(result.busy),
            "unreadable": dict(result.unreadable),
            "summary": {
                "delivered": result.delivered,
                "stayed": result.stayed,
                "exit_code": int(result.exit_code),
            },
        }
    )


def _way(project: str, to: str) -> str:
    return clean(project if to in ("", project) else f"{project} → {to}")
