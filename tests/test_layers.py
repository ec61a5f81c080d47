"""What importing the package costs: nothing heavy is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("aiohttp", "langfuse", "litellm", "opentelemetry", "pydantic_settings", "rich")


def loaded_by(statement: str, tmp_path: Path) -> list[str]:
    """Return which heavy packages a fresh interpreter has loaded after a statement."""
    report = f"import sys\n{statement}\nprint('loaded', *(name for name in {HEAVY} if name in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.rpartition("loaded")[2].split()


@pytest.mark.parametrize(
    "module", ["router", "router.config", "router.routing.table", "router.masking", "router.verify"]
)
def test_importing_the_pure_core_loads_nothing_heavy(module, tmp_path):
    """`import router` loads neither LiteLLM nor Langfuse nor OpenTelemetry nor the HTTP client."""
    assert loaded_by(f"import {module}", tmp_path) == []


@pytest.mark.parametrize("module", ["router.delivery", "router.pipeline"])
def test_the_pipeline_works_without_litellm(module, tmp_path):
    """As a library beside another client, the router needs no LiteLLM, and never starts the Langfuse SDK."""
    assert not {"langfuse", "litellm", "opentelemetry"} & set(loaded_by(f"import {module}", tmp_path))


@pytest.mark.parametrize("command", ["check --no-env", "test -c", "explain input=hello -c"])
def test_a_command_line_tool_starts_light(command, checkout, tmp_path):
    """`router check` is run on every save and every commit: it loads what it needs, and no reader of settings files."""
    quickstart = checkout / "examples" / "quickstart" / "routing.yaml"
    report = "import contextlib, io; from router.cli import main\n"
    argv = [*command.split(), str(quickstart)]
    report += f"with contextlib.redirect_stdout(io.StringIO()): code = main({argv!r})\nassert code == 0"
    assert loaded_by(report, tmp_path) == []


def test_every_public_name_can_be_imported(tmp_path):
    """Each name in `router.__all__` leads to something, though most are loaded on first use."""
    assert loaded_by("from router import *", tmp_path) in ([], ["aiohttp"])


@pytest.mark.parametrize("command", ["--version", "check --no-env {file}", "explain -c {file} team=payments"])
def test_the_everyday_commands_load_nothing_heavy(command, tmp_path, checkout):
    """`router check` in a hook or an editor starts at once: no LiteLLM, no Langfuse, no HTTP client."""
    arguments = command.format(file=checkout / "examples" / "teams" / "routing.yaml").split()
    assert loaded_by(f"from router.cli import main; assert main({arguments}) == 0", tmp_path) == []
