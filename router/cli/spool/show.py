"""`router spool show`: single calls, with every attribute as it would be sent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import click

from router.cli.commands import format_option
from router.cli.exits import ExitCode
from router.cli.spool.selection import ALL, Selection, folder_option, open_survey, read_calls, selection_options
from router.delivery.decode import DecodedSpan, decode_call
from router.delivery.spool.survey import Call


@dataclass(frozen=True, slots=True)
class Shown:
    """A call and its spans, the generation first; none for bytes that are no span."""

    call: Call
    spans: tuple[DecodedSpan, ...]


@dataclass(frozen=True, slots=True)
class ShowResult:
    """Calls, and whether there are more than were asked for."""

    calls: tuple[Shown, ...]
    has_more: bool

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.CLEAN if self.calls else ExitCode.FINDINGS


def show_calls(calls: Iterable[Call], limit: int) -> ShowResult:
    """Decode the first of some calls."""
    found = list(itertools.islice(calls, limit + 1))
    return ShowResult(tuple(Shown(call, _decoded(call.span)) for call in found[:limit]), len(found) > limit)


def _decoded(call: bytes) -> tuple[DecodedSpan, ...]:
    try:
        return tuple(decode_call(call))
    except ValueError:
        return ()


_EXAMPLES = """\b
Examples:  router spool show
           router spool show 00f067aa0ba902b7
           router spool show --project payments --reason rejected --limit 3 --format json

Exit codes: 0 found, 1 there is no such call, 2 there is no spool.
"""


@click.command("show", epilog=_EXAMPLES)
@selection_options(ALL, ALL)
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Calls at most. Example: --limit 3"
)
@folder_option
@format_option(("human", "json"), "json")
def show(selection: Selection, limit: int, folder: str | None, form: str) -> int:
    """Show calls: state, reason and every attribute, masked as they are. ID is a span id, or how it begins.

    With --format json values are whole; for people long ones are cut.
    """
    from router.cli.spool import show_report

    with open_survey(folder, selection) as survey:
        result = show_calls(read_calls(survey, selection), limit)
    (show_report.print_json if form == "json" else show_report.print_human)(result)
    return result.exit_code
