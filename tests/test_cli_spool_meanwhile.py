"""`router spool` while others are at work: letters that arrive, commands that are killed, two commands at once."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import router.cli.spool.replay as replaying
from router.cli.spool.drop import count_calls, drop_calls
from router.cli.spool.selection import Selection
from router.delivery import encode_call
from router.delivery.exporter import _REASONS
from router.delivery.spool.folders import open_root
from router.delivery.spool.letters import REASONS, DeadLetters
from router.delivery.spool.records import read_content
from router.delivery.spool.survey import Survey
from router.testing import FakeLangfuse
from tests.command_line import router
from tests.masked_calls import leave, make_masked, posting, texts, wait_until
from tests.test_cli_spool import YAML, bury, call_ids, id_of, on_disk
from tests.test_spool_disk import leave_apart


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


@pytest.fixture(autouse=True)
def folder(langfuse: FakeLangfuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work beside a routing.yaml; return the folder of the spool."""
    (tmp_path / "routing.yaml").write_text(YAML, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in (langfuse.environ("PAYMENTS_LF") | langfuse.environ("SEARCH_LF")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROUTER_SPOOL_DIR", str(tmp_path / "spool"))
    return tmp_path / "spool"


def test_a_letter_that_comes_while_masks_are_checked_stays(langfuse, folder, monkeypatch):
    """`--to` without `--as-masked` sends only what was masked for that project, whenever it came."""
    bury(langfuse, folder, 0, project="search")
    check = replaying.refuse_other_masks

    def check_and_bury(*arguments: Any) -> None:
        check(*arguments)
        bury(langfuse, folder, 1)

    monkeypatch.setattr(replaying, "refuse_other_masks", check_and_bury)
    run = router("spool", "replay", "--to", "search")
    assert run.code == 1
    assert run.out.splitlines() == [
        "✔ search  1 call delivered",
        "✘ payments  1 call stayed: masked for another project; --as-masked sends it all the same",
        "2 calls: 1 delivered, 1 stayed",
    ]
    assert call_ids(langfuse, "search") == [id_of(0)]
    assert b"question 1" in on_disk(folder)


@pytest.mark.parametrize("command", ["replay", "drop", "show", "export"])
def test_a_reason_that_no_letter_can_have_is_an_error(command):
    """And one with a state that has no reasons."""
    more = ("-o", "x") if command == "export" else ()
    run = router("spool", command, *more, "--reason", "to_large")
    assert (run.code, run.out) == (2, "")
    assert "'to_large' is not one of 'rejected', 'too_large', 'wrong_project', 'unreachable'" in run.err
    run = router("spool", command, *more, "--reason", "rejected", "--state", "orphaned")
    assert run.code == 2
    assert run.err.startswith("error: `--reason` goes with dead letters only\n")


def test_reasons_are_those_of_the_sender():
    """What the command allows is what can be written."""
    assert set(REASONS) == set(_REASONS.values())


@pytest.mark.parametrize("command", ["replay", "drop", "show", "export"])
def test_a_project_for_which_nothing_lies_there_is_told(langfuse, folder, command):
    """A typo is not the same as nothing to do."""
    bury(langfuse, folder, 0)
    more = ("-o", "x") if command == "export" else ()
    run = router("spool", command, *more, "--project", "paymnts", "--project", "payments\x1b", "--state", "dead")
    assert run.err == (
        "note: nothing in the spool is for project `payments\ufffd`; did you mean `payments`?\n"
        "note: nothing in the spool is for project `paymnts`; did you mean `payments`?\n"
    )
    assert router("spool", "show", "--project", "payments").err == ""


def test_a_letter_that_is_still_too_large_arrives_cut(langfuse, folder):
    """As it would have the first time, had it then been small enough to cut; with the same ids."""
    spans = [encode_call(make_masked(0, input=texts(1, 60_000)[0]), langfuse.project("payments"))]
    DeadLetters(open_root(str(folder)), 10**7, "never").keep("payments", spans, "too_large HTTP 413")
    langfuse.limit(max_bytes=30_000)
    assert router("spool", "replay").code == 0
    assert call_ids(langfuse) == [id_of(0)]
    assert len(langfuse.spans()[0].attributes["langfuse.observation.input"]) < 60_000


KILLED = """\
import os, signal, sys
from router.delivery.spool.survey import Survey
moment, folder, state, number = sys.argv[1:]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if moment == "before the new file has its name":
    os.rename = die
with Survey(folder) as survey:
    for held in survey.hold([state]):
        for start, _ in held.calls[: int(number)]:
            held.settle(start)
        if moment == "before the file is written anew":
            die()
"""


def kill_at(moment: str, folder: Path, checkout: Path, number: int, state: str = "dead") -> None:
    """Let a process be killed that settles some calls of the only file, as every command does."""
    command = [sys.executable, "-c", KILLED, moment, str(folder), state, str(number)]
    assert subprocess.run(command, cwd=checkout, check=False).returncode == -9


@pytest.mark.parametrize("moment", ["before the file is written anew", "before the new file has its name"])
def test_a_command_that_is_killed_leaves_what_it_had_not_settled(langfuse, folder, checkout, moment):
    """The next command finds what was settled settled, and takes it off the disk."""
    bury(langfuse, folder, 0, 1)
    kill_at(moment, folder, checkout, 1)
    assert b"question 0" in on_disk(folder)
    assert router("spool", "replay", "--project", "search").out == "0 calls: 0 delivered, 0 stayed\n"
    assert b"question 0" not in on_disk(folder)
    assert [path.name[0] for path in folder.glob("dead/*")] == ["0"]
    assert router("spool", "replay").out == "✔ payments  1 call delivered\n1 call: 1 delivered, 0 stayed\n"
    assert call_ids(langfuse) == [id_of(1)]
    assert list(folder.glob("dead/*")) == []


@pytest.mark.parametrize("state", ["dead", "orphaned"])
def test_what_a_killed_command_had_settled_is_deleted_by_the_next_one(langfuse, folder, checkout, state):
    """Though there is nothing left to ask about."""
    (bury if state == "dead" else leave)(langfuse, folder, 0, 1)
    kill_at("before the file is written anew", folder, checkout, 2, state)
    assert b"question" in on_disk(folder)
    assert router("spool", "drop", "--state", state).out == "0 calls deleted\n"
    assert list(folder.rglob("*.spool")) == []


def test_a_process_takes_what_a_killed_command_left_of_a_file(langfuse, folder, checkout):
    """Of an orphan the half-written copy as well."""
    leave(langfuse, folder, 0, 1)
    kill_at("before the new file has its name", folder, checkout, 1, "orphaned")
    assert len(list(folder.rglob(".*.new"))) == 1
    with posting(langfuse, spool_dir=str(folder)) as post:
        langfuse.wait_for(1)
        assert post.sender.shutdown(60)
    assert call_ids(langfuse) == [id_of(1)]
    assert list(folder.iterdir()) == []


REPLAY = "from router.cli import main; raise SystemExit(main(['spool', 'replay', '--format', 'json']))"


def test_two_commands_at_once_send_each_letter_once(langfuse, folder, checkout):
    """Two processes: while the first waits for its answer the second leaves that file alone, and says so."""
    bury(langfuse, folder, 0)
    langfuse.hang("payments")
    before = len(langfuse.requests("payments"))
    command = [sys.executable, "-c", REPLAY]
    environ = environ_of(langfuse, folder, checkout)
    with subprocess.Popen(command, cwd=folder.parent, stdout=subprocess.PIPE, env=environ) as first:
        wait_until(lambda: len(langfuse.requests("payments")) > before, 30)
        run = router("spool", "replay")
        (file,) = folder.glob("dead/*.spool")
        assert run.code == 1
        assert f"in use dead/{file.name}: another command is at work with it" in run.out
        langfuse.heal()
        out = first.communicate(timeout=30)[0]
    assert b'"delivered": 1' in out
    assert call_ids(langfuse) == [id_of(0)]
    assert list(folder.glob("dead/*.spool")) == []


def environ_of(langfuse: FakeLangfuse, folder: Path, checkout: Path) -> dict[str, str]:
    names = {"PYTHONPATH": str(checkout), "ROUTER_CONFIG": "routing.yaml", "ROUTER_SPOOL_DIR": str(folder)}
    return langfuse.environ("PAYMENTS_LF") | langfuse.environ("SEARCH_LF") | names


@pytest.mark.parametrize("state", ["dead", "orphaned"])
def test_only_what_was_counted_is_dropped(langfuse, folder, state):
    """Not the letter that came while somebody read the question, nor the calls of a process that ended meanwhile."""
    (bury if state == "dead" else leave)(langfuse, folder, 0)
    selection = Selection((), (), (), (state,))
    with Survey(str(folder)) as survey:
        counted = count_calls(survey, selection)
        if state == "dead":
            bury_beside(langfuse, folder, 2)
            bury(langfuse, folder, 1, project="search")
        else:
            leave_apart(langfuse, folder, 1)
        assert str(counted) == "1 call"
        assert drop_calls(survey, selection, counted).total == 1
    assert b"question 0" not in on_disk(folder)
    assert b"question 1" in on_disk(folder)
    assert (b"question 2" in on_disk(folder)) == (state == "dead")


def bury_beside(langfuse: FakeLangfuse, folder: Path, number: int) -> None:
    """Add a letter to the file that is there, as the process does that began it."""
    letters = DeadLetters(open_root(str(folder)), 10**7, "never")
    (name,) = [path.name for path in folder.glob("dead/*") if read_content(path.read_bytes()).project == "payments"]
    letters._names["payments"] = name
    letters.keep("payments", [encode_call(make_masked(number), langfuse.project("payments"))], "rejected HTTP 400")
    assert read_content((folder / "dead" / name).read_bytes()).count == 2


def damage(folder: Path, text: bytes) -> None:
    """Change a byte of the call with this text."""
    (file,) = folder.glob("dead/*.spool")
    file.write_bytes(file.read_bytes().replace(text, text.upper()))


def test_damage_is_dropped_with_everything_else_and_never_for_less(langfuse, folder):
    """With an id or a reason it stays, beside what is deleted; afterwards the file is gone."""
    bury(langfuse, folder, 0, 1, 2)
    damage(folder, b"question 1")
    assert router("spool", "drop", id_of(0), "--yes").out.splitlines()[-1] == "1 call deleted"
    assert b"QUESTION 1" in on_disk(folder)
    assert router("spool", "replay", id_of(2)).code == 0
    assert router("spool", "drop", "--project", "search", "--yes").out == "0 calls deleted\n"
    assert b"QUESTION 1" in on_disk(folder)
    assert router("spool", "drop").err.startswith("error: 1 damaged place would be deleted\n")
    run = router("spool", "drop", "--yes", "--format", "json").data
    assert (run["damaged"], run["summary"]["dropped"]) == (1, 0)
    assert list(folder.glob("dead/*")) == []
    assert router("spool", "ls").code == 0


def test_looking_changes_nothing(folder):
    """Not the mode of a folder that is no spool yet, nor of those within."""
    for path in (folder, folder / "dead", folder / "1-0123456789ab"):
        path.mkdir()
        path.chmod(0o755)
    assert router("spool", "ls").code == 0
    assert router("spool", "show").code == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())} == {0o755}


def test_a_letter_that_is_gone_meanwhile_is_not_in_use(langfuse, folder):
    """Another command, or the process that needed room, was faster."""
    bury(langfuse, folder, 0)
    bury(langfuse, folder, 1, project="search")
    first, second = sorted(folder.glob("dead/*.spool"))
    with Survey(str(folder)) as survey:
        files = survey.hold(["dead"])
        assert next(files).file == f"dead/{first.name}"
        second.unlink()
        assert list(files) == []
        assert survey.busy == []
        assert survey.unreadable == {}
