"""`router spool replay`: dead letters, and calls that no process has, sent once more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import click

from router.cli.commands import CONFIG_HELP, format_option
from router.cli.exits import CommandError, ExitCode
from router.cli.loading import open_or_end
from router.cli.progress import Progress
from router.cli.spool.selection import Selection, folder_option, open_survey, read_calls, selection_options
from router.cli.words import count
from router.config import LoadedConfig
from router.config.loaded import ResolvedProject
from router.delivery import DeliverySettings
from router.delivery import attributes as names
from router.delivery.decode import decode_call
from router.delivery.replay import Replay, Replayed
from router.delivery.spool.survey import Call, Survey
from router.settings import config_path, load_settings, process_environment


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What became of the calls, and the files that somebody else had or that could not be read."""

    replayed: Replayed
    busy: tuple[str, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def delivered(self) -> int:
        return self.replayed.delivered.total()

    @property
    def stayed(self) -> int:
        return self.replayed.stayed.total()

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.FINDINGS if self.stayed or self.busy or self.unreadable else ExitCode.CLEAN


def replay_calls(
    survey: Survey,
    selection: Selection,
    config: LoadedConfig,
    settings: DeliverySettings,
    to: str | None = None,
    *,
    as_masked: bool = False,
) -> ReplayResult:
    """Send the calls that are meant; with `to`, those of other projects only `as_masked`.

    Raises:
        CommandError: a file cannot be written, so that what was sent would be sent again.
    """
    progress = Progress()

    def project_for(name: str) -> ResolvedProject | str:
        if to not in (None, name) and not as_masked:  # what `refuse_other_masks` saw may have changed meanwhile
            return "masked for another project; --as-masked sends it all the same"
        return config.projects.get(to or name) or "the project is not in the file"

    def tell(delivered: int) -> None:
        progress.tell(f"replaying: {count(delivered, 'call')} delivered")

    replay = Replay(settings, selection.takes, project_for, tell)
    files = survey.hold(selection.states)
    try:
        replayed = asyncio.run(replay.run(files))
    except OSError as error:
        words = (error.strerror or type(error).__name__).lower()
        raise CommandError(
            f"the spool cannot be written: {words}", "calls may be sent again, with the same ids"
        ) from None
    finally:
        files.close()
        progress.end()
    return ReplayResult(replayed, tuple(survey.busy), dict(survey.unreadable))


def refuse_other_masks(config: LoadedConfig, calls: Iterable[Call], to: str) -> None:
    """Refuse to send calls elsewhere as they are masked.

    Raises:
        CommandError: some were masked for another project; its hint names the masks that calls for `to` may get and
            these lack.
    """
    needed = masks_for(config, to)
    foreign = 0
    lacking: set[str] = set()
    for call in calls:
        if call.project != to:
            foreign += 1
            lacking |= needed - _masks_on(call)
    if not foreign:
        return
    listed = f": {', '.join(sorted(lacking))}" if lacking else " none, as the file stands now"
    message = f"{count(foreign, 'call')} would reach `{to}` masked as for another project"
    hint = f"masks that `{to}` may ask for and some of them lack{listed}; --as-masked sends them all the same"
    raise CommandError(message, hint)


def masks_for(config: LoadedConfig, project: str) -> frozenset[str]:
    """Return every mask that some call for a project can get: of defaults, overlays, rules and destinations."""
    found = set(config.defaults.mask)
    for overlay in config.overlays:
        found |= set(overlay.value.mask)
    for rule in config.rules:
        for name, masks in rule.value.destinations():
            if name == project or "{" in name:  # a route by a table may lead to any project
                found |= {*rule.value.mask, *masks}
    return frozenset(found)


def _masks_on(call: Call) -> frozenset[str]:
    try:
        evidence = json.loads(decode_call(call.span)[0].attributes[f"{names.OBSERVATION_METADATA}.routing"])
        return frozenset(evidence.get("masks", ()))
    except (ValueError, KeyError, TypeError, AttributeError):
        return frozenset()


_EXAMPLES = """\b
Examples:  router spool replay -c routing.yaml
           router spool replay --reason too_large --project payments
           router spool replay --state orphaned --project old --to payments --as-masked

Exit codes: 0 every call was taken, 1 some stayed, 2 usage.
"""


@click.command("replay", epilog=_EXAMPLES)
@selection_options(("dead", "orphaned"), ("dead",))
@click.option("-c", "--config", "file", metavar="FILE", help=CONFIG_HELP)
@click.option("--to", metavar="PROJECT", help="Send to this project instead. Example: --to payments")
@click.option("--as-masked", is_flag=True, help="With --to: send calls as they were masked. Example: --as-masked")
@folder_option
@format_option(("human", "json"), "json")
def replay(
    selection: Selection, file: str | None, to: str | None, as_masked: bool, folder: str | None, form: str
) -> int:
    """Send dead letters once more, or with --state orphaned calls that no process has; with the same ids.

    A call is removed once the server took it; what is refused stays. One that is still too large arrives cut. Calls
    were masked when they were made: a mask that was added since is not applied. With --to that matters more: the
    other project may hide what these show, so it needs --as-masked; environment and release stay those of the first
    project.
    """
    from router.cli.spool import replay_report

    environ = process_environment()
    opened = open_or_end(file or config_path(environ), environ)
    assert opened.loaded is not None
    config = opened.loaded
    if to is not None and to not in config.projects:
        raise CommandError(f"there is no project `{to}`", f"there are: {', '.join(config.project_names)}")
    if as_masked and to is None:
        raise CommandError("`--as-masked` goes with `--to` only", "take it away, or name the other project")
    with open_survey(folder, selection) as survey:
        if to is not None and not as_masked:
            refuse_other_masks(config, read_calls(survey, selection), to)
        survey.unreadable.clear()
        result = replay_calls(survey, selection, config, load_settings(environ).delivery, to, as_masked=as_masked)
    (replay_report.print_json if form == "json" else replay_report.print_human)(result)
    return result.exit_code
