"""A `CheckResult` for people, for editors, for programs and for GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.cli.case_report import case_lines, one_line
from router.cli.check import CheckResult, FileResult
from router.cli.console import Console, stdout
from router.cli.words import count
from router.config.frames import clean, render_problem
from router.errors import Problem


def print_human(result: CheckResult) -> None:
    """Print frames, failing tests and a line for each file."""
    console = stdout()
    for file in result.files:
        for problem in file.problems:
            console.print(render_problem(problem, style=console.paint) + "\n")
        for cases in file.tests.values():
            if not all(case.passed for case in cases):
                console.print("\n".join(case_lines(cases, console)) + "\n")
    for file in result.files:
        console.print(_summary(file, console))
    if len(result.files) > 1:
        console.print(_total(result, console))


def print_concise(result: CheckResult) -> None:
    """Print one line for each finding, and nothing for a clean file."""
    console = stdout()
    for file in result.files:
        for problem in file.problems:
            console.print(clean(str(problem)))
        for line in _failures(file):
            console.print(line)


def print_github(result: CheckResult) -> None:
    """Print workflow commands, which GitHub shows beside the lines of a pull request."""
    console = stdout()
    for file in result.files:
        for problem in file.problems:
            console.print(_annotation(problem))
        for cases in file.tests.values():
            for case in cases:
                if not case.passed:
                    where = case.location
                    title = f"file={_property(where.file)},line={where.line},title=test failed"
                    console.print(f"::error {title}::{_data(one_line(case))}")


def print_json(result: CheckResult) -> None:
    """Print the whole result, schema router.check/v1."""
    stdout().print_json(to_json(result))


def to_json(result: CheckResult) -> dict[str, Any]:
    """Return the result as JSON-able data; `rules` and `projects` are null for a file that was not loaded."""
    return {
        "schema": "router.check/v1",
        "files": [
            {
                "file": file.file,
                "kind": file.kind,
                "problems": [problem.to_json() for problem in file.problems],
                "rules": file.size.rules if file.size and file.kind == "routing" else None,
                "projects": file.size.projects if file.size and file.kind == "routing" else None,
                "masks": file.size.masks if file.size else None,
                "tests": [case.to_json() for case in file.cases],
            }
            for file in result.files
        ],
        "summary": {
            "files": len(result.files),
            "errors": sum(file.errors for file in result.files),
            "warnings": sum(file.warnings for file in result.files),
            "tests": sum(len(file.tests) for file in result.files),
            "tests_failed": sum(file.failed for file in result.files),
            "strict": result.strict,
            "exit_code": int(result.exit_code),
        },
    }


def _summary(file: FileResult, console: Console) -> str:
    errors, warnings = count(file.errors, "error"), count(file.warnings, "warning")
    errors = console.paint("error", errors) if file.errors else errors
    warnings = console.paint("warning", warnings) if file.warnings else warnings
    parts = [f"{clean(file.file)}: {errors}, {warnings}"]
    if file.size is None:
        return f"{parts[0]} · not loaded, so no test was run"
    if file.kind == "pack":
        parts.append(count(file.size.masks, "mask"))
        parts += [count(file.size.overlays, "overlay")] if file.size.overlays else []
    else:
        parts += [count(file.size.rules, "rule"), count(file.size.projects, "project")]
    return " · ".join([*parts, passed_words(len(file.tests), file.failed, console)])


def _total(result: CheckResult, console: Console) -> str:
    errors = count(sum(file.errors for file in result.files), "error")
    warnings = count(sum(file.warnings for file in result.files), "warning")
    tests = passed_words(sum(len(f.tests) for f in result.files), sum(f.failed for f in result.files), console)
    return f"{count(len(result.files), 'file')}: {errors}, {warnings} · {tests}"


def passed_words(number: int, failed: int, console: Console) -> str:
    """Return `6 tests passed`, `5 tests passed, 1 failed`, or `no tests`."""
    if not number:
        return "no tests"
    words = f"{count(number - failed, 'test')} passed"
    if not failed:
        return console.paint("good", words)
    return f"{words}, {console.paint('error', f'{failed} failed')}"


def _failures(file: FileResult) -> Iterator[str]:
    for case in file.cases:
        if not case.passed:
            yield clean(f"{case.location}: TEST {one_line(case)}")


def _annotation(problem: Problem) -> str:
    where = problem.location
    properties = {"file": where.file, "line": where.line, "col": where.column, "endLine": where.end_line}
    if where.end_line == where.line:
        properties["endColumn"] = where.end_column
    given = [f"{key}={_property(str(value))}" for key, value in properties.items() if value]
    notes = [f"{name}: {text}" for name, text in (("effect", problem.effect), ("help", problem.hint)) if text]
    text = "\n".join([problem.message, *notes])
    return f"::{problem.severity} {','.join([*given, f'title={problem.code}'])}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
