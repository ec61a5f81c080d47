"""Which spool, and which of its calls: the options that all of its commands share."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from router.cli.console import stderr
from router.cli.exits import CommandError
from router.cli.progress import Progress
from router.cli.words import count
from router.config.frames import clean
from router.delivery.decode import span_id_of
from router.delivery.spool.letters import REASONS
from router.delivery.spool.survey import Call, SpoolFile, State, Survey
from router.settings import load_settings, process_environment

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
ALL: tuple[State, ...] = ("dead", "waiting", "orphaned")


@dataclass(frozen=True, slots=True)
class Selection:
    """Calls by id (or how it begins), project, reason and state; what is empty allows everything."""

    ids: tuple[str, ...]
    projects: tuple[str, ...]
    reasons: tuple[str, ...]
    states: tuple[State, ...]

    def takes(self, call: Call) -> bool:
        """Return whether a call is meant."""
        if call.state not in self.states:
            return False
        if self.projects and call.project not in self.projects:
            return False
        if self.reasons and call.reason not in self.reasons:
            return False
        return not self.ids or span_id_of(call.span).startswith(self.ids)

    def takes_file(self, state: State, project: str) -> bool:
        """Return whether all of the calls for a project in a state are meant."""
        return state in self.states and not self.ids and not self.reasons and project in (self.projects or (project,))


def open_survey(folder: str | None, selection: Selection | None = None) -> Survey:
    """Open the spool that was named, or that of `ROUTER_SPOOL_DIR`; a selection that names nothing in it is told.

    Raises:
        CommandError: there is none, or it cannot be read.
    """
    path = folder or load_settings(process_environment()).delivery.spool_dir
    if not path:
        raise CommandError("no spool is named", "set ROUTER_SPOOL_DIR, or name the folder with --dir")
    try:
        survey = Survey(path)
        _tell_unknown(survey, selection)
        return survey
    except PermissionError as error:
        words = (error.strerror or "").lower()
        raise CommandError(f"{path}: {words}", "run the command as the user whose processes write it") from None
    except OSError as error:
        raise CommandError(f"{path}: {(error.strerror or type(error).__name__).lower()}") from None


def _tell_unknown(survey: Survey, selection: Selection | None) -> None:
    if selection is None or not selection.projects:
        return
    known = survey.projects()
    for name in sorted({*selection.projects} - known):
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean `{clean(near[0])}`?" if near else ""
        console = stderr()
        console.print(f"{console.paint('note', 'note')}: nothing in the spool is for project `{clean(name)}`{hint}")


def read_calls(survey: Survey, selection: Selection) -> Iterator[Call]:
    """Read the calls that are meant, with progress."""
    return (call for file in read_files(survey) for call in file.calls if selection.takes(call))


def read_files(survey: Survey) -> Iterator[SpoolFile]:
    """Read all files, with progress."""
    progress = Progress()
    number = 0
    try:
        for file in survey.files():
            number += len(file.calls)
            yield file
            progress.tell(f"reading the spool: {count(number, 'call')}")
    finally:
        progress.end()


def folder_option(command: Decorated) -> Decorated:
    """Add `--dir`."""
    text = "The folder of the spool; by default ROUTER_SPOOL_DIR. Example: --dir /var/spool/router"
    return click.option("--dir", "folder", metavar="FOLDER", help=text)(command)


def selection_options(states: Sequence[State], default: Sequence[State]) -> Callable[[Decorated], Decorated]:
    """Return the decorator of `ID…`, `--project`, `--reason` and `--state`; they come as one `selection`."""

    def decorate(command: Decorated) -> Decorated:
        @functools.wraps(command)
        def with_selection(
            ids: tuple[str, ...],
            project: tuple[str, ...],
            reason: tuple[str, ...],
            state: tuple[State, ...],
            **rest: Any,
        ) -> Any:
            if (short := next((one for one in ids if len(one) < _SHORTEST_ID), None)) is not None:
                raise CommandError(f"`{short}` is too short for an id", f"give {_SHORTEST_ID} characters or more")
            chosen = state or tuple(default)
            if reason and "dead" not in chosen:
                raise CommandError("`--reason` goes with dead letters only", "take it away, or say --state dead")
            return command(selection=Selection(tuple(map(str.lower, ids)), project, reason, chosen), **rest)

        wrapped: Any = with_selection
        for option in (
            click.option(
                "--state",
                multiple=True,
                type=click.Choice(list(states)),
                help=f"Only calls in this state; by default {' and '.join(default)}. Example: --state orphaned",
            ),
            click.option(
                "--reason",
                multiple=True,
                type=click.Choice(REASONS),
                help="Only dead letters of this reason. Example: --reason rejected",
            ),
            click.option("--project", multiple=True, help="Only calls for this project. Example: --project payments"),
            click.argument("ids", nargs=-1, metavar="[ID]..."),
        ):
            wrapped = option(wrapped)
        return wrapped  # type: ignore[no-any-return]

    return decorate


_SHORTEST_ID = 4
