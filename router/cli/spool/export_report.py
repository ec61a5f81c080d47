"""An `ExportResult` for people and for programs."""

from __future__ import annotations

from router.cli.console import stdout
from router.cli.spool.drop_report import tell_left_out
from router.cli.spool.export import ExportResult
from router.cli.words import count
from router.config.frames import clean


def print_human(result: ExportResult) -> None:
    """Print how many calls were written."""
    console = stdout()
    tell_left_out(console, (), result.unreadable)
    console.print(f"{count(result.calls, 'call')} written to {clean(result.path)}")


def print_json(result: ExportResult) -> None:
    """Print the whole result, schema router.spool.export/v1."""
    stdout().print_json(
        {
            "schema": "router.spool.export/v1",
            "file": result.path,
            "unreadable": dict(result.unreadable),
            "summary": {"exported": result.calls, "exit_code": int(result.exit_code)},
        }
    )
