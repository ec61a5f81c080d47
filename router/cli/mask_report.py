"""Masked values for people and for programs."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping

from router.cli.console import Role, print_error, stderr, stdout
from router.cli.exits import CommandError, ExitCode
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
    return _tell_hits(masked)


_SHOWN = {code: rf"\x{code:02x}" for code in (*range(0x20), 0x7F) if code != ord("\t")}
"""What would steer the terminal, as people write it."""
_ROLES: Mapping[str, Role] = {"-": "bad", "+": "good", "@": "dim"}


def print_diff(text: str, masked: Masked) -> ExitCode:
    """Print the lines that change, before and after, and the hits on stderr."""
    out = stdout()
    after = masked.value if isinstance(masked.value, str) else ""
    lines = difflib.unified_diff(text.splitlines(), after.splitlines(), "stdin", "masked", n=1, lineterm="")
    for number, line in enumerate(line.translate(_SHOWN) for line in lines):
        role = _ROLES.get(line[:1])
        out.print(out.paint("title" if number < 2 else role, line) if role else line)
    out.flush()
    return _tell_hits(masked)


def _tell_hits(masked: Masked) -> ExitCode:
    if masked.failed:
        stderr().print("a mask failed, so the text was withheld")
    else:
        stderr().print(f"masked: {counts(masked.counts)}")
    return exit_code(masked.failed)


def print_json(values: Iterable[Masked | CommandError]) -> ExitCode:
    """Print one line of JSON for each value, at once, and on stderr what could not be read."""
    out = stdout()
    code = ExitCode.CLEAN
    for masked in values:
        if isinstance(masked, CommandError):
            print_error(masked)
            code = masked.code
            continue
        out.print_json({"value": masked.value, "masked": dict(masked.counts)}, indent=None)
        out.flush()
        code = max(code, exit_code(masked.failed))
    return code
