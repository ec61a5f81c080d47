"""LangChain's ChatLiteLLM on a real LiteLLM: the metadata of its `model_kwargs` is the call's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_litellm import ChatLiteLLM

from router.litellm import RouterLogger
from router.testing import FakeLangfuse, ReceivedSpan

METADATA = {"trace_user_id": "user-id2", "session_id": "session-1", "tags": ["tag1", "tag2"], "feature": "x"}
MESSAGES = [HumanMessage(content="what model are you")]


def chat(**more: Any) -> ChatLiteLLM:
    return ChatLiteLLM(
        model="gpt-4o-mini", model_kwargs={"metadata": dict(METADATA), "mock_response": "a small one"}, **more
    )


def invoke(logger: RouterLogger) -> None:
    chat().invoke(MESSAGES)


def stream(logger: RouterLogger) -> None:
    list(chat(streaming=True).stream(MESSAGES))


def ainvoke(logger: RouterLogger) -> None:
    async def call() -> None:
        await chat().ainvoke(MESSAGES)
        await logger.aflush(30)

    asyncio.run(call())


def astream(logger: RouterLogger) -> None:
    async def call() -> None:
        async for _ in chat(streaming=True).astream(MESSAGES):
            pass
        await logger.aflush(30)

    asyncio.run(call())


def only(langfuse: FakeLangfuse) -> ReceivedSpan:
    (span,) = langfuse.spans()
    return span


@pytest.mark.seed("langchain")
@pytest.mark.parametrize("way", [invoke, ainvoke, stream, astream])
def test_chat_litellm_is_one_generation_with_its_metadata(way: Any, logger: RouterLogger, shared: FakeLangfuse) -> None:
    """Trace user, session and tags as in LiteLLM's documentation; anything else is metadata of the generation."""
    way(logger)
    assert logger.flush(60)
    span = only(shared)
    assert span.input["messages"] == [{"role": "user", "content": "what model are you"}]
    assert span.output["content"] == "a small one"
    trace = {"user_id": "user-id2", "session_id": "session-1", "tags": ["tag1", "tag2"]}
    assert {name: span.trace[name] for name in trace} == trace
    assert span.metadata["feature"] == "x"
