"""Every kind of call through a real LiteLLM proxy: one generation each, in the project of its key, masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from router.testing import FakeLangfuse, ReceivedSpan
from tests.integration.proxy import Proxy

WRITTEN, HIDDEN = "mail bo@example.org", "mail [EMAIL]"
CHAT = [{"role": "user", "content": WRITTEN}]
SHOWN = {"messages": [{"role": "user", "content": HIDDEN}]}
ANSWER = {"content": "all is well", "role": "assistant"}
COUNTED = {"input": 3, "output": 2, "total": 5}
READ = {"input": 3, "output": 0, "total": 3}
NOTHING = {"input": 0, "output": 0, "total": 0}
CLAUDE: dict[str, Any] = {"model": "claude", "max_tokens": 9, "messages": CHAT}


@pytest.fixture
def langfuse(proxy_langfuse: FakeLangfuse) -> FakeLangfuse:
    """Return what the proxy sends to, empty."""
    proxy_langfuse.clear()
    return proxy_langfuse


def only(langfuse: FakeLangfuse) -> ReceivedSpan:
    langfuse.wait_for(1)
    (span,) = langfuse.spans()
    return span


def send(proxy: Proxy, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
    answer = proxy.post(path, "sk-a", {**body, "metadata": {"session_id": "s-1"}}, headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.seed("proxy", "call-types")
@pytest.mark.parametrize(
    ("path", "body", "kind", "output", "usage"),
    [
        ("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": CHAT}, "acompletion", ANSWER, COUNTED),
        ("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": CHAT, "stream": True}, None, ANSWER, COUNTED),
        ("/v1/completions", {"model": "instruct", "prompt": WRITTEN}, "atext_completion", "all is well", COUNTED),
        ("/v1/embeddings", {"model": "embed", "input": [WRITTEN]}, "aembedding", None, READ),
        ("/v1/responses", {"model": "gpt-4o-mini", "input": WRITTEN}, "aresponses", ..., COUNTED),
        ("/v1/responses", {"model": "gpt-4o-mini", "input": WRITTEN, "stream": True}, "aresponses", ..., COUNTED),
        ("/v1/messages", CLAUDE, "anthropic_messages", ANSWER, COUNTED),
        ("/v1/messages", {**CLAUDE, "stream": True}, "anthropic_messages", ANSWER, COUNTED),
        ("/v1/images/generations", {"model": "dall-e-3", "prompt": WRITTEN}, "aimage_generation", ..., NOTHING),
        ("/v1/audio/speech", {"model": "tts", "voice": "alloy", "input": WRITTEN}, "aspeech", ..., {}),
        ("/v1/moderations", {"model": "omni-moderation-latest", "input": WRITTEN}, "amoderation", ..., {}),
        ("/v1/rerank", {"model": "rerank", "query": WRITTEN, "documents": ["a", WRITTEN]}, "arerank", ..., {}),
    ],
)  # fmt: skip
def test_a_call_of_each_route_is_one_generation(
    proxy: Proxy, langfuse: FakeLangfuse, path: str, body: dict[str, Any], kind: str | None, output: Any, usage: Any
) -> None:
    """In the project of its key's team, with the kind of call as the trace's name, its usage, and its texts masked."""
    send(proxy, path, body)
    span = only(langfuse)
    assert (span.project, span.level, span.name) == ("team-a", "DEFAULT", "litellm:key-a")
    assert span.trace["name"] == f"litellm-{kind or 'acompletion'}"
    assert (span.trace["session_id"], span.usage) == ("s-1", usage)
    assert span.input == (SHOWN if "rerank" not in path else {**SHOWN, "documents": ["a", HIDDEN]})
    assert span.output == output or (output is ... and span.output)
    assert "bo@example" not in repr(span.attributes)


@pytest.mark.seed("call-types", "headers")
@pytest.mark.parametrize(
    ("path", "form", "kind", "usage"),
    [
        ("/v1/audio/transcriptions", {"model": "whisper"}, "atranscription", COUNTED),
        ("/v1/images/edits", {"model": "dall-e-3", "prompt": WRITTEN}, "aimage_edit", NOTHING),
    ],
)
def test_a_file_is_described_and_its_call_is_one_generation(
    proxy: Proxy, langfuse: FakeLangfuse, path: str, form: dict[str, str], kind: str, usage: Any
) -> None:
    """Forms have no metadata: a header says the session."""
    headers = {"Authorization": "Bearer sk-a", "langfuse_session_id": "s-1"}
    file = {"image" if "image" in path else "file": ("a.wav", b"RIFF" + bytes(64))}
    with httpx.Client(trust_env=False, timeout=60) as client:
        assert client.post(proxy.url + path, headers=headers, files=file, data=form).status_code == 200
    span = only(langfuse)
    assert (span.project, span.trace["name"], span.trace["session_id"]) == ("team-a", f"litellm-{kind}", "s-1")
    (message,) = span.input["messages"]
    assert message["content"] == HIDDEN or message["content"].startswith("[file with the SHA-256 ")
    assert (bool(span.output), span.usage) == (True, usage)


@pytest.mark.seed("call-types")
@pytest.mark.parametrize(
    ("path", "body", "asked", "answered", "usage"),
    [
        ("/custom", {"q": WRITTEN, "n": 1}, {"q": HIDDEN, "n": 1}, {"echo": {"q": HIDDEN, "n": 1}}, {}),
        ("/anthropic/v1/messages", CLAUDE, {"max_tokens": 9, **SHOWN}, ANSWER, COUNTED),
        ("/anthropic/v1/messages", {**CLAUDE, "stream": True}, {"max_tokens": 9, **SHOWN}, ANSWER, COUNTED),
        ("/openai/v1/chat/completions", {"model": "m", "messages": CHAT}, SHOWN, ANSWER, COUNTED),
        ("/openai/v1/chat/completions", {"model": "m", "messages": CHAT, "stream": True}, SHOWN, ANSWER, COUNTED),
    ],
)  # fmt: skip
def test_a_pass_through_endpoint_belongs_to_the_key_that_calls_it(
    proxy: Proxy,
    langfuse: FakeLangfuse,
    path: str,
    body: dict[str, Any],
    asked: Any,
    answered: Any,
    usage: Any,
) -> None:
    """LiteLLM hands over what it wrote of the key; a client's claims in the same place count for nothing."""
    claim = {"user_api_key_team_id": "team-b", "team": "team-b", "user_api_key_alias": "key-b", "session_id": "s-1"}
    answer = proxy.post(path, "sk-a", {**body, "metadata": claim}, {"langfuse_project": "sandbox"})
    assert answer.status_code == 200, answer.text
    span = only(langfuse)
    assert (span.project, span.name, span.level) == ("team-a", "litellm:key-a", "DEFAULT")
    assert span.trace["name"] == "litellm-pass_through_endpoint"
    assert (span.trace["session_id"], span.metadata["user_api_key_team_id"]) == ("s-1", "team-a")
    assert (span.input, span.output, span.usage) == (asked, answered, usage)
    assert "bo@example" not in repr(span.attributes)


