"""The calls of `python -m bench parity`: every metadata key, mask, credential and kind of call that the seed names."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MESSAGES = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello 4111"}]
EVERY_KEY: Mapping[str, Any] = {
    "generation_name": "gen-name",
    "generation_id": "gen-id-1",
    "parent_observation_id": "parent-1",
    "version": "v1",
    "trace_id": "trace-id-1",
    "trace_name": "trace-name",
    "trace_user_id": "user-1",
    "session_id": "session-1",
    "tags": ["t1", "t2"],
    "trace_metadata": {"k": "v"},
    "trace_version": "tv1",
    "trace_release": "tr1",
    "extra_key": {"nested": [1, 2]},
    "debug_langfuse": True,
}
_TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
_TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}


@dataclass(frozen=True)
class Case:
    """One call; two where a cache or a fallback takes them.

    Attributes:
        kind: one of `_KINDS`.
        arguments: of the call, besides model, messages and answer.
        credentials: names of arguments that get the public key, the secret key and the host of another project.
        switches: LiteLLM's own settings for the time of the call.
        environ: variables of the process when the callbacks are made, besides those of the default project.
    """

    name: str
    metadata: Mapping[str, Any] | None = None
    kind: str = "completion"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)

    def call(self, litellm: Any, environ: Mapping[str, str]) -> None:
        """Make the call; `environ` has the keys and the host of `credentials`."""
        keys = (environ["DYNAMIC_PUBLIC_KEY"], environ["DYNAMIC_SECRET_KEY"], environ["DYNAMIC_HOST"])
        arguments = {"mock_response": "hi there", **self.arguments, **dict(zip(self.credentials, keys, strict=False))}
        if self.metadata is not None:
            arguments["metadata"] = {**self.metadata}
        _KINDS[self.kind](litellm, arguments)

    @contextmanager
    def settings(self) -> Iterator[None]:
        """Have LiteLLM's settings as the case wants them, and afterwards as they were."""
        import litellm

        former = {name: getattr(litellm, name) for name in self.switches}
        for name, value in self.switches.items():
            setattr(litellm, name, value)
        try:
            yield
        finally:
            for name, value in former.items():
                setattr(litellm, name, value)


def _completion(litellm: Any, arguments: dict[str, Any]) -> None:
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, **arguments)


def _stream(litellm: Any, arguments: dict[str, Any]) -> None:
    for _ in litellm.completion(model="gpt-4o-mini", messages=MESSAGES, stream=True, **arguments):
        pass


def _embedding(litellm: Any, arguments: dict[str, Any]) -> None:
    litellm.embedding(
        model="text-embedding-3-small", input=["good morning"], **{**arguments, "mock_response": [0.1, 0.2]}
    )


def _text(litellm: Any, arguments: dict[str, Any]) -> None:
    litellm.text_completion(model="gpt-3.5-turbo-instruct", prompt="say this", **arguments)


def _async(litellm: Any, arguments: dict[str, Any]) -> None:
    asyncio.run(litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, **arguments))


def _cached(litellm: Any, arguments: dict[str, Any]) -> None:
    litellm.cache = litellm.Cache()
    try:
        for _ in range(2):
            _completion(litellm, {**arguments, "caching": True})
    finally:
        litellm.cache = None


def _fallback(litellm: Any, arguments: dict[str, Any]) -> None:
    failing = {"model": "openai/gpt-4o-mini", "mock_response": "litellm.RateLimitError"}
    plain = {"model": "openai/gpt-4o-mini", "mock_response": "hi there"}
    deployments = [
        {"model_name": name, "litellm_params": {**params, "api_key": "fake"}}
        for name, params in (("smart", failing), ("plain", plain))
    ]
    router = litellm.Router(model_list=deployments, fallbacks=[{"smart": ["plain"]}], num_retries=0)
    router.completion(model="smart", messages=MESSAGES, metadata=arguments["metadata"])


def _langchain(_litellm: Any, arguments: dict[str, Any]) -> None:
    from langchain_litellm import ChatLiteLLM

    ChatLiteLLM(model="gpt-4o-mini", model_kwargs=arguments).invoke("hello")


def _failure(litellm: Any, arguments: dict[str, Any]) -> None:
    error = litellm.InternalServerError(message="boom upstream", llm_provider="openai", model="gpt-4o-mini")
    with contextlib.suppress(litellm.InternalServerError):
        _completion(litellm, {**arguments, "mock_response": error, "num_retries": 0})


_KINDS: Mapping[str, Callable[[Any, dict[str, Any]], None]] = {
    "completion": _completion,
    "stream": _stream,
    "embedding": _embedding,
    "failure": _failure,
    "text": _text,
    "async": _async,
    "cached": _cached,
    "fallback": _fallback,
    "langchain": _langchain,
}

