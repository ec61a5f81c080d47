"""The command line `router`: one module per command, each loaded when it is asked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from router.cli.exits import CommandError, ExitCode
from router.errors import RouterError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name; those of the process by default.

    Returns:
        The exit code. Nothing is raised: what goes wrong is said on stderr, without a traceback.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort, BrokenPipeError):
        _discard_output()
        return ExitCode.INTERRUPTED
    except OSError as error:
        _discard_output()
        _show(CommandError(f"the output cannot be written: {(error.strerror or type(error).__name__).lower()}"))
        return ExitCode.USAGE
    except Exception as error:  # the last boundary: a stranger gets a sentence
        if sys.flags.dev_mode:
            raise
        sys.stderr.write(_internal(error))
        return ExitCode.USAGE
    return code


def _run(arguments: Sequence[str]) -> int:
    from router.cli.commands import router

    try:
        with router.make_context("router", list(arguments) or ["-h"]) as context:
            code = router.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        _show(_usage_error(error))
        return ExitCode.USAGE
    except CommandError as error:
        _show(error)
        return error.code
    except RouterError as error:
        _show(CommandError(str(error)))
        return ExitCode.FINDINGS
    return int(code or ExitCode.CLEAN)


def _usage_error(error: click.ClickException) -> CommandError:
    """Word an error of the parser as all others are worded."""
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return CommandError(message[:1].lower() + message[1:], f"{context.command_path if context else 'router'} -h")


def _show(error: CommandError) -> None:
    from router.cli.console import print_error

    print_error(error)


def _internal(error: Exception) -> str:
    """Word an error that is ours. The class and the place alone: its text may quote content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return (
        f"error: a bug in langfuse-router: {type(error).__name__}{place}\n"
        "  = help: report it with the output of `python -X dev -m router …` (check it for content first)\n"
    )


def _discard_output() -> None:
    """Let the interpreter's own flush at exit meet no closed pipe."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
