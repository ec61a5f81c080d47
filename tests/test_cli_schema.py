"""`router schema`: printed, written, compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.command_line import router


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_the_schema_is_printed():
    """Valid 2020-12, and the file in the checkout to the letter."""
    run = router("schema")
    Draft202012Validator.check_schema(run.data)
    assert run.code == 0


def test_the_checkout_holds_the_schema_of_today(checkout):
    """`make schema` was run after the last change of the models."""
    assert router("schema").out == (checkout / "schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("argv", "path"), [([], "schema.json"), (["mine.json"], "mine.json")])
def test_it_is_written_and_compared(argv, path):
    """--write makes the file, --check finds it as it should be; both say so on stderr."""
    written = router("schema", "--write", *argv)
    assert (written.code, written.out, written.err) == (0, "", f"{path} written\n")
    assert Path(path).read_text(encoding="utf-8") == router("schema").out
    checked = router("schema", "--check", *argv)
    assert (checked.code, checked.out, checked.err) == (0, "", f"{path} is up to date\n")


def test_an_old_file_ends_with_1_and_the_command_to_run():
    """For CI."""
    Path("schema.json").write_text(json.dumps({}), encoding="utf-8")
    run = router("schema", "--check")
    assert (run.code, run.out) == (1, "")
    assert run.err == (
        "error: schema.json is not the schema of this version\n  = help: write it: router schema --write schema.json\n"
    )


@pytest.mark.parametrize(
    ("argv", "err"),
    [
        (["--check"], "error: schema.json cannot be read: no such file or directory\n"),
        (
            ["--write", "no/such/folder.json"],
            "error: no/such/folder.json cannot be written: no such file or directory\n",
        ),
        (["--write", "--check"], "error: --write and --check exclude each other\n"),
    ],
)
def test_what_cannot_be_done_ends_with_2(argv, err):
    """What and why, then the way out."""
    run = router("schema", *argv)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(err)