@pytest.mark.seed("call-types", "failure-callback")
@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("/custom", {"q": WRITTEN}, {"q": HIDDEN}),
        ("/anthropic/v1/messages", CLAUDE, {"max_tokens": 9, **SHOWN}),
        ("/openai/v1/chat/completions", {"messages": CHAT}, SHOWN),
        ("/openai/v1/chat/completions", {"messages": CHAT, "stream": True}, SHOWN),
    ],
)
def test_what_a_provider_refuses_behind_a_pass_through_endpoint_is_one_failure(
    proxy: Proxy, langfuse: FakeLangfuse, path: str, body: dict[str, Any], asked: Any
) -> None:
    """With what was asked and the provider's answer as its error, for the key that called; claims count for nothing."""
    claim = {"user_api_key_team_id": "team-b", "team": "team-b", "session_id": "s-1"}
    forged = {"litellm_call_id": "mine", "call_type": "acompletion", "litellm_params": {"metadata": claim}}
    assert proxy.post(path, "sk-a", {**body, **forged, "model": "failing", "metadata": claim}).status_code == 429
    langfuse.wait_for(1)
    assert proxy.chat().status_code == 200
    span, _ = langfuse.wait_for(2)
    assert (span.project, span.name, span.level) == ("team-a", "litellm:key-a", "ERROR")
    assert span.trace["name"] == "litellm-pass_through_endpoint"
    assert (span.trace["session_id"], span.metadata["user_api_key_team_id"]) == ("s-1", "team-a")
    assert {name: span.input[name] for name in asked} == asked
    assert "too many requests" in span.attributes["langfuse.observation.status_message"]
    assert "bo@example" not in repr(span.attributes)


@pytest.mark.seed("call-types", "failure-callback")
def test_a_stream_that_breaks_behind_a_pass_through_endpoint_is_one_failure(
    proxy: Proxy, langfuse: FakeLangfuse
) -> None:
    """By whichever hook LiteLLM reports it."""
    body = {"model": "breaking", "messages": CHAT, "stream": True}
    with pytest.raises(httpx.RemoteProtocolError):
        proxy.post("/openai/v1/chat/completions", "sk-a", body)
    langfuse.wait_for(1)
    assert proxy.chat().status_code == 200
    span, _ = langfuse.wait_for(2)
    assert len(langfuse.spans()) == 2
    assert (span.project, span.level) == ("team-a", "ERROR")


@pytest.mark.seed("call-types", "headers")
def test_a_realtime_session_is_one_generation(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """Its input is what the user wrote, its output what the model said, with nothing of the one in the other."""
    headers = {"Authorization": "Bearer sk-a", "langfuse_session_id": "s-1"}
    part = {"type": "input_text", "text": WRITTEN}
    item = {"type": "message", "role": "user", "content": [part]}
    address = f"ws{proxy.url.removeprefix('http')}/v1/realtime?model=realtime"
    with connect(address, additional_headers=headers, proxy=None) as connection:
        assert json.loads(connection.recv(30))["type"] == "session.created"
        for _ in range(2):
            connection.send(json.dumps({"type": "conversation.item.create", "item": item}))
            assert json.loads(connection.recv(30))["type"] == "conversation.item.added"
            connection.send(json.dumps({"type": "response.create"}))
            assert json.loads(connection.recv(30))["type"] == "response.done"
    span = only(langfuse)
    assert (span.project, span.name, span.trace["session_id"]) == ("team-a", "litellm:key-a", "s-1")
    assert span.input == {"messages": [{"role": "user", "content": HIDDEN}] * 2}
    assert [(said["role"], said["content"][0]["text"]) for said in span.output] == [("assistant", "all is well")] * 2
    assert span.usage == {"input": 6, "output": 4, "total": 10}
    assert "example.org" not in repr(span.attributes)
