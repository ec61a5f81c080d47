"""`langfuse_*` headers through a running LiteLLM proxy: spellings, types, limits, and what they cannot do."""

from __future__ import annotations

import json

import pytest

from router.testing import FakeLangfuse, ReceivedSpan
from tests.integration.proxy import Proxy

LONG = "x" * 20_000
SENT = {
    "trace_user_id": "kim",
    "session_id": "s-1",
    "tags": '["a", "b"]',
    "trace_metadata": json.dumps({"ticket": 7, "mail": "bo@example.org", "deep": {"list": [1, True]}}),
    "trace_public": "true",
    "trace_name": "mine",
}


@pytest.fixture
def langfuse(proxy_langfuse: FakeLangfuse) -> FakeLangfuse:
    """Return what the proxy sends to, empty."""
    proxy_langfuse.clear()
    return proxy_langfuse


def only(
    proxy: Proxy, langfuse: FakeLangfuse, headers: dict[str, str], key: str = "sk-a", **body: object
) -> ReceivedSpan:
    assert proxy.chat(key, headers, **body).status_code == 200
    langfuse.wait_for(1)
    (span,) = langfuse.spans()
    return span


@pytest.mark.seed("headers", "header-spellings")
@pytest.mark.parametrize("spelling", ["langfuse_{}", "langfuse-{}", "x-langfuse-{}", "X-LangFuse_{}"])
def test_headers_of_every_spelling_say_what_overrides_allow(
    proxy: Proxy, langfuse: FakeLangfuse, spelling: str
) -> None:
    """JSON for metadata, a list for tags, a truth value for public; the name of a trace is not allowed here."""
    hyphens = "-" in spelling.removeprefix("x-").removesuffix("{}")
    headers = {spelling.format(key.replace("_", "-") if hyphens else key): value for key, value in SENT.items()}
    trace = only(proxy, langfuse, headers).trace
    assert (trace["user_id"], trace["session_id"], trace["public"]) == ("kim", "s-1", True)
    assert set(trace["tags"]) == {"a", "b", "key-tag", "prod"}
    assert trace["metadata"] == {"ticket": 7, "mail": "[EMAIL]", "deep": {"list": [1, True]}}
    assert trace["name"] == "litellm-acompletion"


@pytest.mark.seed("headers", "header-spellings")
def test_a_header_that_is_too_long_is_cut_and_the_call_arrives(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """Tags as one text are split at commas; a value counts up to 16 384 characters."""
    headers = {"langfuse_trace_metadata": LONG, "langfuse_tags": "a, b", "langfuse_trace_public": "no"}
    trace = only(proxy, langfuse, headers).trace
    assert trace["metadata"] == {"trace_metadata": LONG[:16_384]}
    assert {"a", "b"} < set(trace["tags"])
    assert not trace.get("public")


@pytest.mark.seed("turn-off-message-logging")
def test_no_header_lifts_a_redaction(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """Neither LiteLLM's own nor ours, nor the same words in the body; a header can add one."""
    lifting = {
        "litellm-disable-message-redaction": "true",
        "x-litellm-disable-message-redaction": "true",
        "langfuse_mask_input": "false",
        "x-langfuse-mask-output": "false",
    }
    switches = {"metadata": {"mask_input": False, "mask_output": False}}
    span = only(proxy, langfuse, lifting, "sk-private", **switches)
    assert (span.input, span.output) == ("redacted-by-litellm", "redacted-by-litellm")
    langfuse.clear()
    span = only(proxy, langfuse, {"langfuse-mask-input": "true"})
    assert (span.input, span.output["content"]) == ("redacted-by-litellm", "hello from mock")
