"""`router spool` and calls of several spans, such as one that continues a trace on a server of generation 4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from router.delivery import encode_call
from router.delivery.spool.folders import open_root
from router.delivery.spool.letters import DeadLetters
from router.testing import FakeLangfuse
from tests.command_line import router
from tests.masked_calls import make_masked
from tests.test_cli_spool import YAML, id_of


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


@pytest.fixture(autouse=True)
def calls(langfuse: FakeLangfuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bury two calls, the first of two spans, beside a routing.yaml."""
    (tmp_path / "routing.yaml").write_text(YAML, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in (langfuse.environ("PAYMENTS_LF") | langfuse.environ("SEARCH_LF")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROUTER_SPOOL_DIR", str(tmp_path / "spool"))
    one, beside, two = (encode_call(make_masked(number), langfuse.project("payments")) for number in (0, 7, 1))
    letters = DeadLetters(open_root(str(tmp_path / "spool")), 10**7, "never")
    letters.keep("payments", [one + beside, two], "rejected HTTP 400")


def test_such_a_call_is_listed_as_one_and_shown_with_every_span():
    """The generation first."""
    assert router("spool", "ls", "--format", "json").data["summary"]["dead"] == 2
    run = router("spool", "show", id_of(0), "--format", "json")
    (call,) = run.data["calls"]
    (other,) = call["other_spans"]
    assert (call["span_id"], other["span_id"]) == (id_of(0), id_of(7))
    assert "question 7" in other["attributes"]["langfuse.observation.input"]
    text = router("spool", "show", id_of(0)).out
    assert f"  and in the span {id_of(7)}, litellm-acompletion:\n" in text
    assert "question 7" in text


def test_it_is_sent_whole_and_counted_once(langfuse):
    """Both spans arrive, and it counts as one call."""
    assert router("spool", "replay").out == "✔ payments  2 calls delivered\n2 calls: 2 delivered, 0 stayed\n"
    assert [span.span_id for span in langfuse.spans()] == [id_of(0), id_of(7), id_of(1)]


def test_an_export_has_every_span(tmp_path):
    """A call a line; as protobuf one request of three spans."""
    assert router("spool", "export", "-o", "calls.jsonl").out == "2 calls written to calls.jsonl\n"
    assert router("spool", "export", "--as", "protobuf", "-o", "calls.bin").code == 0
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text("utf-8").splitlines()]
    written = [[s["spanId"] for s in line["resourceSpans"][0]["scopeSpans"][0]["spans"]] for line in lines]
    assert written == [[id_of(0), id_of(7)], [id_of(1)]]
    request = ExportTraceServiceRequest.FromString((tmp_path / "calls.bin").read_bytes())
    found = [[s.span_id.hex() for s in one.scope_spans[0].spans] for one in request.resource_spans]
    assert found == written
