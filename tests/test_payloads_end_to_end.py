"""Every captured LiteLLM payload, through the whole router: routed, masked, encoded, received, decoded."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from router import Router
from router.litellm import RouterLogger
from router.testing import FakeLangfuse
from tests.payloads import NAMES, Payload, load_payload

YAML = """
version: 1
defaults: {environment: production}
projects: {all: {env: ALL}, failed: {env: FAILED}}
rules:
  - {id: failed, match: {status: failure}, route: failed}
  - {id: rest, route: all}
overrides: {allow: ["*"], credentials: never}
"""
UNAUTHENTICATED = {"proxy_bad_key_spoof"}
NEVER = (b"fake-provider-key", b"Bearer sk-", b"authorization", b"user_api_key_auth", b"proxy_server_request")


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    """Return a Langfuse with both projects."""
    with FakeLangfuse(["all", "failed"]) as server:
        yield server


def _send(payload: Payload, langfuse: FakeLangfuse, folder: Path) -> Router:
    path = folder / "routing.yaml"
    path.write_text(YAML, "utf-8")
    router = Router.from_file(path, environ=langfuse.environ("ALL") | langfuse.environ("FAILED"))
    logger = RouterLogger(router, proxy_process=payload.is_proxy)
    hook = logger.log_failure_event if payload.status == "failure" else logger.log_success_event
    hook(payload.kwargs, payload.response_obj, payload.start_time, payload.end_time)
    assert router.shutdown(60)
    return router


@pytest.mark.parametrize("name", NAMES)
def test_a_captured_call_arrives(name: str, langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """One generation in the right project, with the fields that Langfuse needs; or dropped for a named reason."""
    payload = load_payload(name)
    stats = _send(payload, langfuse, tmp_path).stats()
    if name in UNAUTHENTICATED:
        assert (langfuse.spans(), stats.dropped) == ([], {"unauthenticated": 1})
        return
    assert (stats.handled, stats.delivered, stats.in_flight) == (1, 1, 0)
    (span,) = langfuse.spans()
    failed = payload.status == "failure"
    assert span.project == ("failed" if failed else "all")
    assert span.attributes["langfuse.observation.type"] == "generation"
    assert span.level == ("ERROR" if failed else "DEFAULT")
    assert bool(span.status_text) is failed
    assert span.model
    assert span.trace["environment"] == "production"
    assert span.input
    assert span.end_time_unix_nano >= span.start_time_unix_nano > 1_700_000_000 * 10**9
    if failed:
        assert span.usage == {"input": 0, "output": 0, "total": 0}
    else:
        assert span.usage["total"] >= 0
        assert "embedding" in name or span.output


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_protobuf_without_anything_internal(name: str, langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """OpenTelemetry's own parser reads them; no attribute is without a value; no key, header or body is inside."""
    _send(load_payload(name), langfuse, tmp_path)
    for request in langfuse.requests():
        raw = gzip.decompress(request.body)
        parsed = ExportTraceServiceRequest.FromString(raw)
        spans = [s for r in parsed.resource_spans for scope in r.scope_spans for s in scope.spans]
        assert len(spans) == 1
        assert all(attribute.value.WhichOneof("value") for attribute in spans[0].attributes)
        assert [word for word in NEVER if word in raw] == []


@pytest.mark.seed("headers", "header-spellings")
def test_headers_of_a_proxys_client_are_typed_metadata(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """With underscores, with hyphens as nginx needs them, and as `x-langfuse-*`; they beat no mask."""
    payload = load_payload("proxy_chat_minimal")
    payload.kwargs["litellm_params"]["proxy_server_request"]["headers"] = {
        "langfuse_session_id": "s-1",
        "langfuse-tags": '["h1", "h2"]',
        "x-langfuse-trace-metadata": '{"key": {"deep": 1}}',
        "X-Langfuse-Trace-Public": "true",
        "langfuse_mask_input": "true",
        "langfuse_secret_key": "sk-lf-canary",
    }
    _send(payload, langfuse, tmp_path)
    (span,) = langfuse.spans()
    assert span.trace["session_id"] == "s-1"
    assert {"h1", "h2"} <= set(span.trace["tags"])
    assert (span.trace["metadata"], span.trace["public"]) == ({"key": {"deep": 1}}, True)
    assert span.input == "redacted-by-litellm"
    assert "canary" not in repr(span.attributes)
