"""Problem codes for people: the list, and the page of one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from router.cli.console import stdout
from router.cli.rule import by_block
from router.config.codes import BLOCKS, Code

WIDTH = 90
"""Characters in one line of running text."""


def print_list(codes: Mapping[str, Code]) -> None:
    """Print every code with its title, block by block."""
    console = stdout()
    for block, entries in by_block(codes).items():
        console.print(f"{console.paint('title', block)}  {BLOCKS[block]}")
        for code, meaning in entries:
            note = console.paint("dim", "  (warning)") if meaning.warning else ""
            console.print(f"  {code}  {meaning.title}{note}")
    console.print("\nrouter rule CODE explains one of them.")


def print_page(code: str, meaning: Code) -> None:
    """Print what a code means, why it matters, how to mend it, and an example of both."""
    console = stdout()
    head = console.paint("warning" if meaning.warning else "error", f"{meaning.severity}[{code}]")
    console.print(f"{head}: {meaning.title}")
    for name, words in (("why", meaning.why), ("mend", meaning.mend)):
        first, *more = textwrap.wrap(words, WIDTH, break_on_hyphens=False) or [""]
        console.print(f"  {console.paint('note', name)}{'':<{6 - len(name)}}{first}")
        for line in more:
            console.print(f"        {line}")
    for title, text in (("bad", meaning.bad), ("good", meaning.good)):
        if text:
            where = "" if meaning.file == "routing.yaml" else f", in {meaning.file}"
            console.print(f"\n  {console.paint('bad' if title == 'bad' else 'good', title)}{where}")
            for line in text.rstrip("\n").split("\n"):
                console.print(f"    {line}".rstrip())