_UPDATES = ["input", "output", "trace_version", "trace_release", "trace_metadata", "trace_user_id"]
_CONTINUED = {
    "existing_trace_id": "trace-id-1",
    "trace_version": "tv2",
    "trace_release": "tr2",
    "trace_metadata": {"k": "new"},
    "trace_user_id": "user-2",
}
_REDACTED = {"turn_off_message_logging": True}
_PROMPT = {
    "name": "greeting",
    "version": 3,
    "type": "text",
    "prompt": "hello {{x}}",
    "config": {},
    "labels": [],
    "tags": [],
}
_CREDENTIALS = ("langfuse_public_key", "langfuse_secret_key", "langfuse_host")
_GUARDRAIL = {
    "guardrail_name": "pii-eu",
    "guardrail_provider": "presidio",
    "guardrail_mode": "pre_call",
    "guardrail_status": "guardrail_intervened",
    "guardrail_response": [{"entity_type": "EMAIL_ADDRESS"}],
    "start_time": 1_790_000_000.25,
    "end_time": 1_790_000_000.5,
}


def _circular() -> dict[str, Any]:
    made: dict[str, Any] = {"feature": "x"}
    made["self"] = made
    return made


_ALL = (
    Case("minimal"),
    Case("all_metadata", EVERY_KEY),
    Case("all_metadata_stream", EVERY_KEY, kind="stream"),
    Case("embedding", EVERY_KEY, kind="embedding"),
    Case("failure", EVERY_KEY, kind="failure"),
    Case("trace_id_hex", {"trace_id": "0123456789abcdef0123456789ABCDEF"}),
    Case("trace_id_uuid", {"trace_id": "0e8a3f10-7c2b-4d4e-9a5f-1b2c3d4e5f60"}),
    Case("session_only", {"session_id": "session-1"}),
    Case("version_only", {"version": "v1"}),
    Case("user_argument", {"trace_name": "n"}, arguments={"user": "enduser-1"}),
    Case("user_argument_and_key", {"trace_user_id": "user-1"}, arguments={"user": "enduser-1"}),
    Case("trace_public", {"trace_public": True, "trace_name": "n"}),
    Case("nested_metadata", {"metadata": {"a": 1}, "ticket": 7}),
    Case(
        "default_tags",
        {"tags": ["t1"], "extra_key": "search"},
        switches={"langfuse_default_tags": ["extra_key"]},
    ),
    Case("key_alias", {"user_api_key_alias": "ka"}),
    Case("tags_as_text", {"tags": "a,b"}),
    Case("existing_trace", {"existing_trace_id": "trace-id-1", "generation_name": "g2", "trace_name": "ignored"}),
    Case("existing_trace_keeps", {**_CONTINUED, "session_id": "s2", "tags": ["late"]}),
    Case("existing_trace_update_off", {**_CONTINUED, "update_trace_keys": _UPDATES}),
    Case(
        "existing_trace_update",
        {**_CONTINUED, "update_trace_keys": _UPDATES},
        switches={"langfuse_enable_update_trace_keys": True},
    ),
    Case(
        "existing_trace_masked",
        {**_CONTINUED, "update_trace_keys": ["input", "output"], "mask_input": True, "mask_output": True},
        switches={"langfuse_enable_update_trace_keys": True},
    ),
    Case("mask_input_output", {"mask_input": True, "mask_output": True, "trace_id": "trace-id-1"}),
    Case("mask_input", {"mask_input": True}),
    Case("mask_as_text", {"mask_input": "true", "mask_output": "false"}),
    Case("turn_off_message_logging", {"trace_id": "trace-id-1"}, switches=_REDACTED),
    Case("turn_off_message_logging_failure", {"trace_id": "trace-id-1"}, kind="failure", switches=_REDACTED),
    Case("no_log", {"trace_id": "trace-id-1"}, arguments={"no-log": True}),
    Case(
        "tools", {"trace_name": "n"}, arguments={"tools": [_TOOL], "mock_tool_calls": [_TOOL_CALL], "mock_response": ""}
    ),
    Case("parameters", None, arguments={"temperature": 0.2, "max_tokens": 800}),
    Case("prompt", {"prompt": _PROMPT}),
    Case("credentials", None, credentials=_CREDENTIALS),
    Case("credentials_async", None, kind="async", credentials=_CREDENTIALS),
    Case("credentials_no_host", None, credentials=_CREDENTIALS[:2]),
    Case("host_of_request", None, arguments={"langfuse_host": "http://127.0.0.1:9"}),
    Case("environment", None, environ={"LANGFUSE_RELEASE": "r-1", "LANGFUSE_TRACING_ENVIRONMENT": "staging"}),
    Case("text_completion", {"trace_name": "n"}, kind="text"),
    Case("cached", {"trace_name": "n"}, kind="cached"),
    Case("fallback", {"trace_name": "n"}, kind="fallback"),
    Case("langchain", {"trace_user_id": "user-1", "session_id": "session-1", "tags": ["t1"]}, kind="langchain"),
    Case("guardrail", {"trace_name": "n", "standard_logging_guardrail_information": [_GUARDRAIL]}),
    Case("circular", _circular()),
    Case("lock", {"lock": threading.Lock(), "trace_name": "n"}),
    Case("keys_that_are_no_text", {7: "a", (1, 2): "b", "trace_name": "n"}),  # type: ignore[dict-item]
    Case("long_session", {"session_id": "z" * 300}),
    Case("credentials_secret_alias", None, credentials=("langfuse_public_key", "langfuse_secret", "langfuse_host")),
)
CASES: Mapping[str, Case] = {case.name: case for case in _ALL}
