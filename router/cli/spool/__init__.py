"""`router spool`: look at calls that wait on disk and at dead letters, send them again, drop or export them."""

from __future__ import annotations

from collections.abc import Mapping

import click

from router.cli.commands import Commands

SUMMARIES: Mapping[str, str] = {
    "ls": "List what lies there, by project.",
    "show": "Show calls, masked as they are.",
    "replay": "Send dead letters, or orphaned calls, once more.",
    "drop": "Delete calls.",
    "export": "Write calls into a file, as OTLP.",
}

_EXAMPLES = """\b
Start:  router spool ls
        router spool show --reason rejected
        router spool replay -c routing.yaml
"""


@click.group(cls=Commands, package=__name__, summaries=SUMMARIES, epilog=_EXAMPLES)
def spool() -> None:
    """Look after the spool, the folder in ROUTER_SPOOL_DIR; safe while processes use it.

    A call is `dead` when a server refused it for good (a dead letter), `waiting` in the folder of a process that
    runs, `orphaned` when its process has ended or no routing.yaml names its project. What waits is never touched.
    """
