"""`router spool` while others are at work: letters that arrive, commands that are killed, two commands at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import router.cli.spool.replay as replaying
from router.delivery import encode_call
from router.delivery.exporter import _REASONS
from router.delivery.spool.folders import open_root
from router.delivery.spool.letters import REASONS, DeadLetters
from router.testing import FakeLangfuse
from tests.command_line import router
from tests.masked_calls import make_masked, texts
from tests.test_cli_spool import YAML, bury, call_ids, id_of, on_disk


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
    DeadLetters(open_root(str(folder)), 10**7, sync=False).keep("payments", spans, "too_large HTTP 413")
    langfuse.limit(max_bytes=30_000)
    assert router("spool", "replay").code == 0
    assert call_ids(langfuse) == [id_of(0)]
    assert len(langfuse.spans()[0].attributes["langfuse.observation.input"]) < 60_000
