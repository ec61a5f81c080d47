"""`router check`: its texts, its formats, its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.cli.check import CheckResult, FileResult
from router.errors import Location, Problem
from tests.command_line import router

GOOD = """\
version: 1
projects:
  payments: {env: PAYMENTS_LF}
  shared: {env: LANGFUSE}
rules:
  - id: payments
    match: {team: payments}
    route: payments
  - id: rest
    route: shared
tests:
  - name: payments has its own project
    request: {team: payments}
    expect: {route: [payments]}
  - name: nobody else has
    each: [{team: search}, {team: growth}]
    expect: {route: [shared]}
"""
BROKEN = GOOD.replace("match: {team", "mach: {team")
UNTRUE = GOOD.replace("each: [{team: search}", "each: [{team: payments}")
PACK = """\
version: 1
description: Order numbers.
masks:
  orders:
    - {pattern: 'ORD-\\d{6}', as: "[ORDER]"}
tests:
  - name: an order number is hidden
    mask: [orders]
    request: {input: "where is ORD-123456?"}
    expect: {sent: {input: "where is [ORDER]?"}}
"""
PACK_KEYS = "version, pack, description, detectors, masks, overlays, tests"
ENVIRONMENT = {
    "PAYMENTS_LF_PUBLIC_KEY": "pk-lf-1",
    "PAYMENTS_LF_SECRET_KEY": "sk-lf-one-secret",
    "LANGFUSE_PUBLIC_KEY": "pk-lf-2",
    "LANGFUSE_SECRET_KEY": "sk-lf-two-secret",
}
FRAME = """\
error[RT110]: unknown key `mach`
 --> routing.yaml:7:5
  |
5 | rules:
6 |   - id: payments
7 |     mach: {team: payments}
  |     ^^^^ did you mean `match`?
  |
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "routing.yaml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def test_a_clean_file_is_one_line():
    """Errors, warnings, rules, projects, tests; nothing else."""
    write(GOOD)
    run = router("check", "--no-env", "routing.yaml")
    assert run.out == "routing.yaml: 0 errors, 0 warnings · 2 rules · 2 projects · 2 tests passed\n"
    assert (run.code, run.err) == (0, "")


def test_secrets_are_read_from_the_environment(monkeypatch):
    """With every variable set a file is clean; without, each missing one is an error, and no value is printed."""
    write(GOOD)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert router("check", "routing.yaml").code == 0
    monkeypatch.delenv("LANGFUSE_SECRET_KEY")
    run = router("check", "routing.yaml")
    assert run.code == 1
    assert "LANGFUSE_SECRET_KEY" in run.out
    assert "one-secret" not in run.out


def test_an_error_has_a_frame():
    """The line, the caret, the suggestion; then the summary says that nothing was loaded."""
    write(BROKEN)
    run = router("check", "--no-env", "routing.yaml")
    assert run.out.startswith(FRAME)
    assert run.out.endswith("\n\nrouting.yaml: 1 error, 0 warnings · not loaded, so no test was run\n")
    assert (run.code, run.err) == (1, "")


def test_a_failing_test_says_what_was_expected_and_why():
    """The case that failed, expected and got under each other, and what decided."""
    write(UNTRUE)
    run = router("check", "--no-env", "routing.yaml")
    assert run.out == (
        "✘ nobody else has   routing.yaml:15:5   1 of 2 cases\n"
        "    case {team: payments}\n"
        "      route  expected [shared]\n"
        "             got      [payments]\n"
        "      why    route payments ← rule payments\n"
        "\n"
        "routing.yaml: 0 errors, 0 warnings · 2 rules · 2 projects · 1 test passed, 1 failed\n"
    )
    assert run.code == 3


def test_the_file_is_routing_yaml_or_the_one_that_router_config_names(monkeypatch):
    """Without FILES: ./routing.yaml, and before it the setting."""
    write(GOOD)
    assert router("check", "--no-env").out.startswith("routing.yaml: 0 errors")
    write(BROKEN, "other.yaml")
    monkeypatch.setenv("ROUTER_CONFIG", "other.yaml")
    assert router("check", "--no-env").code == 1


def test_a_missing_file_says_what_where_and_the_way_out():
    """Exit code 2, no traceback."""
    run = router("check", "nope.yaml")
    assert run.out == (
        "error[RT100]: the file cannot be read: no such file or directory\n"
        "  --> nope.yaml\n"
        "   = effect: nothing is routed by it\n"
        "   = help: give the path of a readable YAML file\n"
        "\n"
        "nope.yaml: 1 error, 0 warnings · not loaded, so no test was run\n"
    )
    assert (run.code, run.err) == (2, "")


def test_a_file_with_masks_and_no_rules_is_a_pack():
    """Its tests run too."""
    write(PACK, "orders.yaml")
    run = router("check", "orders.yaml")
    assert run.out == "orders.yaml: 0 errors, 0 warnings · 1 mask · 1 test passed\n"
    assert run.code == 0


def test_problems_of_a_pack_are_told_as_those_of_a_pack():
    """`rules` is not asked of a pack, its keys are the ones offered, and a misspelt key is not missing as well."""
    write(PACK.replace("description:", "desription:"), "orders.yaml")
    run = router("check", "--format", "concise", "orders.yaml")
    assert run.out == f"orders.yaml:2:1: RT110 unknown key `desription` (keys allowed here: {PACK_KEYS})\n"
    assert run.code == 1


