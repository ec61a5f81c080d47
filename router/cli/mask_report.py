"""Masked values for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from router.cli.console import stderr, stdout
from router.cli.exits import ExitCode
from router.cli.mask import Filter, Masked, exit_code
from router.cli.words import counts


def tell_what_to_expect(masks: Filter) -> None:
    """Say on stderr what a person might wonder about."""
    if sys.stdin.isatty():
        stderr().print("reading from the terminal; end with Ctrl-D")
    if masks.test_key:
        stderr().print("note: pseudonyms are made with a test key here, since secrets are not read")


def print_human(masked: Masked) -> ExitCode:
    """Print the text, and the hits on stderr."""
    text = masked.value if isinstance(masked.value, str) else ""
    out = stdout()
    out.write(text)
    out.flush()
    if masked.failed:
        stderr().print("a mask failed, so the text was withheld")
    else:
        stderr().print(f"masked: {counts(masked.counts)}")
    return exit_code(masked.failed)


def print_json(values: Iterable[Masked]) -> ExitCode:
    """Print one line of JSON for each value, at once."""
    out = stdout()
    failed = False
    for masked in values:
        out.print_json({"value": masked.value, "masked": dict(masked.counts)}, indent=None)
        out.flush()
        failed = failed or masked.failed
    return exit_code(failed)
