"""What every test stands on: a clean environment, a quiet LiteLLM, and the checkout's own folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# LiteLLM reads these when it is imported, which is before any fixture; without the first it fetches a price list.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_TELEMETRY"] = "False"

# On CI a property is tried with the same examples every time, so that a red run can be repeated.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

FOREIGN = ("ROUTER_", "LANGFUSE_", "OTEL_", "LITELLM_")
KEPT = ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_TELEMETRY")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden files be rewritten, to be reviewed before they are committed."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected output beside scenarios")


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
