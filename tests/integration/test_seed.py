"""The metadata of LiteLLM's documentation, sentence by sentence, on a real LiteLLM, as Langfuse gets it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import litellm
import pytest

from router.litellm import RouterLogger
from router.testing import FakeLangfuse, ReceivedSpan

MESSAGES = [{"role": "user", "content": "mail ann@example.com"}]
REDACTED = "redacted-by-litellm"
MASKING = """
version: 1
projects: {shared: {env: LANGFUSE}}
masks: {mail: [{detect: [email]}]}
rules: [{id: rest, route: shared, mask: [mail]}]
"""

Make = Callable[..., ReceivedSpan]


@pytest.fixture
def make(logger: RouterLogger, shared: FakeLangfuse) -> Make:
    """Return a function that makes one call, and gives what Langfuse got of it."""

    def call(metadata: dict[str, Any] | None = None, **arguments: Any) -> ReceivedSpan:
        shared.clear()
        given = {"model": "gpt-4o-mini", "messages": MESSAGES, "mock_response": "write to bo@example.com", **arguments}
        try:
            answer = litellm.completion(**given, metadata=metadata)
        except litellm.InternalServerError:
            answer = None
        if given.get("stream"):
            list(answer)
        assert logger.flush(60)
        (span,) = shared.spans()
        return span

    return call


def hashed(text: str, length: int) -> str:
    return sha256(text.encode()).hexdigest()[:length]


def trace(name: str) -> Callable[[ReceivedSpan], Any]:
    return lambda span: span.trace.get(name)


ROWS: dict[str, tuple[dict[str, Any], Callable[[ReceivedSpan], Any], Any]] = {
    "generation-name": ({"generation_name": "mine"}, lambda span: span.name, "mine"),
    "generation-id": ({"generation_id": "gen-id22"}, lambda span: span.span_id, hashed("gen-id22", 16)),
    "parent-observation-id": (
        {"parent_observation_id": "obs-id9"},
        lambda span: span.parent_span_id,
        hashed("obs-id9", 16),
    ),
    "generation-version": ({"version": "g-1"}, trace("version"), "g-1"),
    "generation-metadata": (
        {"project": "litellm-proxy", "nested": {"a": [1, None]}},
        lambda span: (span.metadata["project"], span.metadata["nested"]),
        ("litellm-proxy", {"a": [1, None]}),
    ),
    "trace-id": (
        {"trace_id": "trace-id22"},
        lambda span: (span.trace_id, span.metadata["trace_id"]),
        (hashed("trace-id22", 32), "trace-id22"),
    ),
    "trace-name": ({"trace_name": "new-trace-name"}, trace("name"), "new-trace-name"),
    "trace-user-id": ({"trace_user_id": "user-id2"}, trace("user_id"), "user-id2"),
    "session-id": ({"session_id": "session-1"}, trace("session_id"), "session-1"),
    "tags": ({"tags": ["tag1", "tag2"]}, trace("tags"), ["tag1", "tag2"]),
    "trace-metadata": ({"trace_metadata": {"key": "value"}}, trace("metadata"), {"key": "value"}),
    "trace-version": (
        {"trace_version": "t-1", "version": "g-1"},
        lambda span: (span.trace["version"], span.metadata["version"]),
        ("t-1", "g-1"),
    ),
    "trace-version-default": ({"version": "g-1"}, trace("version"), "g-1"),
    "trace-release": ({"trace_release": "r-1"}, trace("release"), "r-1"),
    "trace-public": ({"trace_public": True}, trace("public"), True),
    "names-automatic": ({}, lambda span: (span.name, span.trace["name"]), ("litellm-completion", "litellm-completion")),
    "debug-langfuse": (
        {"debug_langfuse": True, "trace_name": "t", "project": 7, "nested": {"a": 1}},
        lambda span: span.trace["metadata"]["metadata_passed_to_litellm"],
        {"debug_langfuse": True, "trace_name": "t", "project": 7},
    ),
    "mask-input": ({"mask_input": True}, lambda span: (span.input, span.output["role"]), (REDACTED, "assistant")),
    "mask-output": ({"mask_output": True}, lambda span: (span.input["messages"], span.output), (MESSAGES, REDACTED)),
}


@pytest.mark.parametrize("row", [pytest.param(row, marks=pytest.mark.seed(row)) for row in ROWS], ids=list(ROWS))
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_key_of_the_metadata_does_what_the_seed_says(row: str, streamed: bool, make: Make) -> None:
    """In a call that is streamed, too."""
    metadata, read, expected = ROWS[row]
    assert read(make(metadata, stream=streamed)) == expected


@pytest.mark.seed("trace-user-id-default")
def test_the_user_of_the_call_is_the_traces(make: Make) -> None:
    """Unless `trace_user_id` names another."""
    assert make({}, user="user-1").trace["user_id"] == "user-1"
    assert make({"trace_user_id": "user-2"}, user="user-1").trace["user_id"] == "user-2"


@pytest.mark.seed("session-id")
def test_a_session_is_no_trace(make: Make) -> None:
    """LiteLLM's own callback puts all calls of a session into one."""
    assert len({make({"session_id": "s-1"}).trace_id for _ in range(3)}) == 3


