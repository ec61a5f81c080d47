"""What SECURITY.md promises of masking, on a real LiteLLM: no byte that Langfuse gets holds what was to be hidden."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Callable
from typing import Any

import litellm
import pytest
from litellm import CustomLLM, ModelResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from router.litellm import RouterLogger
from router.testing import FakeLangfuse

NEEDLE = "needle.bird@example.com"
FAILED = "[MASK FAILED: mask-function]"
MASKING = """
version: 1
projects: {shared: {env: LANGFUSE}}
overrides: {allow: ["*"]}
rules: [{id: rest, route: shared, mask: [pii, secrets]}]
"""
SHOWING = """
version: 1
projects: {shared: {env: LANGFUSE}}
overrides: {allow: ["*"]}
rules: [{id: rest, route: shared}]
"""
HIDING = """
version: 1
projects: {shared: {env: LANGFUSE}}
overrides: {allow: ["*"]}
masks: {content: [{paths: [content]}]}
rules: [{id: rest, route: shared, mask: [content]}]
"""
NESTED = json.dumps({"a": json.dumps({"b": json.dumps({"mail": NEEDLE})})})
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": NEEDLE},
    {
        "role": "user",
        "name": NEEDLE,
        "content": [
            {"type": "text", "text": f"I am {NEEDLE[:9]}"},
            {"type": "text", "text": f"{NEEDLE[9:]}, hello"},
            {"type": "image_url", "image_url": {"url": f"https://h.example/{NEEDLE}"}},
            {"type": "file", "file": {"filename": NEEDLE, "file_id": NEEDLE}},
        ],
    },
    {
        "role": "assistant",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": NESTED}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": json.dumps([NEEDLE])},
]
ASKED: dict[str, Any] = {
    "model": "needles/m",
    "messages": MESSAGES,
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": NEEDLE,
                "parameters": {"type": "object", "properties": {NEEDLE: {"type": "string", "default": NEEDLE}}},
            },
        }
    ],
    "stop": [NEEDLE],
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"description": NEEDLE}}},
    "prediction": {"type": "content", "content": NEEDLE},
    "extra_headers": {"X-Note": NEEDLE},
    "extra_body": {"note": NEEDLE},
}
ANSWERED = {
    "role": "assistant",
    "content": NEEDLE,
    "reasoning_content": NEEDLE,
    "refusal": NEEDLE,
    "annotations": [{"type": "url_citation", "url_citation": {"url": NEEDLE, "title": NEEDLE}}],
    "audio": {"id": "a", "data": "QUJD", "transcript": NEEDLE, "expires_at": 1},
    "thinking_blocks": [{"type": "thinking", "thinking": NEEDLE, "signature": NEEDLE}],
    "provider_specific_fields": {"note": NEEDLE},
    "tool_calls": [{"id": NEEDLE, "type": "function", "function": {"name": NEEDLE, "arguments": NESTED}}],
}
SAID: dict[str, Any] = {
    **{f"trace_{name}": NEEDLE for name in ("name", "user_id", "version", "release", "id", "input", "output", "note")},
    **dict.fromkeys(("session_id", "generation_name", "generation_id", "version", "note", NEEDLE), NEEDLE),
    "trace_metadata": {NEEDLE: [NEEDLE]},
    "tags": [NEEDLE],
    "headers": {"x-note": NEEDLE},
    "requester_metadata": {"note": NEEDLE},
    "debug_langfuse": True,
}


class Provider(CustomLLM):  # type: ignore[misc]
    """Answers with the needle in everything that an answer of LiteLLM can hold, or fails and quotes it."""

    def __init__(self, *, fails: bool) -> None:
        self._fails = fails

    def completion(self, *args: Any, **kwargs: Any) -> ModelResponse:
        if self._fails:
            raise litellm.BadRequestError(f"refused: {NEEDLE}", "m", "needles")
        logprobs = {
            "content": [{"token": NEEDLE, "logprob": -1.0, "top_logprobs": [{"token": NEEDLE, "logprob": -1.0}]}]
        }
        choice = {"index": 0, "finish_reason": "stop", "message": ANSWERED, "logprobs": logprobs}
        return ModelResponse(id="r-1", model="m", choices=[choice])


@pytest.fixture
def provider_of_needles(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a function that registers such a provider with LiteLLM."""

    def registered(fails: bool) -> None:
        monkeypatch.setattr(
            litellm, "custom_provider_map", [{"provider": "needles", "custom_handler": Provider(fails=fails)}]
        )

    return registered


