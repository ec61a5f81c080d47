"""`router spool`: what lies on disk is listed, shown, sent again, dropped and exported, beside a process that runs."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from router.cli.progress import Progress
from router.delivery import encode_call
from router.delivery.spool.records import record_of
from router.testing import FakeLangfuse
from tests.command_line import Run, router
from tests.masked_calls import Post, leave, make_masked, posting

YAML = """\
version: 1
projects: {payments: {env: PAYMENTS_LF}, search: {env: SEARCH_LF}}
masks: {pci: [{detect: [credit_card]}]}
rules:
  - {id: search, match: {team: search}, route: search, mask: [pci]}
  - {id: rest, route: payments}
"""


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


def refuse(langfuse: FakeLangfuse, post: Post, *numbers: int, project: str = "payments") -> None:
    """Let calls become dead letters."""
    langfuse.refuse(project, containing="question")
    post.send(*numbers, project=project)
    assert post.sender.force_flush(60)
    langfuse.heal(project)


def bury(langfuse: FakeLangfuse, folder: Path, *numbers: int, project: str = "payments") -> None:
    """Do the same in a process that ends."""
    with posting(langfuse, project, spool_dir=str(folder)) as post:
        refuse(langfuse, post, *numbers, project=project)


def call_ids(langfuse: FakeLangfuse, project: str = "payments") -> list[str]:
    return [span.span_id for span in langfuse.spans(project)]


def id_of(number: int) -> str:
    return f"{number + 1:016x}"


def rows(run: Run) -> list[dict[str, Any]]:
    return [{key: row[key] for key in ("state", "project", "reason", "calls")} for row in run.data["rows"]]


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_list_tells_state_project_and_reason(langfuse, folder):
    """Dead letters, calls of a process that runs, calls of one that has ended."""
    leave(langfuse, folder, 8, project="old")
    bury(langfuse, folder, 0, 1)
    langfuse.hang("payments")
    with posting(langfuse, spool_dir=str(folder), flush_interval_secs=0) as post:
        post.send(2, 3, 4)
        run = router("spool", "ls", "--format", "json")
        text = router("spool", "ls")
    langfuse.heal()
    assert (run.code, text.code) == (0, 0)
    found = rows(run)
    assert found[0] == {"state": "dead", "project": "payments", "reason": "rejected", "calls": 2}
    assert {"state": "waiting", "project": "payments", "reason": "", "calls": 3} in found
    assert {"state": "orphaned", "project": "old", "reason": "", "calls": 1} in found
    assert run.data["summary"] == {"dead": 2, "waiting": 3, "orphaned": 1, "exit_code": 0}
    lines = text.out.splitlines()
    assert lines[0] == "dead letters: refused for good, dropped from the account"
    assert lines[1].startswith("  payments  rejected (HTTP 400)  2 calls  1 kB  oldest ")
    assert lines[-1] == "6 calls: 2 dead · 3 waiting · 1 orphaned"


def test_a_list_of_nothing(folder):
    """A spool that nobody has used yet."""
    folder.mkdir()
    run = router("spool", "ls")
    assert (run.code, run.out, run.err) == (0, "0 calls: 0 dead · 0 waiting · 0 orphaned\n", "")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("ls",), "spool: no such file or directory"),
        (("ls", "--dir", "routing.yaml"), "routing.yaml: not a directory"),
        (("show", "abc"), "`abc` is too short for an id"),
        (("drop", "--state", "waiting"), "'waiting' is not one of 'dead', 'orphaned'"),
        (("replay", "--as-masked"), "`--as-masked` goes with `--to` only"),
        (("replay", "--to", "nowhere"), "there is no project `nowhere`"),
        (("export",), "missing option '-o' / '--output'"),
        (("lss",), "there is no command `lss`; did you mean `ls`?"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(command, message):
    """On stderr, with exit code 2."""
    run = router("spool", *command)
    assert run.code == 2
    assert run.out == ""
    assert message in run.err


def test_no_spool_is_named(monkeypatch):
    """The way out is named."""
    monkeypatch.delenv("ROUTER_SPOOL_DIR")
    run = router("spool", "ls")
    assert run.err == "error: no spool is named\n  = help: set ROUTER_SPOOL_DIR, or name the folder with --dir\n"


def test_a_file_that_is_damaged_or_foreign_is_named(langfuse, folder):
    """Exit code 1; everything else is listed."""
    bury(langfuse, folder, 0, 1)
    (file,) = folder.glob("dead/*.spool")
    file.write_bytes(file.read_bytes().replace(b"question 0", b"question X"))
    (folder / "dead" / "00000099-foreign.spool").write_bytes(b"something else")
    run = router("spool", "ls", "--format", "json")
    assert run.code == 1
    assert [(row["calls"], row["damaged"]) for row in run.data["rows"]] == [(1, 0), (0, 1)]
    assert run.data["unreadable"] == {"dead/00000099-foreign.spool": "it is damaged, or not a file of the spool"}
    assert "unreadable dead/00000099-foreign.spool: it is damaged" in router("spool", "ls").out


def test_a_call_is_shown_with_its_attributes(langfuse, folder):
    """Found by how its id begins; masked as it is, values whole for programs."""
    bury(langfuse, folder, 0, 1)
    run = router("spool", "show", id_of(1), "--format", "json")
    (call,) = run.data["calls"]
    assert (call["span_id"], call["project"], call["reason"], call["cause"]) == (
        id_of(1),
        "payments",
        "rejected",
        "HTTP 400",
    )
    assert "question 1" in call["attributes"]["langfuse.observation.input"]
    text = router("spool", "show", id_of(1)[:16].upper()).out
    assert text.startswith(f"{id_of(1)}  payments  dead rejected (HTTP 400)  ")
    assert "langfuse.observation.model.name" in text


def test_filters_and_the_limit_of_what_is_shown(langfuse, folder):
    """By project, reason and state; nothing found is exit code 1."""
    bury(langfuse, folder, 0, 1, 2)
    bury(langfuse, folder, 3, project="search")

    def shown(*arguments: str) -> list[str]:
        return [call["span_id"] for call in router("spool", "show", *arguments, "--format", "json").data["calls"]]

    assert shown("--project", "search") == [id_of(3)]
    assert shown("--limit", "2", "--reason", "rejected", "--project", "payments") == [id_of(0), id_of(1)]
    assert "and more; --limit shows them" in router("spool", "show", "--limit", "2").out
    assert shown("--reason", "too_large") == []
    assert router("spool", "show", "--state", "waiting").code == 1


def test_dead_letters_are_sent_again_with_the_same_bytes(langfuse, folder):
    """Once: afterwards nothing is left of them. The process that wrote them goes on meanwhile."""
    with posting(langfuse, spool_dir=str(folder)) as post:
        refuse(langfuse, post, 0, 1, 2)
        assert langfuse.spans() == []
        run = router("spool", "replay")
        assert (run.code, run.err) == (0, "")
        assert run.out == "✔ payments  3 calls delivered\n3 calls: 3 delivered, 0 stayed\n"
        assert call_ids(langfuse) == [id_of(0), id_of(1), id_of(2)]
        assert list(folder.glob("dead/*.spool")) == []
        refuse(langfuse, post, 3)
        assert router("spool", "replay", "--format", "json").data["summary"]["delivered"] == 1
    expected = [encode_call(make_masked(number), langfuse.project("payments")) for number in range(4)]
    assert [bytes_of(span) for span in langfuse.spans()] == [bytes_of_encoded(span) for span in expected]
    assert router("spool", "replay").out == "0 calls: 0 delivered, 0 stayed\n"


def bytes_of(span: Any) -> Any:
    """Return everything that a span says."""
    return span.trace_id, span.span_id, span.name, span.attributes, span.start_time_unix_nano


def bytes_of_encoded(span: bytes) -> Any:
    from router.delivery.decode import decode_call

    return bytes_of(decode_call(span)[0])


def test_what_is_refused_again_stays_and_the_rest_is_gone(langfuse, folder):
    """From the disk as well; a summary accounts for all."""
    bury(langfuse, folder, 0, 1, 2)
    langfuse.refuse(containing="question 1")
    run = router("spool", "replay")
    assert run.code == 1
    assert run.out == (
        "✔ payments  2 calls delivered\n✘ payments  1 call stayed: HTTP 400\n3 calls: 2 delivered, 1 stayed\n"
    )
    assert call_ids(langfuse) == [id_of(0), id_of(2)]
    assert b"question 1" in on_disk(folder)
    assert b"question 0" not in on_disk(folder)
    langfuse.heal()
    assert router("spool", "replay").code == 0
    assert call_ids(langfuse) == [id_of(0), id_of(2), id_of(1)]


def test_a_project_that_cannot_be_reached_keeps_its_letters(langfuse, folder, monkeypatch):
    """The others get theirs; it is given up after a few tries."""
    monkeypatch.setenv("ROUTER_RETRY_MIN_SECS", "0.01")
    bury(langfuse, folder, 0)
    bury(langfuse, folder, 1, project="search")
    before = len(langfuse.requests("payments"))
    langfuse.fail("payments", 503)
    run = router("spool", "replay", "--format", "json")
    assert run.code == 1
    assert run.data["stayed"] == [{"project": "payments", "to": "payments", "cause": "HTTP 503", "calls": 1}]
    assert run.data["delivered"] == [{"project": "search", "to": "search", "calls": 1}]
    assert len(langfuse.requests("payments")) - before == 4


def test_a_project_whose_keys_are_those_of_another_gets_nothing(langfuse, folder, tmp_path):
    """Its id is asked for first, as a running process does."""
    bury(langfuse, folder, 0)
    text = YAML.replace("{env: PAYMENTS_LF}", "{env: PAYMENTS_LF, project_id: other}")
    (tmp_path / "routing.yaml").write_text(text, "utf-8")
    run = router("spool", "replay")
    assert run.code == 1
    assert "✘ payments  1 call stayed: " in run.out
    assert langfuse.spans() == []


def test_letters_go_to_another_project_only_when_that_is_said(langfuse, folder):
    """The other project may hide what they show: the refusal names the masks, and nothing was sent."""
    bury(langfuse, folder, 0)
    run = router("spool", "replay", "--to", "search")
    assert run.code == 2
    assert "1 call would reach `search` masked as for another project" in run.err
    assert "masks that `search` may ask for and some of them lack: pci; --as-masked sends them all the same" in run.err
    assert langfuse.spans() == []
    run = router("spool", "replay", "--to", "search", "--as-masked")
    assert (run.code, run.out.splitlines()[0]) == (0, "✔ payments → search  1 call delivered")
    assert call_ids(langfuse, "search") == [id_of(0)]


def test_calls_of_processes_that_ended_can_be_sent(langfuse, folder):
    """With --state orphaned; what the file has no project for needs another one."""
    leave(langfuse, folder, 0, 1)
    leave(langfuse, folder, 2, project="old")
    run = router("spool", "replay", "--state", "orphaned")
    assert run.code == 1
    assert run.out.splitlines() == [
        "✔ payments  2 calls delivered",
        "✘ old  1 call stayed: the project is not in the file",
        "3 calls: 2 delivered, 1 stayed",
    ]
    run = router("spool", "replay", "--state", "orphaned", "--project", "old", "--to", "payments", "--as-masked")
    assert run.code == 0
    assert call_ids(langfuse) == [id_of(0), id_of(1), id_of(2)]
    assert list(folder.rglob("*.spool")) == []


def test_orphans_of_a_project_that_no_file_names_are_seen_beside_a_process(langfuse, folder):
    """A process that runs has set them aside, and does not hold them."""
    leave(langfuse, folder, 2, project="old")
    with posting(langfuse, spool_dir=str(folder)) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        _wait_for(lambda: list(folder.glob("orphans/*.spool")))
        assert "  old  project in no file  1 call" in router("spool", "ls").out
        run = router("spool", "replay", "--state", "orphaned", "--to", "payments", "--as-masked")
        assert run.out.splitlines()[-1] == "1 call: 1 delivered, 0 stayed"
    assert call_ids(langfuse) == [id_of(1), id_of(2)]


def _wait_for(condition) -> None:
    import threading
    import time

    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_what_a_process_has_is_never_touched(langfuse, folder):
    """Its calls wait in its own folder, locked; the process delivers them."""
    langfuse.hang("payments")
    with posting(langfuse, spool_dir=str(folder), flush_interval_secs=0) as post:
        post.send(0, 1)
        for command in ("replay", "drop"):
            run = router("spool", command, "--state", "orphaned", *(["--yes"] if command == "drop" else []))
            assert run.code == 0
            assert run.out.splitlines()[-1].startswith("0 calls")
        langfuse.heal()
        assert post.sender.force_flush(60)
    assert sorted(set(call_ids(langfuse))) == [id_of(0), id_of(1)]


def test_dropping_asks_first(langfuse, folder):
    """Without a terminal it has to be said with --yes; then nothing is left on the disk."""
    bury(langfuse, folder, 0, 1)
    bury(langfuse, folder, 2, project="search")
    run = router("spool", "drop", "--project", "payments")
    assert (run.code, run.out) == (2, "")
    assert run.err == "error: 2 calls would be deleted\n  = help: say --yes to do it\n"
    run = router("spool", "drop", id_of(0), "--yes")
    assert (run.code, run.out) == (0, "  payments  dead (rejected)  1 call\n1 call deleted\n")
    assert b"question 0" not in on_disk(folder)
    assert b"question 1" in on_disk(folder)
    data = router("spool", "drop", "--yes", "--format", "json").data
    assert data["summary"] == {"dropped": 2, "exit_code": 0}
    assert b"question" not in on_disk(folder)
    assert router("spool", "drop", "--yes").out == "0 calls deleted\n"


def test_orphans_are_dropped_only_when_they_are_named(langfuse, folder):
    """They are what the next process would deliver."""
    leave(langfuse, folder, 0)
    assert router("spool", "drop", "--yes").out == "0 calls deleted\n"
    assert router("spool", "drop", "--state", "orphaned", "--yes").out.splitlines()[-1] == "1 call deleted"
    assert list(folder.rglob("*.spool")) == []


def test_an_export_is_otlp_that_others_read(langfuse, folder, tmp_path):
    """As JSON lines and as protobuf: every id and attribute, and beside them why a call lies there."""
    bury(langfuse, folder, 0, 1)
    assert router("spool", "export", "-o", "calls.jsonl").out == "2 calls written to calls.jsonl\n"
    assert router("spool", "export", "--as", "protobuf", "-o", "calls.bin", id_of(0), id_of(1)).code == 0
    binary = ExportTraceServiceRequest.FromString((tmp_path / "calls.bin").read_bytes())
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text("utf-8").splitlines()]
    merged = ExportTraceServiceRequest()
    for line in lines:
        (span,) = line["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert span["spanId"] in (id_of(0), id_of(1))
        for name in ("traceId", "spanId"):  # hex in OTLP, base64 in protobuf's own JSON
            span[name] = _base64(span[name])
        merged.MergeFrom(json_format.ParseDict(line, ExportTraceServiceRequest()))
    assert merged == binary
    about = {one.key: one.value.string_value for one in binary.resource_spans[0].resource.attributes}
    assert about == {
        "router.project": "payments",
        "router.state": "dead",
        "router.reason": "rejected",
        "router.cause": "HTTP 400",
    }
    for name in ("calls.jsonl", "calls.bin"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert len(list(folder.rglob("*.spool"))) == 1


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(bytes.fromhex(text)).decode()


def test_an_export_never_takes_the_place_of_a_file_unasked(langfuse, folder, tmp_path):
    """Nor of what a link leads to."""
    bury(langfuse, folder, 0)
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine.txt")
    for name in ("mine.txt", "link"):
        run = router("spool", "export", "-o", name)
        assert (run.code, run.err.splitlines()[0]) == (2, f"error: {name} exists")
    assert router("spool", "export", "-o", "link", "--force").code == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not (tmp_path / "link").is_symlink()
    assert router("spool", "export", "-o", "nowhere/x").err.startswith(
        "error: nowhere/x cannot be written: no such file"
    )
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_bytes_that_are_no_span_are_shown_as_such(langfuse, folder):
    """Whole by their checksum, and still no span."""
    bury(langfuse, folder, 0)
    (file,) = folder.glob("dead/*.spool")
    file.write_bytes(file.read_bytes() + record_of(b"\xff\xff", 1, "rejected HTTP 400"))
    run = router("spool", "show")
    assert run.code == 0
    assert "  these bytes are no span" in run.out


def test_progress_is_told_after_two_seconds(monkeypatch: pytest.MonkeyPatch):
    """And then, where nobody looks at a terminal, every ten."""
    now = iter([0.0, 1.9, 2.0, 5.0, 11.9, 12.0])
    errors = io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    progress = Progress(lambda: next(now))
    for step in ("a", "b", "c", "d", "e"):
        progress.tell(step)
    progress.end()
    assert errors.getvalue() == "b …\ne …\n"
