"""Every mistake under tests/invalid/ is found where it stands, in exactly the words that stand beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from router.config import load_config, load_pack_text
from router.config.codes import all_codes
from router.config.frames import render_concise, render_problem
from router.errors import ConfigError, Problem
from router.masking import own_detectors
from router.release import release

FOLDER = Path(__file__).parent / "invalid"
FILES = sorted(FOLDER.glob("*.yaml"))
UNSHOWABLE = {"RT100", "RT118"}
"""Codes that no file can have: one is about a file that is not there, one about a setting of the process."""
EXPECT = re.compile(r"# expect: (RT[0-9]{3}) ([0-9]+:[0-9]+)(?: in (\S+))?")
"""A problem's code and place; the file, where it is one that a mount names, stands below a folder of its own."""


def comments(path: Path) -> list[str]:
    """Return the comment lines of a file: what to expect, and how to load it."""
    lines = path.read_bytes().decode("utf-8-sig", "replace").splitlines()
    return [line for line in lines if line.startswith("# ")]


def problems_of(name: str) -> tuple[Problem, ...]:
    """Load a file as its comments say, and return what was found."""
    path = FOLDER / name
    head = comments(path)
    environ = next((line.removeprefix("# environ: ") for line in head if line.startswith("# environ: ")), None)
    variables = None if environ is None else dict(pair.split("=", 1) for pair in environ.split())
    try:
        if "# pack" in head:
            return load_pack_text(path.read_text(encoding="utf-8"), file=name).warnings
        loaded = load_config(name, environ=variables)
        own_detectors(loaded.detectors)
        return loaded.problems
    except ConfigError as error:
        return error.problems


@pytest.fixture(autouse=True)
def in_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages show the bare file name."""
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_has_its_code_and_its_place(path: Path) -> None:
    """Each `# expect:` line is one problem, and there are no others."""
    found = [(problem.code, f"{problem.line}:{problem.column}", problem.file) for problem in problems_of(path.name)]
    wanted = [(code, place, file or path.name) for code, place, file in EXPECT.findall("\n".join(comments(path)))]
    assert found == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_is_explained_in_exact_words(path: Path, update_golden: bool) -> None:
    """The concise line and the frame of each problem stand in the .txt file beside the YAML."""
    found = problems_of(path.name)
    text = "\n\n".join(f"{render_concise(problem)}\n\n{render_problem(problem)}" for problem in found) + "\n"
    text = text.replace(release(), "langfuse-router X.Y.Z")
    golden = path.with_suffix(".txt")
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_problem_shows_a_secret(path: Path) -> None:
    """Neither the texts, nor the frames, nor the JSON hold what was, or could be, a key."""
    shown = "\n".join(
        f"{problem!r}\n{problem}\n{problem.to_json()}\n{render_problem(problem)}" for problem in problems_of(path.name)
    )
    for secret in ("0123456789", "correct horse", "hunter2", "not a good place", "0a1b", "2c3d", "user:pass"):
        if "number" not in path.name:
            assert secret not in shown


def test_every_code_has_a_file() -> None:
    """Whoever adds a code also shows a file that has it."""
    shown = {code for path in FILES for code, _, _ in EXPECT.findall("\n".join(comments(path)))}
    assert shown == set(all_codes()) - UNSHOWABLE


def test_golden_files_belong_to_a_yaml_file() -> None:
    """No text is left over from a file that was renamed."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in FILES}
