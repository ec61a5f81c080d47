"""The calls that `router demo` makes: real LiteLLM calls of several teams, with mocked answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["sync", "async", "stream", "async stream", "failing", "embedding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCall:
    """One call of the demo. `title` names it in the table and travels in its metadata as `demo_call`."""

    title: str
    kind: Kind
    prompt: str
    answer: str = "Done."
    model: str = "gpt-4o-mini"
    metadata: Mapping[str, Any] = field(default_factory=dict)


CALLS = (
    DemoCall(
        title="payments, card number",
        kind="sync",
        prompt="Refund 49 EUR to card 4111 1111 1111 1111, mail bo@example.org",
        answer="Refunded to card 4111 1111 1111 1111.",
        metadata={"team": "payments", "tags": ["prod"]},
    ),
    DemoCall(
        title="payments, API key pasted",
        kind="async",
        prompt="Why is this refused? Authorization: Bearer sk-" + "proj-4Kd93jd8fJs7Ld02mVnE8qRt",
        answer="The key has expired.",
        metadata={"team": "payments", "session_id": "chat-7"},
    ),
    DemoCall(
        title="payments, upstream fails",
        kind="failing",
        prompt="Charge card 5500 0000 0000 0004",
        answer="upstream refused card 5500 0000 0000 0004",
        metadata={"team": "payments"},
    ),
    DemoCall(
        title="payments, load test",
        kind="sync",
        prompt="ping",
        metadata={"team": "payments", "tags": ["loadtest"]},
    ),
    DemoCall(
        title="search, streamed",
        kind="stream",
        prompt="Who wrote to ann@example.com?",
        answer="Nobody yet.",
        metadata={"team": "search"},
    ),
    DemoCall(
        title="search, streamed in the EU",
        kind="async stream",
        prompt="Who wrote to ann@example.com?",
        answer="ann@example.com has no mail.",
        metadata={"team": "search", "region": "eu"},
    ),
    DemoCall(
        title="search, embedding",
        kind="embedding",
        prompt="an index entry",
        model="text-embedding-3-small",
        metadata={"team": "search"},
    ),
    DemoCall(
        title="search, not to be stored",
        kind="sync",
        prompt="The merger is on Friday.",
        answer="Noted.",
        metadata={"team": "search", "tags": ["no-store"]},
    ),
    DemoCall(
        title="a team nobody has heard of",
        kind="sync",
        prompt="hello",
        answer="Hello!",
        metadata={"team": "growth"},
    ),
    DemoCall(
        title="no team, asks to hide its input",
        kind="sync",
        prompt="my diary",
        answer="A fine day.",
        metadata={"mask_input": True},
    ),
)


def make_calls(litellm: Any, calls: tuple[DemoCall, ...], progress: Callable[[DemoCall], None]) -> None:
    """Make `calls` one after the other; a call that is meant to fail fails, and the next one is made."""
    for call in calls:
        progress(call)
        _make(litellm, call)


def _make(litellm: Any, call: DemoCall) -> None:
    arguments: dict[str, Any] = {
        "model": call.model,
        "messages": [{"role": "user", "content": call.prompt}],
        "mock_response": call.answer,
        "metadata": {**call.metadata, "demo_call": call.title},
    }
    if call.kind == "sync":
        litellm.completion(**arguments)
    elif call.kind == "async":
        asyncio.run(_acompletion(litellm, arguments, stream=False))
    elif call.kind == "stream":
        for _ in litellm.completion(**arguments, stream=True):
            pass
    elif call.kind == "async stream":
        asyncio.run(_acompletion(litellm, arguments, stream=True))
    elif call.kind == "failing":
        failure = litellm.InternalServerError(message=call.answer, llm_provider="openai", model=call.model)
        with contextlib.suppress(litellm.InternalServerError):
            litellm.completion(**{**arguments, "mock_response": failure})
    else:
        arguments.pop("messages")
        litellm.embedding(**{**arguments, "input": [call.prompt], "mock_response": [0.1, 0.2, 0.3]})


async def _acompletion(litellm: Any, arguments: dict[str, Any], *, stream: bool) -> None:
    response = await litellm.acompletion(**arguments, stream=stream)
    if stream:
        async for _ in response:
            pass
    await _drain_logging()


async def _drain_logging() -> None:
    # LiteLLM logs async calls from a task of this loop; the loop must not end before that task has run.
    from router.litellm.host import wait_for_hooks_async

    await wait_for_hooks_async(5)
