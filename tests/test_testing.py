"""The public double: a Langfuse server that says exactly what it received."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from router.delivery import encode_call
from router.delivery.batch import encode_request
from router.testing import FakeLangfuse, make_record
from tests.masked_calls import make_masked

PATH = "/api/public/otel/v1/traces"


def credentials(project: str = "payments") -> dict[str, str]:
    pair = f"pk-lf-{project}:sk-lf-{project}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def body(langfuse: FakeLangfuse, *numbers: int, **changes: Any) -> bytes:
    return encode_request([encode_call(make_masked(number, **changes), langfuse.project("p")) for number in numbers])


def ask(
    langfuse: FakeLangfuse, method: str, path: str, data: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Send one request by hand and return (status, JSON of the answer)."""
    connection = http.client.HTTPConnection("127.0.0.1", int(langfuse.url.rsplit(":", 1)[1]), timeout=10)
    try:
        connection.request(method, path, data, {"Content-Type": "application/x-protobuf", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def test_spans_are_kept_by_project_with_everything_they_say(langfuse):
    """The helpers read the attributes as a person reads Langfuse's page."""
    data = body(
        langfuse,
        1,
        status="failure",
        status_message="boom",
        output=None,
        usage_details={"input": 3},
        cost_details={"total": 0.5},
        trace={"name": "checkout", "user_id": "u", "tags": ["t"], "metadata": {"k": {"a": 1}}},
        generation={"name": "answer", "metadata": {"n": 7, "text": "seven"}},
        masked={"email": 2},
    )
    zipped = zlib.compress(data, wbits=31)
    assert ask(langfuse, "POST", PATH, zipped, {"Content-Encoding": "gzip", **credentials()}) == (200, {})
    assert ask(langfuse, "POST", PATH, data, credentials("search"))[0] == 200
    (span,) = langfuse.spans("payments")
    assert (span.project, span.public_key, span.name, span.level) == ("payments", "pk-lf-payments", "answer", "ERROR")
    assert span.input == {"messages": [{"role": "user", "content": "question 1"}]}
    assert (span.output, span.status_text, span.model) == ("boom", "boom", "gpt-4o-mini")
    assert (span.usage, span.cost) == ({"input": 3}, {"total": 0.5})
    assert span.metadata["n"] == 7
    assert span.metadata["text"] == "seven"
    assert span.routing == {"rule": "payments", "masked": {"email": 2}}
    assert span.trace == {"name": "checkout", "user_id": "u", "tags": ["t"], "metadata": {"k": {"a": 1}}}
    assert "authorization" not in span.headers
    assert [span.project for span in langfuse.spans()] == ["payments", "search"]
    (request,) = langfuse.requests("payments")
    assert (request.body, request.status, request.spans) == (zipped, 200, 1)
    langfuse.clear()
    assert (langfuse.spans(), langfuse.requests()) == ([], [])


def test_the_secret_key_alone_decides_the_project(langfuse):
    """As on the real server, whatever the public key says."""
    pair = base64.b64encode(b"pk-lf-payments:sk-lf-search").decode()
    ask(langfuse, "POST", PATH, body(langfuse, 1), {"Authorization": f"Basic {pair}"})
    (span,) = langfuse.spans()
    assert (span.project, span.public_key) == ("search", "pk-lf-payments")


def test_unknown_keys_are_refused():
    """When the projects are given, no other exists."""
    with FakeLangfuse(projects=["search"]) as langfuse:
        assert ask(langfuse, "POST", PATH, body(langfuse, 1), credentials("search"))[0] == 200
        assert ask(langfuse, "POST", PATH, body(langfuse, 1), credentials("payments"))[0] == 401
        assert ask(langfuse, "POST", PATH, body(langfuse, 1))[0] == 401
        assert ask(langfuse, "POST", PATH, body(langfuse, 1), {"Authorization": "Basic ***"})[0] == 401
        assert ask(langfuse, "GET", "/api/public/projects", headers=credentials("payments"))[0] == 401


def test_what_the_real_server_refuses_is_refused(langfuse):
    """Wrong content type, broken gzip, broken protobuf, missing ids, wrong method, double slash."""
    data = body(langfuse, 1)
    span = ExportTraceServiceRequest()
    span.resource_spans.add().scope_spans.add().spans.add(name="without ids")
    auth = credentials()
    assert ask(langfuse, "POST", PATH, data, {"Content-Type": "text/plain", **auth})[0] == 400
    assert ask(langfuse, "POST", PATH, data, {"Content-Encoding": "gzip", **auth})[0] == 400
    assert ask(langfuse, "POST", PATH, b"\xff\xff", auth)[0] == 400
    assert ask(langfuse, "POST", PATH, span.SerializeToString(), auth)[0] == 400
    assert ask(langfuse, "GET", PATH, headers=auth)[0] == 405
    assert ask(langfuse, "POST", "/" + PATH, data, auth)[0] == 308
    assert ask(langfuse, "POST", PATH + "/", data, auth)[0] == 308
    assert ask(langfuse, "POST", "/other", data, auth)[0] == 404
    assert langfuse.spans() == []


def test_one_attribute_without_a_value_loses_the_whole_request(langfuse):
    """After a 200, as on the real server: the trap the encoder must never step into."""
    request = ExportTraceServiceRequest.FromString(body(langfuse, 1, 2))
    request.resource_spans[0].scope_spans[0].spans[1].attributes.add(key="nothing")
    assert ask(langfuse, "POST", PATH, request.SerializeToString(), credentials())[0] == 200
    assert langfuse.spans() == []
    assert len(langfuse.lost()) == 1


def test_health_and_projects_answer_like_langfuse(langfuse):
    """What identity checks and scripts ask for."""
    assert ask(langfuse, "GET", "/api/public/health") == (200, {"status": "OK", "version": "4.16.0"})
    status, found = ask(langfuse, "GET", "/api/public/projects", headers=credentials())
    assert status == 200
    assert found["data"][0]["name"] == "payments"


def test_variables_and_projects_lead_to_the_server(langfuse):
    """By the prefix, or by a name of one's own."""
    assert langfuse.environ("PAYMENTS_LF") == {
        "PAYMENTS_LF_PUBLIC_KEY": "pk-lf-payments",
        "PAYMENTS_LF_SECRET_KEY": "sk-lf-payments",
        "PAYMENTS_LF_HOST": langfuse.url,
    }
    assert langfuse.environ("LANGFUSE", "main")["LANGFUSE_SECRET_KEY"] == "sk-lf-main"
    project = langfuse.project("payments", environment="test")
    assert (project.name, project.host, project.environment) == ("payments", langfuse.host, "test")


def test_faults_belong_to_one_project_or_to_all_and_end(langfuse):
    """A status with Retry-After, a limit of bytes, so many times."""
    data = body(langfuse, 1)
    langfuse.fail("payments", 429, retry_after="3", times=1)
    assert ask(langfuse, "POST", PATH, data, credentials("search"))[0] == 200
    assert ask(langfuse, "POST", PATH, data, credentials())[0] == 429
    assert ask(langfuse, "POST", PATH, data, credentials())[0] == 200
    langfuse.limit(max_bytes=10)
    assert ask(langfuse, "POST", PATH, data, credentials("search"))[0] == 413
    langfuse.heal()
    langfuse.slow(seconds=0.01)
    assert ask(langfuse, "POST", PATH, data, credentials("search"))[0] == 200


def test_a_reset_and_a_hang_leave_the_client_without_an_answer(langfuse):
    """Until the hang is healed, which cuts the connection."""
    langfuse.reset(times=1)
    with pytest.raises(ConnectionResetError):
        ask(langfuse, "POST", PATH, body(langfuse, 1), credentials())
    langfuse.hang()
    host, port = langfuse.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        auth = credentials()["Authorization"]
        client.sendall(
            f"POST {PATH} HTTP/1.1\r\nContent-Type: application/x-protobuf\r\nAuthorization: {auth}\r\n\r\n".encode()
        )
        langfuse.wait_for_requests(2)
        langfuse.heal()
        assert client.recv(100) == b""
    assert [request.status for request in langfuse.requests()] == [0, 0]


def test_waiting_for_too_much_says_what_is_missing(langfuse):
    """By condition, not by sleeping."""
    with pytest.raises(TimeoutError) as caught:
        langfuse.wait_for(2, timeout=0.01)
    assert str(caught.value) == "0 of 2 spans after 0.01 s"


def test_a_closed_server_answers_nobody_and_keeps_what_it_has():
    """Closing twice is closing once."""
    langfuse = FakeLangfuse().start()
    ask(langfuse, "POST", PATH, body(langfuse, 1), credentials())
    langfuse.close()
    langfuse.close()
    assert len(langfuse.spans()) == 1
    with pytest.raises(ConnectionRefusedError):
        ask(langfuse, "GET", "/api/public/health")


def test_a_record_is_realistic_and_any_field_can_be_changed():
    """What tests of routing and masking start from."""
    record = make_record(team="search", model="gpt-5")
    assert (record.team, record.model, record.status) == ("search", "gpt-5", "success")
    assert record.end_time_unix_nano > record.start_time_unix_nano
    assert repr(record).startswith("CallRecord(call_id=")