def test_several_files_are_all_checked_and_counted():
    """One line each, and one for all; a file that is named twice is checked once."""
    write(GOOD)
    write(PACK, "orders.yaml")
    run = router("check", "--no-env", "routing.yaml", "orders.yaml", "routing.yaml")
    assert run.out == (
        "routing.yaml: 0 errors, 0 warnings · 2 rules · 2 projects · 2 tests passed\n"
        "orders.yaml: 0 errors, 0 warnings · 1 mask · 1 test passed\n"
        "2 files: 0 errors, 0 warnings · 3 tests passed\n"
    )


def test_concise_is_one_line_for_each_finding():
    """As editors and grep read it; a clean file says nothing."""
    write(BROKEN)
    write(UNTRUE, "untrue.yaml")
    write(GOOD, "good.yaml")
    run = router("check", "--no-env", "--format", "concise", "routing.yaml", "untrue.yaml", "good.yaml")
    broken, untrue = run.out.splitlines()
    assert broken.startswith("routing.yaml:7:5: RT110 unknown key `mach` (")
    assert untrue == (
        "untrue.yaml:15:5: TEST nobody else has {team: payments}: route expected [shared], got [payments]"
    )
    assert run.code == 1


def test_github_gets_workflow_commands():
    """Each finding is an annotation at its place; percent signs, newlines, colons and commas are escaped."""
    write(BROKEN, "a,b.yaml")
    write(UNTRUE, "untrue.yaml")
    run = router("check", "--no-env", "--format", "github", "a,b.yaml", "untrue.yaml")
    broken, untrue = run.out.splitlines()
    assert broken.startswith(
        "::error file=a%2Cb.yaml,line=7,col=5,endLine=7,endColumn=9,title=RT110::unknown key `mach`%0Aeffect: "
    )
    assert untrue == (
        "::error file=untrue.yaml,line=15,title=test failed"
        "::nobody else has {team: payments}: route expected [shared], got [payments]"
    )


def test_json_has_every_problem_and_every_case():
    """Schema router.check/v1; sizes are null for a file that was not loaded."""
    write(BROKEN)
    write(UNTRUE, "untrue.yaml")
    run = router("check", "--no-env", "--format", "json", "routing.yaml", "untrue.yaml")
    assert run.code == 1
    data = run.data
    assert data["schema"] == "router.check/v1"
    broken, untrue = data["files"]
    assert (broken["file"], broken["kind"], broken["rules"], broken["projects"]) == (
        "routing.yaml",
        "routing",
        None,
        None,
    )
    (problem,) = broken["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("RT110", 7, 5)
    assert (untrue["rules"], untrue["projects"], len(untrue["tests"])) == (2, 2, 3)
    assert untrue["tests"][1] == {
        "name": "nobody else has",
        "file": "untrue.yaml",
        "line": 15,
        "case": {"team": "payments"},
        "passed": False,
        "differences": [{"what": "route", "expected": ["shared"], "got": ["payments"]}],
        "why": ["route payments ← rule payments"],
    }
    assert data["summary"] == {
        "files": 2,
        "errors": 1,
        "warnings": 0,
        "tests": 2,
        "tests_failed": 1,
        "strict": False,
        "exit_code": 1,
    }


def test_warnings_count_only_when_strict():
    """A warning leaves the exit code alone unless --strict is given."""
    warning = Problem(code="RT301", message="m", location=Location("f", 1, 1, 1, 2), severity="warning")
    file = FileResult("f", "routing", (warning,), unreadable=False, size=None, cases=())
    assert (file.errors, file.warnings) == (0, 1)
    assert CheckResult((file,)).exit_code == 0
    assert CheckResult((file,), strict=True).exit_code == 1


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["good.yaml"], 0),
        (["good.yaml", "untrue.yaml"], 3),
        (["untrue.yaml", "broken.yaml"], 1),
        (["broken.yaml", "missing.yaml", "untrue.yaml"], 2),
    ],
)
def test_the_worst_file_decides_the_exit_code(files, code):
    """Unreadable before findings before failed tests."""
    write(GOOD, "good.yaml")
    write(UNTRUE, "untrue.yaml")
    write(BROKEN, "broken.yaml")
    assert router("check", "--no-env", *files).code == code


def test_examples_and_packs_are_clean(checkout, monkeypatch):
    """What we ship passes our own check."""
    monkeypatch.chdir(checkout)
    files = [str(path.relative_to(checkout)) for path in sorted(checkout.glob("examples/*/routing.yaml"))]
    packs = [str(path.relative_to(checkout)) for path in sorted(checkout.glob("rules/*/*.yaml"))]
    run = router("check", "--no-env", "--strict", "--format", "concise", *files, *packs)
    assert (run.out, run.err, run.code) == ("", "", 0)


def test_the_quickstart_is_summed_up(checkout, monkeypatch):
    """The line that README shows."""
    monkeypatch.chdir(checkout)
    run = router("check", "--no-env", "examples/quickstart/routing.yaml")
    assert run.out == (
        "examples/quickstart/routing.yaml: 0 errors, 0 warnings · 5 rules · 3 projects · 6 tests passed\n"
    )


def test_a_pack_of_overlays_alone_is_known_by_its_version():
    """What says `pack:` is a pack, whatever else it lacks; its overlays are counted."""
    write(
        "version: 1\npack: {version: 1.0.0}\ndescription: d\n"
        "overlays: [{id: eu, match: {metadata.region: eu}, mask: [pii]}]\n"
        "tests: [{name: t, request: {metadata: {region: eu}, input: bo@example.org},"
        " expect: {overlays: [eu], sent: {input: '[EMAIL]'}}}]\n",
        "eu.yaml",
    )
    run = router("check", "eu.yaml")
    assert run.out == "eu.yaml: 0 errors, 0 warnings · 1 mask · 1 overlay · 1 test passed\n"
    assert run.code == 0
