"""What every test stands on: a clean environment, a quiet LiteLLM, and the checkout's own folders."""

from __future__ import annotations

import gc
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.programs import Starter
from tests.seed import seed_rows

# LiteLLM reads these when it is imported, which is before any fixture; without the first it fetches a price list.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_TELEMETRY"] = "False"

# On CI a property is tried with the same examples every time, so that a red run can be repeated.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

FOREIGN = ("ROUTER_", "LANGFUSE_", "OTEL_", "LITELLM_")
KEPT = ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_TELEMETRY")


# What tests import stays for good: to look through it again and again took 8 % of the CPU of some 800 tests.
gc.set_threshold(10_000, 20, 20)


def pytest_collection_finish() -> None:
    """Leave what was imported out of further collections."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden files be rewritten, to be reviewed before they are committed."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected output beside scenarios")
    parser.addoption("--seed-report", type=Path, metavar="FILE", help="write what became of tests/seed.yaml as JSON")
    parser.addoption("--crash-rounds", type=int, default=10, help="how often processes with a spool are killed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat what happens at random as often as was asked for."""
    if "crash_round" in metafunc.fixturenames:
        metafunc.parametrize("crash_round", range(metafunc.config.getoption("--crash-rounds")))


def pytest_configure(config: pytest.Config) -> None:
    """Report rows of the seed where a report is asked for."""
    if path := config.getoption("--seed-report"):
        config.pluginmanager.register(SeedReport(path), "seed-report")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse rows that tests/seed.yaml does not have: a report would not show them.

    Tests that start LiteLLM come first: on one worker, so that it is imported once, and with only short ones last.
    """
    known = seed_rows()
    for item in items:
        if unknown := [row for row in rows_of(item) if row not in known]:
            raise pytest.UsageError(f"{item.nodeid}: `seed` names {', '.join(unknown)}, which tests/seed.yaml has not")
        item.user_properties += [("seed", row) for row in rows_of(item)]
    items.sort(
        key=lambda item: [name not in getattr(item, "fixturenames", ()) for name in ("with_proxy", "with_litellm")]
    )


def rows_of(item: pytest.Item) -> list[str]:
    """Return the rows of tests/seed.yaml that a test proves."""
    return list(dict.fromkeys(row for mark in item.iter_markers("seed") for row in mark.args))


class SeedReport:
    """Writes `{row: {"sentence": …, "tests": {nodeid: passed | failed | skipped | not run}}}` at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for row in rows_of(item):
                self._outcomes[row][item.nodeid] = "not run"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, row in report.user_properties:
            if name == "seed" and self._outcomes[str(row)][report.nodeid] in ("not run", "passed"):
                self._outcomes[str(row)][report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        told = {
            row: {"sentence": sentence, "tests": dict(sorted(self._outcomes[row].items()))}
            for row, sentence in seed_rows().items()
        }
        self._path.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Tell whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the variables of the developer's own shell: a test sees only what it sets itself."""
    for name in list(os.environ):
        foreign = name.startswith(FOREIGN) and name not in KEPT
        if foreign or name.endswith("_API_KEY") or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the folder that holds pyproject.toml."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def with_litellm() -> Iterator[Starter]:
    """Return what starts programs that use LiteLLM."""
    starter = Starter("litellm")
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def with_proxy() -> Iterator[Starter]:
    """Return what starts LiteLLM's proxy."""
    starter = Starter("litellm.proxy.proxy_server", "litellm.proxy.proxy_cli")
    yield starter
    starter.close()
