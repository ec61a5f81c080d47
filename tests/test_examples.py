"""Every example and every pack: loads without a finding, passes its own tests, and the applications run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from router.config import LoadedConfig, load_config
from router.settings import process_environment
from router.testing import FakeLangfuse
from router.verify import run_tests

CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(CHECKOUT.glob("examples/*/routing.yaml"))


def _load(path: Path) -> LoadedConfig:
    return load_config(path, environ=None)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_has_no_findings(path: Path) -> None:
    """A reader may copy an example as it stands."""
    assert [str(warning) for warning in _load(path).warnings] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_passes_its_tests(path: Path) -> None:
    """What an example says about itself is so, and it says something."""
    results = run_tests(_load(path))
    assert results
    assert [(result.name, result.differences) for result in results if not result.passed] == []


def test_every_folder_is_executed() -> None:
    """No example folder is without a routing.yaml that the tests above read."""
    folders = {path.name for path in (CHECKOUT / "examples").iterdir() if path.is_dir()}
    assert folders == {path.parent.name for path in EXAMPLES}


@pytest.mark.parametrize(
    ("name", "prefixes", "printed", "sent"),
    [
        (
            "quickstart",
            {"PAYMENTS_LF": "payments", "SEARCH_LF": "search", "LANGFUSE": "shared"},
            ["{'payments': {'handled': 1, 'delivered': 1, 'dropped': {}, 'in_flight': 0, 'mask_failed': {}}}"],
            ("payments", "Refund card [CREDIT_CARD], mail [EMAIL]"),
        ),
        (
            "teams",
            {"PAYMENTS_LF": "payments", "RESEARCH_LF": "research", "LANGFUSE": "shared"},
            [
                "research ('research',) {'research': ('secrets', 'pii')}",
                "{'research': {'handled': 1, 'delivered': 1, 'dropped': {}, 'in_flight': 0, 'mask_failed': {}}}",
            ],
            ("research", "Summarise the letter from [EMAIL]"),
        ),
    ],
)
def test_an_application_runs(
    name: str, prefixes: dict[str, str], printed: list[str], sent: tuple[str, str], tmp_path: Path
) -> None:
    """As a stranger would start it: a process of its own, credentials in the environment, any folder."""
    with FakeLangfuse([*prefixes.values(), "audit"]) as langfuse:
        environ = {
            key: value
            for prefix, project in prefixes.items()
            for key, value in langfuse.environ(prefix, project).items()
        }
        environ |= {"AUDIT_PK": "pk-lf-audit", "AUDIT_SK": "sk-lf-audit", "AUDIT_HOST": langfuse.url}
        done = subprocess.run(
            [sys.executable, str(CHECKOUT / "examples" / name / "app.py")],
            cwd=tmp_path,
            env={**process_environment(), **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stdout.splitlines()) == (0, printed), done.stderr
        (span,) = langfuse.spans()
    text = span.input if isinstance(span.input, str) else span.input["messages"][0]["content"]
    assert (span.project, text) == sent
