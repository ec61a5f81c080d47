"""`router env`: the variables that a configuration needs, where it says so, and whether they are set here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from router.cli.commands import format_option
from router.cli.exits import ExitCode
from router.config import Need, Use
from router.errors import Location
from router.settings import LANGFUSE_SETTINGS, config_path, process_environment


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, every place in any of the files that wants it, and whether it has a value; never the value."""

    need: Need
    is_set: bool

    @property
    def missing(self) -> bool:
        return self.need.required and not self.is_set


@dataclass(frozen=True, slots=True)
class EnvResult:
    """The variables of all files, by name."""

    files: tuple[str, ...]
    variables: tuple[Variable, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the required variables that are not set."""
        return tuple(variable.need.variable for variable in self.variables if variable.missing)

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.FINDINGS if self.missing else ExitCode.CLEAN


def list_variables(files: Sequence[str], environ: Mapping[str, str]) -> EnvResult:
    """List what each file, a routing.yaml or a pack, wants of an environment, and the `LANGFUSE_*` that are set there.

    Raises:
        CommandError: a file has errors, which are printed on stderr.
    """
    from router.cli.loading import open_or_end
    from router.config import find_needs
    from router.config.langfuse_variables import PURPOSES

    uses: dict[str, list[Use]] = {}
    # Nothing in a file asks for these, so they are worth a line only where they change something.
    uses |= {
        name: [Use(Location("environment"), purpose, required=False)]
        for name, purpose in {**PURPOSES, **LANGFUSE_SETTINGS}.items()
        if environ.get(name, "").strip()
    }
    names = tuple(dict.fromkeys(files))
    for file in names:
        for need in find_needs(file, pack=open_or_end(file).kind == "pack"):
            uses.setdefault(need.variable, []).extend(need.uses)
    return EnvResult(
        names,
        tuple(
            Variable(Need(name, tuple(uses[name])), is_set=bool(environ.get(name, "").strip())) for name in sorted(uses)
        ),
    )


_EXAMPLES = """\b
Examples:  router env
           router env routing.yaml
           router env --format json routing.yaml

Exit codes: 0 every required variable is set, 1 one is missing, 2 a file cannot be read.
"""


@click.command("env", epilog=_EXAMPLES)
@click.argument("files", nargs=-1, metavar="[FILES]...")
@format_option(("human", "json"), "json")
def env(files: tuple[str, ...], form: str) -> int:
    """List every variable that each routing.yaml needs, where, and whether it is set. No value is ever printed.

    Those LANGFUSE_* variables that no file names are listed where they are set.

    Without FILES it reads the file in ROUTER_CONFIG, else ./routing.yaml.
    """
    from router.cli import env_report

    environ = process_environment()
    result = list_variables(files or [config_path(environ)], environ)
    (env_report.print_json if form == "json" else env_report.print_human)(result)
    return result.exit_code
