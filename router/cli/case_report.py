"""The outcome of embedded tests, worded for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.cli.console import Console
from router.cli.words import shown, width_of
from router.config.frames import clean
from router.verify import CaseResult, Difference


def case_lines(cases: Sequence[CaseResult], console: Console) -> Iterator[str]:
    """Yield the lines about one test: a title, and for each case that failed what was expected, got, and why."""
    failed = [case for case in cases if not case.passed]
    name = clean(cases[0].name)
    if not failed:
        yield f"{console.paint('good', '✔')} {name}"
        return
    share = f"   {len(failed)} of {len(cases)} cases" if len(cases) > 1 else ""
    place = console.paint("path", clean(str(cases[0].location)))
    yield f"{console.paint('bad', '✘')} {name}   {place}{share}"
    for case in failed:
        if case.case is not None:
            yield f"    case {shown(case.case)}"
        yield from _differences(case, console)


def one_line(case: CaseResult) -> str:
    """Return a case that failed in one line."""
    which = f" {shown(case.case)}" if case.case is not None else ""
    differences = "; ".join(f"{d.what} expected {shown(d.expected)}, got {shown(d.got)}" for d in case.differences)
    return f"{case.name}{which}: {differences}"


def _differences(case: CaseResult, console: Console) -> Iterator[str]:
    width = max(3, width_of([difference.what for difference in case.differences]))
    for difference in case.differences:
        yield from _difference(difference, width, console)
    for index, reason in enumerate(case.why):
        title = "why" if index == 0 else ""
        yield f"      {console.paint('dim', f'{title:<{width}}  {clean(reason)}')}"


def _difference(difference: Difference, width: int, console: Console) -> Iterator[str]:
    yield f"      {clean(difference.what):<{width}}  expected {console.paint('good', shown(difference.expected))}"
    yield f"      {'':<{width}}  got      {console.paint('bad', shown(difference.got))}"
