"""What the README shows is what runs: its YAML loads, its Python runs, its commands print what stands below them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

from router.config import load_config
from router.settings import process_environment
from router.testing import FakeLangfuse

DIGEST = re.compile("config [0-9a-f]{12}")
"""It covers the packs' texts, which may change without the README."""
README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_readme_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block, in order, in one folder; at the end the calls of the Python blocks have arrived, masked."""
    monkeypatch.chdir(tmp_path)
    printed: dict[str, str] = {}

    def save(example: Example) -> None:
        name, _, _ = example.parsed.removeprefix("# ").partition("\n")
        (tmp_path / name).write_text(example.parsed, "utf-8")

    def run(example: Example) -> None:
        exec(compile(example.parsed, "README.md", "exec"), example.namespace)

    def console(example: Example) -> str | None:
        command, _, expected = example.parsed.partition("\n")
        got = _router(command, tmp_path)
        printed[example.parsed] = f"{command}\n{got}"
        same = DIGEST.sub("config …", got.strip()) == DIGEST.sub("config …", expected.strip())
        return None if update_golden or same else f"{command}\n{got}"

    with FakeLangfuse(["payments", "shared"]) as langfuse:
        for name, value in (langfuse.environ("PAYMENTS_LF") | langfuse.environ("LANGFUSE", "shared")).items():
            monkeypatch.setenv(name, value)
        document = Sybil(
            parsers=[CodeBlockParser("yaml", save), CodeBlockParser("python", run), CodeBlockParser("console", console)]
        ).parse(README)
        for example in document.examples():
            example.evaluate()
        document.namespace["router"].litellm.install("routing.yaml").shutdown(20)
        calls = {span.name: span for span in langfuse.spans()}
    if update_golden:
        text = README.read_text("utf-8")
        for old, new in printed.items():
            text = text.replace(old.rstrip("\n"), new.rstrip("\n"))
        README.write_text(text, "utf-8")
    assert [span.project for span in langfuse.spans()] == ["payments", "payments"]
    assert any(
        span.input == {"messages": [{"role": "user", "content": "card [CREDIT_CARD]"}]} for span in calls.values()
    )


def test_the_shown_files_pass_their_check(tmp_path: Path) -> None:
    """The first YAML of the README is a whole routing.yaml without a finding, in ten lines of content."""
    text = README.read_text("utf-8").split("```yaml\n# routing.yaml\n")[1].split("```")[0]
    (tmp_path / "routing.yaml").write_text(text, "utf-8")
    assert load_config(tmp_path / "routing.yaml", environ=None).warnings == ()
    assert len(text.splitlines()) <= 10


def _router(command: str, folder: Path) -> str:
    words = shlex.split(command.removeprefix("$ "))
    assert words[0] == "router"
    done = subprocess.run(
        [sys.executable, "-m", "router", *words[1:]],
        cwd=folder,
        env=dict(process_environment()),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return done.stdout + done.stderr
