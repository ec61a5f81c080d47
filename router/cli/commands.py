"""The table of commands: what there is, in one line each, and where it lives."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

SUMMARIES: Mapping[str, str] = {
    "check": "Find everything wrong with a routing.yaml, and run its tests.",
    "explain": "Show where a call would go, what would be hidden, and why.",
    "test": "Run the tests that a routing.yaml or a pack holds.",
    "mask": "Mask text or JSON lines from stdin.",
    "env": "List the variables that a routing.yaml needs, and which are set.",
    "spool": "Look after calls on disk: waiting ones and dead letters.",
    "rule": "Explain a problem code, such as RT110.",
    "schema": "Print the JSON schema of routing.yaml.",
    "demo": "Run the main job end to end, without an account or a network.",
}


class Commands(click.Group):
    """Commands that are imported when they run; the list of them needs none."""

    def __init__(self, *args: Any, package: str, summaries: Mapping[str, str], **settings: Any) -> None:
        """Take commands of `package`, each in a module of its own name, and what each is for in one line."""
        super().__init__(*args, **settings)
        self._package = package
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._summaries:
            return None
        command: click.Command = getattr(importlib.import_module(f"{self._package}.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self._summaries and not name.startswith("-"):
            ctx.fail(f"there is no command `{name}`; {_suggestion(name, self._summaries)}")
        return super().resolve_command(ctx, args)


def _suggestion(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(version_text())
        ctx.exit()


def version_text() -> str:
    """Return what `router --version` prints: version, place of the package, Python."""
    from router.release import DISTRIBUTION, release

    number = release().removeprefix(DISTRIBUTION).strip() or "(not installed)"
    package = Path(__file__).resolve().parents[1]
    return f"langfuse-router {number} ({package}, Python {'.'.join(map(str, sys.version_info[:3]))})"


_EXAMPLES = """\b
Start:  router check routing.yaml
        router explain -c routing.yaml team=payments model=gpt-4o
"""


@click.group(
    cls=Commands,
    package="router.cli",
    summaries=SUMMARIES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EXAMPLES,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print version, place of the package and Python. Example: router --version",
)
def router() -> None:
    """Route every LiteLLM call to its team's own Langfuse project, masked, as one routing.yaml says."""


CONFIG_HELP = "The routing.yaml; by default ROUTER_CONFIG, else ./routing.yaml. Example: -c routing.yaml"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def format_option(choices: Sequence[str], example: str) -> Callable[[Decorated], Decorated]:
    """Return the decorator of `--format`, whose first choice is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(list(choices)),
        default=choices[0],
        show_default=True,
        help=f"How to print. Example: --format {example}",
    )