def sent(langfuse: FakeLangfuse) -> bytes:
    """Return the bytes that Langfuse got, which OpenTelemetry's own parser can read."""
    bodies = [gzip.decompress(request.body) for request in langfuse.requests()]
    assert all(ExportTraceServiceRequest.FromString(body).resource_spans for body in bodies)
    return b"".join(bodies)


def complete(logger: RouterLogger, **arguments: Any) -> None:
    """Make one call, whatever becomes of it, and wait until it has been delivered."""
    with contextlib.suppress(litellm.BadRequestError):
        litellm.completion(**arguments)
    assert logger.flush(60)


@pytest.mark.parametrize("fails", [False, True], ids=["answers", "fails"])
@pytest.mark.parametrize("logger", [MASKING], indirect=True)
def test_no_place_of_a_call_shows_what_a_detector_finds(
    fails: bool, logger: RouterLogger, shared: FakeLangfuse, provider_of_needles: Callable[[bool], None]
) -> None:
    """Messages, parts, tools, arguments, parameters, answers, errors, names, ids, tags, metadata and its keys."""
    provider_of_needles(fails)
    complete(logger, **ASKED, user=NEEDLE, metadata=SAID)
    (span,) = shared.spans()
    assert b"bird" not in sent(shared)
    assert "[EMAIL]" in repr(span.input)
    assert "[EMAIL]" in repr(span.output or span.status_text)


@pytest.mark.parametrize("fails", [False, True], ids=["answers", "fails"])
@pytest.mark.parametrize("logger", [HIDING], indirect=True)
def test_nothing_that_was_said_is_shown_where_the_content_is_hidden(
    fails: bool, logger: RouterLogger, shared: FakeLangfuse, provider_of_needles: Callable[[bool], None]
) -> None:
    """Nor what quotes it: parameters, the error, `trace_input`, what debugging repeats, a trace that is continued."""
    provider_of_needles(fails)
    said = {"trace_input": NEEDLE, "trace_output": NEEDLE, "debug_langfuse": True, "existing_trace_id": "t-1"}
    complete(logger, **ASKED, metadata={**said, "update_trace_keys": ["input", "output"]})
    (span,) = shared.spans()
    assert b"bird" not in sent(shared)
    redacted = "redacted-by-litellm"
    assert (span.input, span.output) == (redacted, redacted)
    assert span.attributes["langfuse.trace.input"] == span.attributes["langfuse.trace.output"] == redacted


@pytest.mark.parametrize("value", [True, "true", "1", 1], ids=repr)
@pytest.mark.parametrize("logger", [SHOWING], indirect=True)
def test_a_switch_hides_what_it_names_and_whatever_repeats_it(
    value: Any, logger: RouterLogger, shared: FakeLangfuse
) -> None:
    """As booleans, and as the texts of a header."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": NEEDLE}], "mock_response": f"not {NEEDLE}"}
    complete(logger, **asked, metadata={"mask_input": value, "mask_output": value, "trace_input": NEEDLE})
    assert b"bird" not in sent(shared)


@pytest.mark.parametrize("value", [False, "false", "0", 0], ids=repr)
@pytest.mark.parametrize("logger", [HIDING], indirect=True)
def test_no_switch_lifts_a_mask(value: Any, logger: RouterLogger, shared: FakeLangfuse) -> None:
    """Whoever says false asks for nothing."""
    switches = dict.fromkeys(("mask_input", "mask_output", "turn_off_message_logging"), value)
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": NEEDLE}], "mock_response": f"not {NEEDLE}"}
    complete(logger, **asked, metadata=switches)
    assert b"bird" not in sent(shared)


def _raises(text: str) -> str:
    raise ValueError(text)


@pytest.mark.parametrize(
    ("function", "shown"),
    [(_raises, FAILED), (lambda text, more: text, FAILED), (lambda text: object(), "[MASKED:object]")],
    ids=["raises", "takes two", "returns an object"],
)
@pytest.mark.parametrize("logger", [SHOWING], indirect=True)
def test_a_masking_function_that_fails_shows_nothing_and_is_counted(
    function: Callable[..., Any],
    shown: str,
    logger: RouterLogger,
    shared: FakeLangfuse,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The call arrives; the marker and the log name the mask, never the content."""
    messages = [{"role": "user", "content": NEEDLE}]
    metadata = {"langfuse_masking_function": function}
    complete(logger, model="gpt-4o", messages=messages, mock_response=NEEDLE, metadata=metadata)
    (span,) = shared.spans()
    assert shown in repr(span.input)
    assert shown in repr(span.output)
    assert b"bird" not in sent(shared)
    assert "bird" not in caplog.text
    counted = {"mask-function": 1} if shown == FAILED else {}
    assert (logger.stats().mask_failed, logger.stats().delivered) == (counted, 1)
