"""Every problem code is explained, and its examples are true: the bad one has the problem, the good one none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from router.config import load_pack_text, load_text
from router.config.codes import BLOCKS, all_codes, find_code, near_codes
from router.config.codes_detectors import DETECTORS
from router.config.codes_file import FILE
from router.config.codes_mounts import MOUNTS
from router.config.codes_overrides import OVERRIDES
from router.config.codes_packs import PACKS
from router.config.codes_projects import PROJECTS
from router.config.codes_rules import RULES
from router.config.codes_tables import TABLES
from router.errors import ConfigError, Problem
from router.masking import own_detectors

ROOT = Path(__file__).parent.parent
CODES = all_codes()
SHOWN = [code for code, meaning in CODES.items() if meaning.bad]
ENVIRONMENT = {
    "A_PUBLIC_KEY": "pk-lf-a",
    "A_SECRET_KEY": "sk-lf-a",
    "B_PUBLIC_KEY": "pk-lf-b",
    "B_SECRET_KEY": "sk-lf-b",
    "MASK_KEY": "0123456789abcdef0123456789abcdef",
    "LONG": "0123456789abcdef0123456789abcdef",
    "SHORT": "0123456789",
}
SECTIONS = {"version": "1", "projects": "{a: {env: A}, b: {env: B}}", "rules": "[{id: rest, route: a}]"}


MOUNTING = """\
version: 1
projects: {a: {env: A}, b: {env: B}}
rules: [{mount: teams/*.yaml, scope: {team: "{stem}"}}, {id: b, match: {team: b}, route: b}, {id: rest, route: a}]
"""


def problems_of(piece: str, file: str, folder: Path) -> tuple[Problem, ...]:
    """Load a piece of YAML, completed by the sections that it does not show, or by the file that mounts it."""
    if file != "routing.yaml":
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(piece, encoding="utf-8")
        return found_in(MOUNTING, folder)
    if piece.startswith("description:"):
        try:
            return load_pack_text(f"version: 1\n{piece}\n").warnings
        except ConfigError as error:
            return error.problems
    missing = [f"{key}: {value}" for key, value in SECTIONS.items() if not re.search(f"^{key}:", piece, re.MULTILINE)]
    return found_in(piece if piece.startswith("-") else "\n".join([*missing, piece, ""]), folder)


def found_in(text: str, folder: Path) -> tuple[Problem, ...]:
    """Return what is found in a routing.yaml in a folder."""
    try:
        loaded = load_text(text, environ=ENVIRONMENT, folder=folder)
        own_detectors(loaded.detectors)
        return loaded.warnings
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize("code", SHOWN)
def test_the_bad_example_has_the_problem(code: str, tmp_path: Path) -> None:
    """And its severity is the one that the registry says."""
    found = [problem for problem in problems_of(CODES[code].bad, CODES[code].file, tmp_path) if problem.code == code]
    assert found
    assert {problem.severity for problem in found} == {CODES[code].severity}


@pytest.mark.parametrize("code", SHOWN)
def test_the_good_example_has_no_problem(code: str, tmp_path: Path) -> None:
    """Apart from project `b`, which most pieces do not need."""
    assert [
        str(problem)
        for problem in problems_of(CODES[code].good, CODES[code].file, tmp_path)
        if problem.code != "RT611" or code == "RT611"
    ] == []


def test_every_code_in_the_source_is_explained_and_every_explained_code_is_in_the_source() -> None:
    """A code is public: `router rule CODE` has to know it."""
    sources = [path for path in (ROOT / "router").rglob("*.py") if not path.stem.startswith("codes")]
    used = {code for path in sources for code in re.findall(r'"(RT[0-9]{3})"', path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


def test_codes_belong_to_a_block_and_are_told_in_sentences() -> None:
    """Titles are headlines; why and mend are sentences."""
    for code, meaning in CODES.items():
        assert code[:3] in BLOCKS
        assert meaning.title[-1] != "."
        assert meaning.why.endswith(".")
        assert meaning.mend.endswith(".")
        assert bool(meaning.bad) == bool(meaning.good)


def test_codes_are_found_in_any_case_and_near_ones_are_suggested() -> None:
    """What people type is forgiven."""
    assert find_code(" rt203 ") is CODES["RT203"]
    assert find_code("RT999") is None
    assert near_codes("rt20") == ["RT201", "RT202", "RT203", "RT204", "RT205"]
    assert near_codes("RT239") == ["RT230", "RT231", "RT232", "RT233"]
    assert near_codes("E501") == []


def test_no_code_has_two_meanings() -> None:
    """Each code stands in one registry page; a second one would hide the first."""
    tables = (FILE, RULES, PROJECTS, TABLES, DETECTORS, OVERRIDES, PACKS, MOUNTS)
    assert len(all_codes()) == sum(map(len, tables))
