"""`router test`: the tests that a routing.yaml or a pack holds, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from router.cli.check import cases_by_test
from router.cli.commands import CONFIG_HELP, format_option
from router.cli.exits import CommandError, ExitCode
from router.cli.loading import load_or_end
from router.settings import config_path
from router.verify import CaseResult, run_tests


@dataclass(frozen=True, slots=True)
class SuiteFile:
    """The cases of one file; `skipped` tests did not match the pattern."""

    file: str
    cases: tuple[CaseResult, ...]
    skipped: int = 0

    @property
    def tests(self) -> dict[str, tuple[CaseResult, ...]]:
        return cases_by_test(self.cases)

    @property
    def failed(self) -> int:
        return sum(not all(case.passed for case in cases) for cases in self.tests.values())


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The outcome of all tests that were run."""

    files: tuple[SuiteFile, ...]
    pattern: str = ""

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.TESTS_FAILED if any(file.failed for file in self.files) else ExitCode.CLEAN


def run_files(files: Sequence[str], pattern: str) -> SuiteResult:
    """Run the tests whose name contains `pattern`, whatever the case of its letters.

    Raises:
        CommandError: a file cannot be loaded, or no test has such a name.
    """
    tested = tuple(_test(file, pattern.casefold()) for file in dict.fromkeys(files))
    if pattern and not any(file.cases for file in tested):
        raise CommandError(f"no test has `{pattern}` in its name", "run `router test` without -k to see their names")
    return SuiteResult(tested, pattern)


def _test(file: str, pattern: str) -> SuiteFile:
    results = run_tests(load_or_end(file))
    cases = tuple(case for case in results if pattern in case.name.casefold())
    return SuiteFile(file, cases, len(cases_by_test(results)) - len(cases_by_test(cases)))


_EXAMPLES = """\b
Examples:  router test -c routing.yaml
           router test -c rules/masking/pii.yaml -k "e-mail"

Exit codes: 0 passed or no tests, 1 the file has errors, 2 usage, 3 tests failed.
"""


@click.command("test", epilog=_EXAMPLES)
@click.option("-c", "--config", "files", multiple=True, metavar="FILE", help=f"{CONFIG_HELP}; packs too, repeatable.")
@click.option("-k", "pattern", default="", help="Only tests with this in their name. Example: -k payments")
@format_option(("human", "json"), "json")
def test(files: tuple[str, ...], pattern: str, form: str) -> int:
    """Run the tests that a routing.yaml or a pack holds. Needs no secrets."""
    from router.cli import test_report

    result = run_files(files or [config_path()], pattern)
    report: Any = test_report.print_json if form == "json" else test_report.print_human
    report(result)
    return result.exit_code
