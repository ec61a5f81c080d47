"""docs/seed.md and the README say of every row of the seed what `make seed-table` would write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.seed import seed_compared, seed_not_compared, seed_rows
from tests.seed_table import (
    BEGIN,
    README,
    TABLE,
    Proofs,
    proofs_of,
    run_seed_tests,
    table,
    unproven_of,
    with_short_table,
)


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Proofs:
    """Collect the tests that name a row, without running them."""
    report = tmp_path_factory.mktemp("seed") / "seed.json"
    assert run_seed_tests(report, "--collect-only", "--quiet") == 0
    return proofs_of(report, "not run")


def test_every_row_has_a_test(proofs: Proofs) -> None:
    assert [row for row in seed_rows() if not proofs[row]] == []


def test_the_tables_are_those_of_these_rows_and_tests(proofs: Proofs) -> None:
    """Otherwise: `make seed-table`."""
    assert TABLE.read_text("utf-8") == table(proofs)
    readme = README.read_text("utf-8")
    assert BEGIN in readme
    assert readme == with_short_table(readme, proofs)


def test_every_row_is_compared_or_says_why_not() -> None:
    compared, others = seed_compared().keys(), seed_not_compared().keys()
    assert compared | others == seed_rows().keys()
    assert compared & others == set()


def test_what_failed_or_did_not_run_proves_nothing(tmp_path: Path) -> None:
    """Nor does a row without a test; then no table is written."""
    report = tmp_path / "seed.json"
    rows = {"tags": {"a": "passed"}, "proxy": {"b": "skipped", "c": "failed", "a": "passed"}, "headers": {}}
    report.write_text(json.dumps({row: {"sentence": "", "tests": tests} for row, tests in rows.items()}), "utf-8")
    assert unproven_of(report) == ["headers", "b", "c"]
    assert proofs_of(report, "passed") == {"tags": ["a"], "proxy": ["a"], "headers": []}
