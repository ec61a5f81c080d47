"""`router check`: everything wrong with the files, and what their tests say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from router.cli.commands import format_option
from router.cli.exits import ExitCode
from router.cli.opening import Kind, open_file
from router.config import LoadedConfig, load_config
from router.errors import ConfigError, Problem
from router.settings import config_path, process_environment
from router.verify import CaseResult, run_tests


@dataclass(frozen=True, slots=True)
class Size:
    """How much a loaded file holds."""

    rules: int
    projects: int
    masks: int
    overlays: int


@dataclass(frozen=True, slots=True)
class FileResult:
    """What checking one file found.

    Attributes:
        size: None when the file has errors, and so was not loaded.
        cases: outcome of every case of every test; none when the file was not loaded.
    """

    file: str
    kind: Kind
    problems: tuple[Problem, ...]
    unreadable: bool
    size: Size | None
    cases: tuple[CaseResult, ...]

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors

    @property
    def tests(self) -> dict[str, tuple[CaseResult, ...]]:
        """The cases by test, in file order."""
        return cases_by_test(self.cases)

    @property
    def failed(self) -> int:
        """How many tests failed."""
        return sum(not all(case.passed for case in cases) for cases in self.tests.values())


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What checking all files found; `strict` makes warnings count."""

    files: tuple[FileResult, ...]
    strict: bool = False

    @property
    def exit_code(self) -> ExitCode:
        if any(file.unreadable for file in self.files):
            return ExitCode.USAGE
        if any(file.errors or (self.strict and file.warnings) for file in self.files):
            return ExitCode.FINDINGS
        return ExitCode.TESTS_FAILED if any(file.failed for file in self.files) else ExitCode.CLEAN


def cases_by_test(cases: Iterable[CaseResult]) -> dict[str, tuple[CaseResult, ...]]:
    """Group cases by the test they belong to; the key is the place of the test."""
    tests: dict[str, tuple[CaseResult, ...]] = {}
    for case in cases:
        place = str(case.location)
        tests[place] = (*tests.get(place, ()), case)
    return tests


def check_files(files: Sequence[str], environ: Mapping[str, str] | None, *, strict: bool = False) -> CheckResult:
    """Check each file; `environ` None leaves secrets unresolved."""
    return CheckResult(tuple(_check(file, environ) for file in dict.fromkeys(files)), strict)


def _check(file: str, environ: Mapping[str, str] | None) -> FileResult:
    opened = open_file(file, environ)
    loaded = opened.loaded
    if loaded is None:
        return FileResult(file, opened.kind, opened.problems, opened.unreadable, None, ())
    try:
        cases = run_tests(_as_written(loaded))
    except ConfigError as error:
        return FileResult(file, opened.kind, (*opened.problems, *error.problems), unreadable=False, size=None, cases=())
    size = Size(len(loaded.rules), len(loaded.project_names), len(loaded.masks), len(loaded.overlays))
    return FileResult(file, opened.kind, opened.problems, unreadable=False, size=size, cases=cases)


def _as_written(loaded: LoadedConfig) -> LoadedConfig:
    """Return the configuration with `${NAME}` as in the file: a test says the same whatever this machine sets.

    Where a team file is left out its errors count, and not what is tested without it.
    """
    if not loaded.filled or loaded.quarantined:
        return loaded
    plain = load_config(loaded.path, environ=None)
    return replace(loaded, overlays=plain.overlays, rules=plain.rules)


_EXAMPLES = """\b
Examples:  router check
           router check routing.yaml rules/masking/pii.yaml
           router check --no-env --strict --format github routing.yaml

Exit codes: 0 clean, 1 findings, 2 a file cannot be read, 3 tests failed.
"""


@click.command("check", epilog=_EXAMPLES)
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--no-env", is_flag=True, help="Leave secrets unresolved, for CI without them. Example: --no-env")
@click.option("--strict", is_flag=True, help="Let warnings fail the check. Example: --strict")
@format_option(("human", "concise", "json", "github"), "json")
def check(files: tuple[str, ...], no_env: bool, strict: bool, form: str) -> int:
    """Find everything wrong with each routing.yaml or pack, and run its tests.

    Without FILES it checks the file in ROUTER_CONFIG, else ./routing.yaml.
    """
    from router.cli import check_report

    environ = process_environment()
    result = check_files(files or [config_path(environ)], None if no_env else environ, strict=strict)
    report: dict[str, Any] = {
        "human": check_report.print_human,
        "concise": check_report.print_concise,
        "json": check_report.print_json,
        "github": check_report.print_github,
    }
    report[form](result)
    return result.exit_code
