"""`make seed-table`: runs the tests of tests/seed.yaml, and writes docs/seed.md and the README's short form of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.seed import AS_HERE, Compared, seed_compared, seed_groups, seed_not_compared, seed_rows

CHECKOUT = Path(__file__).resolve().parent.parent
TABLE = CHECKOUT / "docs" / "seed.md"
README = CHECKOUT / "README.md"
BEGIN, END = "<!-- seed:begin -->", "<!-- seed:end -->"
_HEAD = """\
# What LiteLLM's documentation of its Langfuse callback promises, row by row

Written by `make seed-table`, which runs the tests of each row; do not edit. *Here* counts those that passed, scenarios
among them. *LiteLLM's own callback* says what it sent for the same call in the named case of `make parity`, for the
attribute that the row is about; *not compared* says why.
"""

Proofs = Mapping[str, Sequence[str]]
"""Rows, and the ids of the tests that prove them."""


def main() -> int:
    """Run the tests, and write the tables when all of them passed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "seed.json"
        if code := run_seed_tests(report):
            return code
        proofs = proofs_of(report, "passed")
        if unproven := unproven_of(report):
            print(f"not written, as these prove nothing: {', '.join(unproven)}", file=sys.stderr)
            return 1
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table(proofs), "utf-8")
    README.write_text(with_short_table(README.read_text("utf-8"), proofs), "utf-8")
    print(f"wrote {TABLE.relative_to(CHECKOUT)} and README.md: {_counted(proofs, seed_rows())} for {len(proofs)} rows")
    return 0


def run_seed_tests(report: Path, *options: str) -> int:
    """Run the tests that name a row, write what became of them, and return pytest's exit code."""
    # Collecting only where rows are named takes seconds instead of a minute.
    naming = sorted(path for path in (CHECKOUT / "tests").rglob("test_*.py") if "mark.seed" in path.read_text("utf-8"))
    command = ["-m", "pytest", "-q", "-m", "seed", f"--seed-report={report}", *options, *map(str, naming)]
    return subprocess.run([sys.executable, *command], cwd=CHECKOUT, check=False).returncode


def proofs_of(report: Path, outcome: str) -> Proofs:
    """Return the tests of a `--seed-report` that ended so, for each row."""
    told = json.loads(report.read_text("utf-8"))
    return {row: [test for test, became in told[row]["tests"].items() if became == outcome] for row in told}


def unproven_of(report: Path) -> list[str]:
    """Return what keeps the table from being true: rows without a test, and tests that did not pass."""
    told = json.loads(report.read_text("utf-8"))
    tests = {test for row in told.values() for test, became in row["tests"].items() if became != "passed"}
    return [row for row in told if not told[row]["tests"]] + sorted(tests)


def table(proofs: Proofs) -> str:
    """Return docs/seed.md."""
    told = {row: f"not compared: {why}" for row, why in seed_not_compared().items()}
    told |= {row: _facts(facts) for row, facts in seed_compared().items()}
    lines = [_HEAD]
    for group, rows in seed_groups().items():
        lines += [f"## {group}", "", "| row | promise | here | LiteLLM's own callback |", "|---|---|---|---|"]
        lines += [f"| `{row}` | {sentence} | {_mark(proofs, [row])} | {told[row]} |" for row, sentence in rows.items()]
        lines.append("")
    return "\n".join(lines)


def with_short_table(readme: str, proofs: Proofs) -> str:
    """Return the README with the table of groups between its marks."""
    compared = seed_compared()
    lines = ["| promises on | rows | here | LiteLLM's own callback, where compared |", "|---|---|---|---|"]
    for group, rows in seed_groups().items():
        facts = {row: compared[row] for row in rows if row in compared}
        lines.append(f"| {group.lower()} | {len(rows)} | {_mark(proofs, rows)} | {_short(facts)} |")
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"])


def _mark(proofs: Proofs, rows: Sequence[str] | Mapping[str, str]) -> str:
    return f"{'✔' if all(proofs[row] for row in rows) else '✘'} {_counted(proofs, rows)}"


def _counted(proofs: Proofs, rows: Sequence[str] | Mapping[str, str]) -> str:
    count = len({test for row in rows for test in proofs[row]})
    return f"{count} test{'s' if count != 1 else ''}"


def _facts(compared: Sequence[Compared]) -> str:
    told: dict[str, list[str]] = {}
    for fact in compared:
        told.setdefault(fact.says, []).append(f"`{fact.case}`")
    return "; ".join(f"{says} ({', '.join(dict.fromkeys(cases))})" for says, cases in told.items())


def _short(compared: Mapping[str, Sequence[Compared]]) -> str:
    told: dict[str, list[str]] = {}
    for row, facts in compared.items():
        other = [fact.says for fact in facts if fact.says != AS_HERE]
        told.setdefault(", ".join(other), []).append(f"`{row}`")
    alike = len(told.pop("", ()))
    parts = [f"{alike} as here"] if alike else []
    parts += [f"{', '.join(rows)}: {says}" for says, rows in told.items()]
    return "; ".join(parts) or "not compared"


if __name__ == "__main__":
    sys.exit(main())
