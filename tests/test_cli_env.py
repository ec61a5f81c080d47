"""`router env`: every variable that a file needs, where, and whether it is set; never its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config import load_config
from tests.command_line import router

TEXT = """\
version: 1
defaults:
  host: ${LF_HOST:-https://langfuse.example.com}
  environment: &e ${DEPLOY_ENV}
projects:
  pay: {env: PAY_LF}
  lab: {public_key: "${LAB_PK}", secret_key: {env: LAB_SK}, environment: *e}
  own: {env: PAY_LF, host: {env: OWN_HOST}}
masks:
  ids: [{paths: [trace.user_id], action: hash, key: {env: MASK_KEY}}]
rules:
  - {id: lab, match: {team: lab}, route: [lab, own], mask: [ids]}
  - id: rest
    route: pay
    description: names ${NOBODY}
    trace: {set: {name: "$${team} ${GIT_SHA:?set by the build}", metadata: {on: ["${GIT_SHA:-}"]}}}
"""
SET = {
    "PAY_LF_PUBLIC_KEY": "pk-lf-hunter2",
    "PAY_LF_SECRET_KEY": "sk-lf-hunter2",
    "DEPLOY_ENV": "hunter2",
    "MASK_KEY": " ",
}
LISTED = """\
✔ DEPLOY_ENV         set      routing.yaml:4:19  `environment` of defaults
                              routing.yaml:7:74  `environment` of project `lab`
✘ GIT_SHA            missing  routing.yaml:16:35  `trace.set.name` of rule `rest`
                              routing.yaml:16:83  `trace.set.metadata.on` of rule `rest`
✘ LAB_PK             missing  routing.yaml:7:22  `public_key` of project `lab`
✘ LAB_SK             missing  routing.yaml:7:52  secret key of project `lab`
– LF_HOST            not set  routing.yaml:3:9  `host` of defaults (optional)
✘ MASK_KEY           missing  routing.yaml:10:59  key of mask `ids`
✘ OWN_HOST           missing  routing.yaml:8:34  host of project `own`
– PAY_LF_BASE_URL    not set  routing.yaml:6:14  host of project `pay` (optional)
– PAY_LF_HOST        not set  routing.yaml:6:14  host of project `pay` (optional)
✔ PAY_LF_PUBLIC_KEY  set      routing.yaml:6:14  public key of project `pay`
                              routing.yaml:8:14  public key of project `own`
✔ PAY_LF_SECRET_KEY  set      routing.yaml:6:14  secret key of project `pay`
                              routing.yaml:8:14  secret key of project `own`
8 variables required, 5 missing, 3 optional
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work beside a routing.yaml, with some of its variables set."""
    (tmp_path / "routing.yaml").write_text(TEXT, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_every_variable_is_listed_with_every_place(monkeypatch):
    """Without FILES it reads ./routing.yaml; a required variable that is missing fails the command."""
    run = router("env")
    assert (run.code, run.out, run.err) == (1, LISTED, "")
    assert router("env", "routing.yaml") == run


def test_langfuse_variables_that_no_file_names_are_listed_where_they_are_set(monkeypatch):
    """They change what is sent, and nothing in the file says so."""
    monkeypatch.setenv("LANGFUSE_SAMPLE_RATE", "0.5")
    monkeypatch.setenv("LANGFUSE_TIMEOUT", "3")
    lines = router("env").out.splitlines()
    assert "✔ LANGFUSE_SAMPLE_RATE  set      environment  `sample` where `defaults` has none (optional)" in lines
    assert any(
        line.startswith("✔ LANGFUSE_TIMEOUT      set      environment  seconds that a request") for line in lines
    )
    assert "LANGFUSE_RELEASE" not in "".join(lines)
    assert lines[-1] == "8 variables required, 5 missing, 5 optional"


def test_nothing_is_missing_when_what_is_required_is_set(monkeypatch):
    """Optional ones may be missing."""
    for name in ("GIT_SHA", "LAB_PK", "LAB_SK", "MASK_KEY", "OWN_HOST"):
        monkeypatch.setenv(name, "value")
    run = router("env")
    assert run.code == 0
    assert run.out.endswith("\n8 variables required, none missing, 3 optional\n")


def test_no_value_is_ever_printed():
    """Neither for people nor for programs."""
    assert "hunter2" not in router("env").out + router("env", "--format", "json").out


def test_json_tells_the_same():
    """Schema router.env/v1; the exit code is in it."""
    run = router("env", "--format", "json")
    data = run.data
    assert (run.code, data["schema"], data["files"]) == (1, "router.env/v1", ["routing.yaml"])
    assert [variable["name"] for variable in data["variables"]] == sorted(
        {line[2:].split()[0] for line in LISTED.splitlines()[:-1] if line[0] != " "}
    )
    assert data["variables"][1] == {
        "name": "GIT_SHA",
        "required": True,
        "set": False,
        "uses": [
            {
                "file": "routing.yaml",
                "line": 16,
                "column": 35,
                "purpose": "`trace.set.name` of rule `rest`",
                "required": True,
            },
            {
                "file": "routing.yaml",
                "line": 16,
                "column": 83,
                "purpose": "`trace.set.metadata.on` of rule `rest`",
                "required": False,
            },
        ],
    }
    assert data["summary"] == {
        "required": 8,
        "missing": ["GIT_SHA", "LAB_PK", "LAB_SK", "MASK_KEY", "OWN_HOST"],
        "exit_code": 1,
    }


def test_several_files_are_listed_together(folder):
    """A variable stands there once, with the places of all files; a pack is a file too."""
    (folder / "pack.yaml").write_text(
        "version: 1\ndescription: d\nmasks: {m: [{paths: [input], action: hash, key: {env: MASK_KEY}}]}\n"
        "tests: [{name: t, mask: [m], expect: {mask: [m]}}]\n",
        "utf-8",
    )
    run = router("env", "pack.yaml", "routing.yaml", "pack.yaml")
    assert (
        "✘ MASK_KEY           missing  pack.yaml:3:55  key of mask `m`\n"
        "                              routing.yaml:10:59  key of mask `ids`\n"
    ) in run.out
    assert router("env", "pack.yaml").out.endswith("\n1 variable required, 1 missing, 0 optional\n")


def test_a_file_with_errors_or_none_at_all_is_told(folder):
    """The frames go to stderr; 1 for findings, 2 for a file that is not there."""
    (folder / "broken.yaml").write_text("version: 1\nprojects: {a: {env: A}}\n", "utf-8")
    run = router("env", "broken.yaml")
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("error[RT111]: key `rules` is missing\n")
    run = router("env", "nowhere.yaml")
    assert (run.code, run.out) == (2, "")


def test_a_check_runs_the_tests_on_the_file_as_it_is_written(folder, monkeypatch):
    """What a test expects holds on every machine, whatever is set there."""
    text = "version: 1\nprojects: {a: {env: PAY_LF}}\n"
    text += "rules: [{id: rest, route: a, trace: {set: {name: '${V:-one}'}}}]\n"
    tests = "tests: [{name: t, expect: {trace: {name: one}}}]\n"
    (folder / "layered.yaml").write_text(text + tests, "utf-8")
    monkeypatch.setenv("V", "two")
    assert router("check", "layered.yaml").out.endswith("1 test passed\n")
    assert router("test", "-c", "layered.yaml").code == 0


def test_every_row_of_a_table_has_its_own_variables(folder):
    """Projects are listed as they are written out, and a brace in a value is no column."""
    (folder / "tables.yaml").write_text(
        "version: 1\n"
        "tables: {teams: {lab: {lf: LAB_LF}}}\n"
        'projects: {"team-{team}": {for_each: teams, env: "{team.lf}", host: "https://${H}", release: "{team} ${R}"}}\n'
        "rules: [{id: rest, route: team-lab}]\n",
        "utf-8",
    )
    assert router("env", "tables.yaml").out == (
        "✘ H                  missing  tables.yaml:3:78  `host` of project `team-{team}`\n"
        "✘ LAB_LF_PUBLIC_KEY  missing  tables.yaml:3:50  public key of project `team-lab`\n"
        "✘ LAB_LF_SECRET_KEY  missing  tables.yaml:3:50  secret key of project `team-lab`\n"
        "✘ R                  missing  tables.yaml:3:102  `release` of project `team-{team}`\n"
        "4 variables required, 4 missing, 0 optional\n"
    )
    environ = {"H": "h.example.com", "R": "{x}", "LAB_LF_PUBLIC_KEY": "pk-lf-l", "LAB_LF_SECRET_KEY": "sk-lf-l"}
    assert load_config("tables.yaml", environ=environ).projects["team-lab"].release == "lab {x}"
