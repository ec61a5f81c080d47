"""`router test`: its texts, its formats, its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import router
from tests.test_cli_check import BROKEN, GOOD, PACK, UNTRUE, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_every_test_is_named():
    """One line each, then the numbers; no secrets are needed."""
    write(GOOD)
    run = router("test", "-c", "routing.yaml")
    assert run.out == "routing.yaml\n  ✔ payments has its own project\n  ✔ nobody else has\n2 tests passed\n"
    assert (run.code, run.err) == (0, "")


def test_a_failure_ends_with_3():
    """Expected and got, the reasons, and exit code 3."""
    write(UNTRUE)
    run = router("test")
    assert run.out == (
        "routing.yaml\n"
        "  ✔ payments has its own project\n"
        "  ✘ nobody else has   routing.yaml:15:5   1 of 2 cases\n"
        "      case {team: payments}\n"
        "        route  expected [shared]\n"
        "               got      [payments]\n"
        "        why    route payments ← rule payments\n"
        "1 test passed, 1 failed\n"
    )
    assert run.code == 3


def test_packs_are_tested_beside_configurations():
    """`-c` may be repeated."""
    write(GOOD)
    write(PACK, "orders.yaml")
    run = router("test", "-c", "routing.yaml", "-c", "orders.yaml", "-k", "ORDER")
    assert run.out == (
        "routing.yaml\n"
        "  no test has `ORDER` in its name\n"
        "orders.yaml\n"
        "  ✔ an order number is hidden\n"
        "1 test passed, 2 left out by -k\n"
    )
    assert run.code == 0


def test_a_pattern_that_no_test_has_is_a_mistake():
    """A typo in -k must not pass for success."""
    write(GOOD)
    run = router("test", "-k", "pyments")
    assert run.err == (
        "error: no test has `pyments` in its name\n  = help: run `router test` without -k to see their names\n"
    )
    assert (run.code, run.out) == (2, "")


def test_a_file_without_tests_says_so():
    """Nothing failed, so the exit code is 0, and the way to have tests is told."""
    write(GOOD.partition("tests:")[0])
    run = router("test")
    assert run.out == "routing.yaml\n  no tests: add `tests:` to say what must come out\nno tests\n"
    assert run.code == 0


def test_a_broken_file_ends_with_1_and_its_frames_on_stderr():
    """What `check` would say; stdout stays free for results."""
    write(BROKEN)
    run = router("test")
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("error[RT110]: unknown key `mach`\n --> routing.yaml:7:5\n")
    assert run.err.endswith(
        "\n\nerror: routing.yaml has errors\n  = help: mend them, then try: router check routing.yaml\n"
    )


def test_a_missing_file_ends_with_2():
    """What, where, and the way out."""
    run = router("test", "-c", "nope.yaml")
    assert run.err == (
        "error: nope.yaml: the file cannot be read: no such file or directory\n"
        "  = help: name the file with -c FILE, or in ROUTER_CONFIG\n"
    )
    assert (run.code, run.out) == (2, "")


def test_json_has_every_case():
    """Schema router.test/v1."""
    write(UNTRUE)
    run = router("test", "--format", "json")
    assert run.code == 3
    assert run.data["schema"] == "router.test/v1"
    assert [case["passed"] for case in run.data["files"][0]["tests"]] == [True, False, True]
    assert run.data["summary"] == {"files": 1, "tests": 2, "tests_failed": 1, "left_out": 0, "exit_code": 3}
