"""`router rule`: what a problem code means, why it matters, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from router.cli.exits import CommandError, ExitCode
from router.config.codes import Code, all_codes, find_code, near_codes

_EXAMPLES = """\b
Examples:  router rule
           router rule RT110
"""


@click.command("rule", epilog=_EXAMPLES)
@click.argument("code", required=False)
def rule(code: str | None) -> int:
    """Explain a problem CODE of `router check`; without one, list them all."""
    from router.cli import rule_report

    if code is None:
        rule_report.print_list(all_codes())
    else:
        rule_report.print_page(*look_up(code))
    return ExitCode.CLEAN


def look_up(text: str) -> tuple[str, Code]:
    """Return a code as it is spelled, and its meaning; `602` and `rt602` are RT602.

    Raises:
        CommandError: there is no such code.
    """
    spelled = text.strip().upper()
    spelled = f"RT{spelled}" if spelled.isdecimal() else spelled
    found = find_code(spelled)
    if found is None:
        near = near_codes(spelled)
        hint = f"did you mean {near[0]}? List them all: router rule" if near else "list them all: router rule"
        raise CommandError(f"there is no code `{text}`", hint)
    return spelled, found


def by_block(codes: Mapping[str, Code]) -> dict[str, list[tuple[str, Code]]]:
    """Group codes by their first three characters."""
    blocks: dict[str, list[tuple[str, Code]]] = {}
    for code, meaning in codes.items():
        blocks.setdefault(code[:3], []).append((code, meaning))
    return blocks