@pytest.mark.seed("failure-callback", "tags", "session-id", "trace-name", "generation-name")
def test_a_failure_keeps_what_the_metadata_says(make: Make) -> None:
    """And is an error."""
    metadata = {"tags": ["t"], "session_id": "s", "trace_name": "mine", "generation_name": "gen", "feature": "x"}
    span = make(metadata, mock_response=Exception("boom"))
    assert (span.level, span.name, span.metadata["feature"]) == ("ERROR", "gen", "x")
    assert span.trace == {"name": "mine", "session_id": "s", "tags": ["t"]}


@pytest.mark.seed("generation-metadata")
def test_nothing_of_litellm_is_metadata(make: Make) -> None:
    """Beside what the call has, there are the host's facts by known names."""
    facts = {"litellm_call_id", "response_id", "litellm_response_cost", "cache_hit", "routing", "api_base"}
    assert make({"feature": "x"}).metadata.keys() - facts == {"feature"}


SWITCHES: dict[str, dict[str, Any]] = {
    "argument": {"turn_off_message_logging": True},
    "metadata": {"metadata": {"turn_off_message_logging": "True"}},
}


@pytest.mark.seed("turn-off-message-logging")
@pytest.mark.parametrize("failing", [False, True], ids=["success", "failure"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("switch", ["global", *SWITCHES])
def test_message_logging_that_is_off_hides_content_and_keeps_metadata(
    switch: str, streamed: bool, failing: bool, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By LiteLLM's own switches, on every path, also in the text of an error."""
    if switch == "global":
        monkeypatch.setattr(litellm, "turn_off_message_logging", True)
    given = dict(SWITCHES.get(switch, {}))
    metadata = {"feature": "x", "session_id": "s", **given.pop("metadata", {})}
    if failing:
        given["mock_response"] = Exception("refused: ann@example.com")
    span = make(metadata, stream=streamed and not failing, **given)
    assert "@example.com" not in repr(span.attributes)
    assert REDACTED in repr((span.input, span.output))
    assert (span.metadata["feature"], span.trace["session_id"]) == ("x", "s")


@pytest.mark.seed("mask-input", "mask-output")
@pytest.mark.parametrize("value", [True, "yes", 1])
def test_a_failure_that_is_masked_does_not_quote_its_input(value: Any, make: Make) -> None:
    """The error of a provider repeats the prompt."""
    for key in ("mask_input", "mask_output"):
        span = make({key: value}, mock_response=Exception("refused: ann@example.com"))
        assert "refused" not in repr((span.output, span.status_text))


@pytest.mark.seed("mask-continued-trace", "update-input", "update-output", "existing-trace-id")
def test_a_continued_trace_is_overwritten_by_what_is_masked(make: Make) -> None:
    """What it had is replaced by the redaction."""
    metadata = {"existing_trace_id": "t-1", "update_trace_keys": ["input", "output"], "mask_input": True}
    span = make({**metadata, "mask_output": True})
    assert span.trace_id == hashed("t-1", 32)
    assert (span.attributes["langfuse.trace.input"], span.attributes["langfuse.trace.output"]) == (REDACTED, REDACTED)
    assert "name" not in span.trace


@pytest.mark.seed("debug-langfuse")
@pytest.mark.parametrize("logger", [MASKING], indirect=True)
def test_what_debug_shows_is_masked(make: Make) -> None:
    """The metadata that was given goes through the masks of the rule."""
    span = make({"debug_langfuse": "true", "note": "from ann@example.com"})
    assert span.trace["metadata"]["metadata_passed_to_litellm"]["note"] == "from [EMAIL]"


@pytest.mark.seed("no-log")
@pytest.mark.parametrize("asynchronous", [False, True], ids=["completion", "acompletion"])
def test_no_log_logs_nothing(logger: RouterLogger, shared: FakeLangfuse, asynchronous: bool) -> None:
    """Of a call that failed neither."""
    arguments: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES, "no-log": True}

    async def call(answer: Any) -> None:
        await litellm.acompletion(**arguments, mock_response=answer)
        await logger.aflush(10)

    for answer in ("hi", Exception("boom")):
        with contextlib.suppress(litellm.InternalServerError):
            asyncio.run(call(answer)) if asynchronous else litellm.completion(**arguments, mock_response=answer)
    assert logger.flush(60)
    assert shared.spans() == []
