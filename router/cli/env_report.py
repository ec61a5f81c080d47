"""An `EnvResult` for people and for programs."""

from __future__ import annotations

from typing import Any

from router.cli.console import Console, stdout
from router.cli.env import EnvResult, Variable
from router.cli.words import count, width_of
from router.config.frames import clean


def print_human(result: EnvResult) -> None:
    """Print each variable, its state, and below it every place that wants it."""
    console = stdout()
    width = width_of([variable.need.variable for variable in result.variables])
    for variable in result.variables:
        for index, use in enumerate(variable.need.uses):
            name = f"{variable.need.variable:<{width}}" if not index else " " * width
            mark, state = _state(variable, console) if not index else (" ", " " * 7)
            note = "" if use.required or variable.missing else console.paint("dim", " (optional)")
            console.print(f"{mark} {name}  {state}  {clean(f'{use.location}  {use.purpose}')}{note}")
    required = [variable for variable in result.variables if variable.need.required]
    missing = len(result.missing)
    words = console.paint("error", f"{missing} missing") if missing else console.paint("good", "none missing")
    optional = f", {len(result.variables) - len(required)} optional"
    console.print(f"{count(len(required), 'variable')} required, {words}{optional}")


def print_json(result: EnvResult) -> None:
    """Print the whole result, schema router.env/v1."""
    stdout().print_json(to_json(result))


def to_json(result: EnvResult) -> dict[str, Any]:
    """Return the result as JSON-able data."""
    return {
        "schema": "router.env/v1",
        "files": list(result.files),
        "variables": [
            {
                "name": variable.need.variable,
                "required": variable.need.required,
                "set": variable.is_set,
                "uses": [
                    {
                        "file": use.location.file,
                        "line": use.location.line,
                        "column": use.location.column,
                        "purpose": use.purpose,
                        "required": use.required,
                    }
                    for use in variable.need.uses
                ],
            }
            for variable in result.variables
        ],
        "summary": {
            "required": sum(variable.need.required for variable in result.variables),
            "missing": list(result.missing),
            "exit_code": int(result.exit_code),
        },
    }


def _state(variable: Variable, console: Console) -> tuple[str, str]:
    """Return the mark and the word for whether a variable is set, the word in a fixed width."""
    if variable.is_set:
        return console.paint("good", "✔"), "set    "
    if variable.missing:
        return console.paint("error", "✘"), console.paint("error", "missing")
    return console.paint("dim", "–"), "not set"
