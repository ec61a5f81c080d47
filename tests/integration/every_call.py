"""An application that makes every kind of LiteLLM call once: `every_call.py PROVIDER ROUTING_YAML`.

Each call says in its metadata of which `kind` it is. A program of its own, because LiteLLM leaves clients of event
loops that have ended unclosed. Prints as JSON the calls that raised, and what the router dropped.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import litellm

import router.litellm

Call = Callable[[dict[str, Any]], Any]
MESSAGES = [{"role": "user", "content": "hello"}]
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}
DETAILED: dict[str, Any] = {"model": "openai/detailed", "messages": MESSAGES}
FAILING: dict[str, Any] = {"model": "openai/failing", "messages": MESSAGES, "max_retries": 0}
FALLING_BACK: dict[str, Any] = {**FAILING, "fallbacks": ["openai/gpt-4o-mini"]}
TEXT: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": "say this"}
EMBEDDING: dict[str, Any] = {"model": "text-embedding-3-small", "input": ["good", "morning"]}
SPEECH: dict[str, Any] = {"model": "openai/tts-1", "voice": "alloy", "input": "say this"}
RERANK: dict[str, Any] = {"model": "cohere/rerank-english-v3.0", "query": "which?", "documents": ["one", "two"]}
RESPONSE: dict[str, Any] = {"model": "gpt-4o-mini", "input": "hello"}
CLAUDE: dict[str, Any] = {"model": "anthropic/claude-haiku-4-5", "max_tokens": 9, "messages": MESSAGES}
GEMINI: dict[str, Any] = {"model": "gemini/gemini-2.5-flash", "messages": MESSAGES}
IMAGE: dict[str, Any] = {"model": "dall-e-3", "prompt": "a cat"}
EDIT: dict[str, Any] = {"model": "gpt-image-1", "prompt": "a hat"}
MODERATION: dict[str, Any] = {"model": "omni-moderation-latest", "input": "bad words"}
SOUND = b"RIFF" + bytes(64)


def messages(**arguments: Any) -> Any:
    return litellm.anthropic.messages.acreate(**arguments)


def transcribed(function: Any) -> Call:
    def call(given: dict[str, Any]) -> Any:
        file = io.BytesIO(SOUND)
        file.name = "hello.wav"
        return of(function, {"model": "whisper-1", "file": file})(given)

    return call


def of(function: Any, arguments: Mapping[str, Any], *, path: str = "/v1", **more: Any) -> Call:
    return lambda given: function(**arguments, **more, **{**given, "api_base": given["api_base"] + path})


def kinds(url: str) -> dict[str, Call]:
    """Return every kind of call by name."""
    known = {"api_key": "fake", "api_base": url + "/v1"}
    deployments = [
        {"model_name": "smart", "litellm_params": {"model": "openai/failing", "max_retries": 0, **known}},
        {"model_name": "plain", "litellm_params": {"model": "openai/gpt-4o-mini", **known}},
    ]
    balancer = litellm.Router(model_list=deployments, fallbacks=[{"smart": ["plain"]}], num_retries=1)

    def balanced(function: Any, **more: Any) -> Call:
        return lambda given: function(
            model="smart", messages=MESSAGES, metadata={**given["metadata"], **more.get("metadata", {})}
        )

    ids = {"trace_id": "mine", "generation_id": "gen-1"}
    joined = {"litellm_trace_id": "0123456789abcdef0123456789abcdef"}
    return {
        "completion": of(litellm.completion, CHAT),
        "acompletion": of(litellm.acompletion, CHAT),
        "completion streamed": of(litellm.completion, CHAT, stream=True),
        "acompletion streamed": of(litellm.acompletion, CHAT, stream=True),
        "completion detailed": of(litellm.completion, DETAILED),
        "acompletion detailed and streamed": of(litellm.acompletion, DETAILED, stream=True),
        "completion failing": of(litellm.completion, FAILING),
        "acompletion failing": of(litellm.acompletion, FAILING),
        "text_completion": of(litellm.text_completion, TEXT),
        "atext_completion": of(litellm.atext_completion, TEXT),
        "text_completion streamed": of(litellm.text_completion, TEXT, stream=True),
        "atext_completion streamed": of(litellm.atext_completion, TEXT, stream=True),
        "embedding": of(litellm.embedding, EMBEDDING),
        "aembedding": of(litellm.aembedding, EMBEDDING),
        "image_generation": of(litellm.image_generation, IMAGE),
        "aimage_generation": of(litellm.aimage_generation, IMAGE),
        "image_edit": of(litellm.image_edit, EDIT, image=io.BytesIO(SOUND)),
        "aimage_edit": of(litellm.aimage_edit, EDIT, image=io.BytesIO(SOUND)),
        "speech": of(litellm.speech, SPEECH),
        "aspeech": of(litellm.aspeech, SPEECH),
        "transcription": transcribed(litellm.transcription),
        "atranscription": transcribed(litellm.atranscription),
        "amoderation": of(litellm.amoderation, MODERATION),
        "rerank": of(litellm.rerank, RERANK, path="/v1/rerank"),
        "arerank": of(litellm.arerank, RERANK, path="/v1/rerank"),
        "responses": of(litellm.responses, RESPONSE),
        "aresponses": of(litellm.aresponses, RESPONSE),
        "responses streamed": of(litellm.responses, RESPONSE, stream=True),
        "aresponses streamed": of(litellm.aresponses, RESPONSE, stream=True),
        "anthropic_messages": of(messages, CLAUDE, path=""),
        "anthropic_messages streamed": of(messages, CLAUDE, path="", stream=True),
        "completion grounded": of(litellm.completion, GEMINI, path=""),
        "acompletion grounded": of(litellm.acompletion, GEMINI, path=""),
        "acompletion grounded and masked": lambda given: of(litellm.acompletion, GEMINI, path="")(
            {**given, "metadata": {**given["metadata"], "mask_output": True}}
        ),
        "completion falling back": of(litellm.completion, FALLING_BACK),
        "acompletion falling back": of(litellm.acompletion, FALLING_BACK),
        "completion of a router": balanced(balancer.completion),
        "acompletion of a router": balanced(balancer.acompletion),
        "acompletion of a router with ids": balanced(balancer.acompletion, metadata=ids),
        "completion of a session": of(litellm.completion, CHAT, litellm_session_id="s-1"),
        "completion of a session again": of(litellm.completion, CHAT, litellm_session_id="s-1"),
        "completion joined": of(litellm.completion, CHAT, **joined),
        "completion joined again": of(litellm.completion, CHAT, **joined),
        **{
            f"{name} {which}": of(function, arguments, caching=True, stream=stream)
            for name, function, arguments, stream in (
                ("completion cached", litellm.completion, CHAT, False),
                ("completion cached and streamed", litellm.completion, CHAT, True),
                ("acompletion cached", litellm.acompletion, {**CHAT, "user": "u"}, False),
            )
            for which in ("first", "again")
        },
    }


CACHE = litellm.Cache()
TWICE = ("amoderation", "aimage_generation", "aspeech", "arerank", "atranscription")
"""What LiteLLM reports to both hooks beside a plain function as callback."""


def begin(call: Call, given: dict[str, Any]) -> Any:
    """Make a call, and read its stream to the end if it is a synchronous one."""
    found = call(given)
    if not inspect.iscoroutine(found) and hasattr(found, "__next__"):
        for _ in found:
            pass
    return found


async def finish(found: Any) -> None:
    """Do the same for an asynchronous one."""
    if inspect.iscoroutine(found):
        answer = await found
        if hasattr(answer, "__aiter__"):
            async for _ in answer:
                pass


async def make(logger: router.litellm.RouterLogger, url: str) -> list[str]:
    """Make all calls, one after the other, as some need what one before left in the cache; return those that raised."""
    calls = kinds(url)
    raised: list[str] = []

    async def one(kind: str, call: Call) -> None:
        metadata = {"kind": kind, "session_id": "s-1", "tags": ["prod"], "trace_name": "checkout"}
        litellm.cache = CACHE if "cached" in kind else None
        try:  # on a thread, because LiteLLM runs some synchronous calls on an event loop of their own
            await finish(
                await asyncio.to_thread(begin, call, {"api_key": "fake", "api_base": url, "metadata": metadata})
            )
        except litellm.RateLimitError:
            raised.append(kind)
        if kind.startswith("a"):
            await logger.aflush(5)

    for kind, call in calls.items():
        await one(kind, call)
    litellm.success_callback.append(lambda kwargs, response, start, end: None)
    for kind in TWICE:
        await one(f"{kind} twice", calls[kind])
    return raised


def main(url: str, routing: str) -> None:
    """Make all calls and say what became of them."""
    litellm.suppress_debug_info = True
    logger = router.litellm.install(routing)
    raised = asyncio.run(make(logger, url))
    logger.flush(10)
    logger.shutdown(10)
    sys.stdout.write(json.dumps({"raised": raised, "dropped": dict(logger.stats().dropped)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
