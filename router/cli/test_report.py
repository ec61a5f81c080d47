"""A `SuiteResult` for people and for programs."""

from __future__ import annotations

from router.cli.case_report import case_lines
from router.cli.check_report import passed_words
from router.cli.console import stdout
from router.cli.test import SuiteFile, SuiteResult
from router.config.frames import clean


def print_human(result: SuiteResult) -> None:
    """Print every test, those that failed with expected, got and why, and a line of numbers."""
    console = stdout()
    for file in result.files:
        console.print(console.paint("title", clean(file.file)))
        if not file.cases:
            console.print(f"  {_no_tests(file, result.pattern)}")
        for cases in file.tests.values():
            for line in case_lines(cases, console):
                console.print(f"  {line}")
    number = sum(len(file.tests) for file in result.files)
    failed = sum(file.failed for file in result.files)
    skipped = sum(file.skipped for file in result.files)
    left_out = f", {skipped} left out by -k" if skipped else ""
    console.print(f"{passed_words(number, failed, console)}{left_out}")


def _no_tests(file: SuiteFile, pattern: str) -> str:
    if file.skipped:
        return f"no test has `{clean(pattern)}` in its name"
    return "no tests: add `tests:` to say what must come out"


def print_json(result: SuiteResult) -> None:
    """Print the whole result, schema router.test/v1."""
    stdout().print_json(
        {
            "schema": "router.test/v1",
            "files": [{"file": file.file, "tests": [case.to_json() for case in file.cases]} for file in result.files],
            "summary": {
                "files": len(result.files),
                "tests": sum(len(file.tests) for file in result.files),
                "tests_failed": sum(file.failed for file in result.files),
                "left_out": sum(file.skipped for file in result.files),
                "exit_code": int(result.exit_code),
            },
        }
    )
