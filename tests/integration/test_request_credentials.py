"""Langfuse keys that a call brings, in a real LiteLLM: to the project they belong to, and shown nowhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litellm
import pytest

from router import Router
from router.delivery import Stats
from router.litellm import RouterLogger
from router.testing import FakeLangfuse, ReceivedSpan

MESSAGES = [{"role": "user", "content": "mail ann@example.com"}]
YAML = """
version: 1
projects: {shared: {env: LANGFUSE}}
masks: {mail: [{detect: [email]}]}
rules: [{id: rest, route: shared, mask: [mail]}]
"""
PUBLIC, SECRET = "pk-lf-own", "sk-lf-own"


@pytest.fixture
def own() -> Iterator[FakeLangfuse]:
    """Another server, where the application has a project of its own."""
    with FakeLangfuse(["own"]) as server:
        yield server


@pytest.fixture
def logger(request: pytest.FixtureRequest, shared: FakeLangfuse, tmp_path: Path) -> Iterator[RouterLogger]:
    """Return our callback, registered with LiteLLM; the test's parameter adds to its file."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML + getattr(request, "param", ""), "utf-8")
    made = RouterLogger(Router.from_file(path, environ=shared.environ("LANGFUSE", "shared")), proxy_process=False)
    litellm.callbacks.append(made)
    yield made
    made.shutdown(5)


def as_arguments(own: FakeLangfuse) -> dict[str, Any]:
    return {"langfuse_public_key": PUBLIC, "langfuse_secret_key": SECRET, "langfuse_host": own.url}


def as_metadata(own: FakeLangfuse) -> dict[str, Any]:
    return {"metadata": {"langfuse_public_key": PUBLIC, "langfuse_secret": SECRET, "langfuse_host": own.url}}


def finish(logger: RouterLogger) -> Stats:
    assert logger.flush(60)
    return logger.stats()


def only(server: FakeLangfuse) -> ReceivedSpan:
    (span,) = server.spans()
    return span


@pytest.mark.seed("credentials", "credentials-secret")
@pytest.mark.parametrize("given", [as_arguments, as_metadata], ids=["arguments", "metadata"])
def test_a_call_goes_to_the_project_of_its_keys_masked_as_its_rule_says(
    logger: RouterLogger, own: FakeLangfuse, shared: FakeLangfuse, given: Any
) -> None:
    """`completion()` as in LiteLLM's documentation, down to the bytes received; and no key in them."""
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", **given(own))
    stats = finish(logger)
    span = only(own)
    assert (span.project, span.input) == ("own", {"messages": [{"role": "user", "content": "mail [EMAIL]"}]})
    assert shared.spans() == []
    assert set(stats.projects) == {"ad-hoc"}
    assert stats.delivered == 1
    assert "-lf-own" not in repr((span.attributes, span.resource, span.name))


@pytest.mark.seed("credentials-async")
@pytest.mark.parametrize("given", [as_arguments, as_metadata], ids=["arguments", "metadata"])
def test_async_and_streamed_calls_do_the_same(logger: RouterLogger, own: FakeLangfuse, given: Any) -> None:
    """The hook of `acompletion()` runs on its event loop; a stream is recorded when it ends."""

    async def calls() -> None:
        await litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", **given(own))
        stream = await litellm.acompletion(
            model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", stream=True, **given(own)
        )
        async for _ in stream:
            pass
        await logger.aflush(10)

    asyncio.run(calls())
    finish(logger)
    assert [(span.project, span.level) for span in own.spans()] == [("own", "DEFAULT")] * 2


@pytest.mark.seed("credentials", "credentials-async")
@pytest.mark.parametrize("given", [as_arguments, as_metadata], ids=["arguments", "metadata"])
def test_failures_do_the_same(logger: RouterLogger, own: FakeLangfuse, given: Any) -> None:
    """Sync and async."""
    failing: dict[str, Any] = {"mock_response": "litellm.RateLimitError", "num_retries": 0, **given(own)}

    async def call() -> None:
        with pytest.raises(litellm.RateLimitError):
            await litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, **failing)
        await logger.aflush(10)

    with pytest.raises(litellm.RateLimitError):
        litellm.completion(model="gpt-4o-mini", messages=MESSAGES, **failing)
    asyncio.run(call())
    finish(logger)
    assert [(span.project, span.level) for span in own.spans()] == [("own", "ERROR")] * 2


LISTED = "overrides: {credentials: {hosts: ['https://langfuse.example.com']}}\n"


@pytest.mark.parametrize("logger", [LISTED], indirect=True)
def test_a_host_that_is_not_listed_gets_nothing(
    logger: RouterLogger, own: FakeLangfuse, shared: FakeLangfuse, caplog: pytest.LogCaptureFixture
) -> None:
    """The call goes where its rule says, with the credentials of the file; the log tells why, without a key."""
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", **as_arguments(own))
    stats = finish(logger)
    assert (own.requests(), only(shared).project, set(stats.projects)) == ([], "shared", {"shared"})
    told = [record.getMessage() for record in caplog.records if record.name == "router" and record.levelno > 20]
    why = "their host cannot be used, or overrides does not allow it"
    assert told == [f"Langfuse credentials that calls bring are not used (credentials.host): {why}."]


@pytest.mark.seed("credentials-host-of-request")
def test_a_host_without_keys_is_never_combined_with_keys_of_the_environment(
    logger: RouterLogger, own: FakeLangfuse, shared: FakeLangfuse
) -> None:
    """Neither a host alone, nor one with half of a pair."""
    for given in ({}, {"langfuse_public_key": PUBLIC}, {"langfuse_secret": SECRET}):
        litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", langfuse_host=own.url, **given)
    finish(logger)
    assert (own.requests(), len(shared.spans())) == ([], 3)


def test_keys_that_the_server_refuses_stop_no_other_call(
    logger: RouterLogger, own: FakeLangfuse, shared: FakeLangfuse, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted; no log line, at any level, no repr and no account shows a key."""
    canary = {"langfuse_public_key": "pk-lf-CANARY", "langfuse_secret_key": "sk-lf-CANARY", "langfuse_host": own.url}
    with caplog.at_level(logging.DEBUG):
        litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", **canary)
        litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", metadata=canary)
        litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi")
        stats = finish(logger)
        assert logger.shutdown(60)  # the sender's thread has said all it has to say
    assert stats.projects["ad-hoc"].dropped == {"rejected": 2}
    assert only(shared).project == "shared"
    ours = [
        record.getMessage() for record in caplog.records if record.name.startswith(("router", "aiohttp", "asyncio"))
    ]
    assert any("rejected" in line for line in ours)
    assert "CANARY" not in repr((ours, stats, stats.to_json(), vars(logger)))
    assert "CANARY" not in repr([span.attributes for span in shared.spans()])
