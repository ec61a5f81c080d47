"""The one configuration that a command works with, or the end of the command with its problems told."""

from __future__ import annotations

from collections.abc import Mapping

from router.cli.exits import CommandError, ExitCode
from router.cli.opening import UNREADABLE, Opened, open_file
from router.config import LoadedConfig


def load_or_end(file: str) -> LoadedConfig:
    """Load a routing.yaml or a pack without resolving secrets; warnings are left to `router check`.

    Raises:
        CommandError: it has errors, which are printed on stderr.
    """
    loaded = open_or_end(file).loaded
    assert loaded is not None
    return loaded


def open_or_end(file: str, environ: Mapping[str, str] | None = None) -> Opened:
    """Do the same, and say what kind of file it is; with an environment secrets are resolved.

    Raises:
        CommandError: it has errors, which are printed on stderr.
    """
    from router.cli.console import stderr
    from router.config.frames import render_problem

    opened = open_file(file, environ)
    if opened.loaded is not None:
        for left_out in opened.loaded.quarantined:
            stderr().print(f"{left_out.file} has errors and is left out; to see them: router check {file}")
        return opened
    unreadable = next((problem for problem in opened.problems if problem.code in UNREADABLE), None)
    if unreadable is not None and opened.unreadable:
        raise CommandError(f"{file}: {unreadable.message}", "name the file with -c FILE, or in ROUTER_CONFIG")
    console = stderr()
    for problem in opened.problems:
        if problem.severity == "error":
            console.print(render_problem(problem, style=console.paint) + "\n")
    raise CommandError(f"{file} has errors", f"mend them, then try: router check {file}", ExitCode.FINDINGS)
