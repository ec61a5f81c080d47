"""`router schema`: the JSON schema of routing.yaml, for editors and other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from router.cli.exits import CommandError, ExitCode

DEFAULT = "schema.json"


def schema_text() -> str:
    """Return the schema as it stands in a file."""
    from router.config.schema import build_schema

    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema(path: str) -> None:
    """Write the schema. Raises CommandError when the file cannot be written."""
    try:
        Path(path).write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise CommandError(f"{path} cannot be written: {reason}", "give another PATH") from None


def is_current(path: str) -> bool:
    """Tell whether a file holds today's schema. Raises CommandError when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8") == schema_text()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise CommandError(f"{path} cannot be read: {reason}", f"write it: router schema --write {path}") from None
    except UnicodeDecodeError:
        return False


_EXAMPLES = """\b
Examples:  router schema > schema.json
           router schema --write schema.json
           router schema --check

In routing.yaml, editors read the first line:
  # yaml-language-server: $schema=schema.json
"""


@click.command("schema", epilog=_EXAMPLES)
@click.option(
    "--write",
    is_flag=False,
    flag_value=DEFAULT,
    metavar="[PATH]",
    help="Write it to a file, schema.json by default. Example: --write schema.json",
)
@click.option(
    "--check",
    is_flag=False,
    flag_value=DEFAULT,
    metavar="[PATH]",
    help="Exit 1 unless the file holds today's schema. Example: --check schema.json",
)
def schema(write: str | None, check: str | None) -> int:
    """Print the JSON schema of routing.yaml, version 1."""
    from router.cli.console import stderr, stdout

    if write is not None and check is not None:
        raise CommandError("--write and --check exclude each other", "give one of them")
    if write is not None:
        write_schema(write)
        stderr().print(f"{write} written")
    elif check is None:
        stdout().write(schema_text())
    elif not is_current(check):
        raise CommandError(
            f"{check} is not the schema of this version", f"write it: router schema --write {check}", ExitCode.FINDINGS
        )
    else:
        stderr().print(f"{check} is up to date")
    return ExitCode.CLEAN
