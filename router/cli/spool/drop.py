"""`router spool drop`: deletes calls for good, after a question."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from router.cli.commands import format_option
from router.cli.exits import CommandError, ExitCode
from router.cli.progress import Progress
from router.cli.spool.selection import Selection, folder_option, open_survey, read_files, selection_options
from router.cli.words import count
from router.delivery.spool.survey import Call, Survey

Key = tuple[str, str, str]
"""Project, state and reason."""


@dataclass(frozen=True, slots=True)
class DropResult:
    """How many calls and damaged places were deleted; files that somebody else had or that could not be read."""

    dropped: Mapping[Key, int]
    damaged: int = 0
    busy: tuple[str, ...] = ()
    unreadable: Mapping[str, str] | None = None

    @property
    def total(self) -> int:
        return sum(self.dropped.values())

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.FINDINGS if self.busy or self.unreadable else ExitCode.CLEAN


@dataclass(slots=True)
class Counted:
    """What would be deleted.

    Attributes:
        damaged: places that cannot be read.
        latest: time of the last call that was counted, by file: whatever comes later was not asked about.
    """

    calls: Counter[Key] = field(default_factory=Counter)
    damaged: int = 0
    latest: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        found = (self.calls.total(), "call"), (self.damaged, "damaged place")
        return " and ".join(count(number, noun) for number, noun in found if number)

    def has(self, call: Call) -> bool:
        """Return whether a call can be one of those that were counted."""
        return call.time <= self.latest.get(call.file, -1)


def count_calls(survey: Survey, selection: Selection) -> Counted:
    """Count what would be deleted."""
    counted = Counted()
    for file in read_files(survey):
        calls = [call for call in file.calls if selection.takes(call)]
        counted.calls.update(map(_key, calls))
        damaged = file.damaged if selection.takes_file(file.state, file.project) else 0
        counted.damaged += damaged
        if calls or damaged:
            counted.latest[file.path] = max((call.time for call in calls), default=0)
    return counted


def drop_calls(survey: Survey, selection: Selection, counted: Counted) -> DropResult:
    """Delete the calls that are meant and were counted.

    Raises:
        CommandError: a file cannot be written.
    """
    dropped: Counter[Key] = Counter()
    damaged = 0
    progress = Progress()
    try:
        for held in survey.hold(selection.states):
            for start, call in held.calls:
                if selection.takes(call) and counted.has(call):
                    held.settle(start)
                    dropped[_key(call)] += 1
            if held.damaged and held.file in counted.latest and selection.takes_file(held.state, held.project):
                held.drop_damage()
                damaged += held.damaged
            progress.tell(f"dropping: {count(dropped.total(), 'call')}")
    except OSError as error:
        raise CommandError(f"the spool cannot be written: {(error.strerror or '').lower()}") from None
    finally:
        progress.end()
    return DropResult(dropped, damaged, tuple(survey.busy), dict(survey.unreadable))


def _key(call: Call) -> Key:
    return call.project, call.state, call.reason


_EXAMPLES = """\b
Examples:  router spool drop --reason too_large
           router spool drop --project old --state orphaned --yes
           router spool drop 00f067aa0ba902b7

Exit codes: 0 dropped, 1 some files are in use or unreadable, 2 usage.
"""


@click.command("drop", epilog=_EXAMPLES)
@selection_options(("dead", "orphaned"), ("dead",))
@click.option("--yes", is_flag=True, help="Do not ask. Example: --yes")
@folder_option
@format_option(("human", "json"), "json")
def drop(selection: Selection, yes: bool, folder: str | None, form: str) -> int:
    """Delete dead letters, or with --state orphaned calls that no process has. They cannot be brought back.

    Without ID, --project or --reason all of them are meant, and with them what is damaged. Asks first, unless --yes
    is given; what comes while it asks stays.
    """
    from router.cli.spool import drop_report

    with open_survey(folder, selection) as survey:
        found = count_calls(survey, selection)
        if found.latest and not yes:
            if not sys.stdin.isatty():
                raise CommandError(f"{found} would be deleted", "say --yes to do it")
            drop_report.print_counts(found)
            click.confirm("Delete them for good?", abort=True, err=True)
        survey.unreadable.clear()
        result = drop_calls(survey, selection, found)
    (drop_report.print_json if form == "json" else drop_report.print_human)(result)
    return result.exit_code
