"""`router spool ls`: what lies in the spool, by state, folder, project and reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from router.cli.commands import format_option
from router.cli.exits import ExitCode
from router.cli.progress import Progress
from router.cli.spool.selection import folder_option, open_survey
from router.cli.words import count
from router.delivery.spool.survey import State, Survey


@dataclass(slots=True)
class Row:
    """Calls that have everything in common: whose, where, in which state, and why.

    Attributes:
        folder: of a process, named by its process id, or `dead` or `orphans`.
        bytes: of their spans. `oldest`: in nanoseconds since 1970.
        damaged: places in their files that cannot be read.
    """

    state: State
    folder: str
    project: str
    reason: str = ""
    cause: str = ""
    calls: int = 0
    bytes: int = 0
    oldest: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class LsResult:
    """The rows, dead letters first, and the files that cannot be read."""

    rows: tuple[Row, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def calls(self, state: State) -> int:
        return sum(row.calls for row in self.rows if row.state == state)

    @property
    def exit_code(self) -> ExitCode:
        damaged = self.unreadable or any(row.damaged for row in self.rows)
        return ExitCode.FINDINGS if damaged else ExitCode.CLEAN


def list_spool(survey: Survey) -> LsResult:
    """Count what lies there."""
    rows: dict[tuple[str, ...], Row] = {}
    progress = Progress()
    number = 0
    for file in survey.files():
        for call in file.calls:
            key = (file.state, file.folder, call.project, call.reason, call.cause)
            row = rows.setdefault(key, Row(file.state, file.folder, call.project, call.reason, call.cause))
            row.calls += 1
            row.bytes += call.size
            row.oldest = min(row.oldest or call.time, call.time)
        if file.damaged:
            key = (file.state, file.folder, file.project, "", "")
            rows.setdefault(key, Row(file.state, file.folder, file.project)).damaged += file.damaged
        number += len(file.calls)
        progress.tell(f"reading the spool: {count(number, 'call')}")
    progress.end()
    return LsResult(tuple(rows.values()), dict(survey.unreadable))


_EXAMPLES = """\b
Examples:  router spool ls
           router spool ls --dir /var/spool/router --format json

Exit codes: 0 everything can be read, 1 something is damaged, 2 there is no spool.
"""


@click.command("ls", epilog=_EXAMPLES)
@folder_option
@format_option(("human", "json"), "json")
def ls(folder: str | None, form: str) -> int:
    """List what lies in the spool: calls, bytes and age, by project, process and reason. Changes nothing."""
    from router.cli.spool import ls_report

    with open_survey(folder) as survey:
        result = list_spool(survey)
    (ls_report.print_json if form == "json" else ls_report.print_human)(result)
    return result.exit_code
