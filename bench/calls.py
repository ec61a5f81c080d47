"""The calls that are logged: real hook arguments of LiteLLM, captured once, with fresh ids for each use."""

from __future__ import annotations

import datetime
import os
import random
import threading
import uuid
from dataclasses import dataclass
from typing import Any

# LiteLLM reads these when it is imported; without the first it fetches a price list.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # noqa: TID251
os.environ.setdefault("LITELLM_TELEMETRY", "False")  # noqa: TID251

TEAMS = 10
_CALLBACK_LISTS = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "service_callback",
    "_async_success_callback",
    "_async_failure_callback",
)
_KEY_HASH = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"
_SYLLABLES = "ta re mi no la ver con pro sta tion ment ing ex per ad in de sub cal or ble ti ous ar en ist um".split()
_PERSONAL = (
    "Please write to anna.example@example.org about it.",
    "The card is 4111 1111 1111 1111, valid as before.",
    "Call +49 30 901820 on weekdays.",
)
_PERSONAL_EVERY = 1500


@dataclass(frozen=True, slots=True)
class Size:
    """How large a call is: characters in, characters out, and messages in all."""

    name: str
    chars_in: int
    chars_out: int
    messages: int


SIZES = (Size("small", 300, 300, 1), Size("typical", 4_000, 1_500, 5), Size("large", 100_000, 4_000, 13))
TYPICAL = SIZES[1]
LARGE = SIZES[2]

HookArguments = tuple[dict[str, Any], Any, datetime.datetime, datetime.datetime]
"""What LiteLLM gives to `log_success_event`: kwargs, response_obj, start_time, end_time."""


class Text:
    """Makes prose of invented words, as frequent as words are, with an address or a number now and then."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        words = ["".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4))) for _ in range(6_000)]
        self._words = words
        self._weights = [1 / (rank + 3) for rank in range(len(words))]

    def make(self, chars: int) -> str:
        """Return a text of exactly so many characters."""
        parts: list[str] = []
        length = 0
        while length < chars:
            words = self._random.choices(self._words, self._weights, k=_PERSONAL_EVERY // 6)
            parts.append(f"{' '.join(words)}. {self._random.choice(_PERSONAL)}")
            length += len(parts[-1]) + 1
        return " ".join(parts)[:chars]


def capture(size: Size, count: int) -> list[HookArguments]:
    """Make `count` calls with `litellm.completion(mock_response=…)` and return what its hook was given."""
    import litellm
    from litellm.integrations.custom_logger import CustomLogger

    captured: list[HookArguments] = []
    complete = threading.Event()

    class Capture(CustomLogger):
        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            captured.append((kwargs, response_obj, start_time, end_time))
            if len(captured) == count:
                complete.set()

    text = Text(seed=size.chars_in)
    litellm.callbacks = [Capture()]
    try:
        for index in range(count):
            litellm.completion(
                model="gpt-4o-mini",
                messages=_messages(size, text),
                mock_response=text.make(size.chars_out),
                temperature=0.2,
                max_tokens=800,
                user=f"user-{index}",
                metadata=_metadata(index),
                proxy_server_request={
                    "url": "http://localhost:4000/v1/chat/completions",
                    "method": "POST",
                    "headers": _headers(),
                    "body": {},
                },
            )
        if not complete.wait(60):
            raise RuntimeError(f"LiteLLM reported {len(captured)} of {count} calls")
    finally:
        for name in _CALLBACK_LISTS:
            setattr(litellm, name, [])
    return captured


def fresh(captured: list[HookArguments], count: int) -> list[HookArguments]:
    """Return `count` calls made of the captured ones in turn, each with ids and outer dicts of its own."""
    return [_renewed(captured[index % len(captured)]) for index in range(count)]


def _renewed(call: HookArguments) -> HookArguments:
    kwargs, response, start, end = call
    call_id = str(uuid.uuid4())
    params = dict(kwargs["litellm_params"])
    params["metadata"] = dict(params["metadata"])
    payload = {**kwargs["standard_logging_object"], "id": f"chatcmpl-{call_id}", "trace_id": call_id}
    response = response.model_copy()
    response.id = payload["id"]
    return (
        {
            **kwargs,
            "litellm_call_id": call_id,
            "litellm_trace_id": call_id,
            "litellm_params": params,
            "standard_logging_object": payload,
        },
        response,
        start,
        end,
    )


def with_new_text(call: HookArguments, text: str) -> HookArguments:
    """Return a call whose one user message is `text`, so that no two calls share the memory of their content."""
    kwargs, response, start, end = _renewed(call)
    messages = [{"role": "user", "content": text}]
    kwargs["messages"] = kwargs["input"] = messages
    kwargs["standard_logging_object"]["messages"] = messages
    return kwargs, response, start, end


def _messages(size: Size, text: Text) -> list[dict[str, str]]:
    if size.messages == 1:
        return [{"role": "user", "content": text.make(size.chars_in)}]
    turns = size.messages - 1
    system = min(1_000, size.chars_in // 4)
    found = [{"role": "system", "content": text.make(system)}]
    for turn in range(turns):
        role = "assistant" if turn % 2 else "user"
        found.append({"role": role, "content": text.make((size.chars_in - system) // turns)})
    return found


def _headers() -> dict[str, str]:
    return {
        "host": "localhost:4000",
        "user-agent": "openai-python/2.54",
        "accept": "application/json",
        "content-type": "application/json",
        "x-tenant": "acme",
    }


def _metadata(index: int) -> dict[str, Any]:
    """Return the metadata that a proxy hands on: the key's identity, the client's own words, and its own notes."""
    from litellm.proxy._types import UserAPIKeyAuth

    team = f"team-{index % TEAMS}"
    key = {
        "user_api_key_alias": f"key-{index}",
        "user_api_key_team_id": team,
        "user_api_key_team_alias": f"Team {index % TEAMS}",
        "user_api_key_user_id": f"u{index}",
        "user_api_key_org_id": "org-1",
        "user_api_key_hash": _KEY_HASH,
        "user_api_key": _KEY_HASH,
        "user_api_key_spend": 0.0,
        "user_api_key_max_budget": None,
        "user_api_key_user_email": None,
        "user_api_key_end_user_id": None,
        "user_api_key_request_route": "/v1/chat/completions",
        "user_api_key_metadata": {"tier": "gold"},
        "user_api_key_team_metadata": {"tier": "gold"},
        "user_api_key_auth": UserAPIKeyAuth(
            token=_KEY_HASH,
            api_key=_KEY_HASH,
            key_alias=f"key-{index}",
            team_id=team,
            team_alias=f"Team {index % TEAMS}",
            user_id=f"u{index}",
            org_id="org-1",
            request_route="/v1/chat/completions",
        ),
    }
    caller = {
        "tags": ["prod", team, "feature:search"],
        "trace_name": "support-chat",
        "session_id": f"session-{index}",
        "trace_user_id": f"user-{index}",
        "trace_metadata": {"tenant": "acme", "region": "eu"},
        "ticket": index,
    }
    proxy = {
        "headers": _headers(),
        "requester_ip_address": "127.0.0.1",
        "user_agent": "openai-python/2.54",
        "litellm_api_version": "1.106.2",
        "endpoint": "http://localhost:4000/v1/chat/completions",
        "model_group": "gpt-4o-mini",
        "model_info": {"id": "deployment-1", "db_model": False},
        "deployment": "openai/gpt-4o-mini",
        "queue_time_seconds": 0.0015,
        "attempted_fallbacks": 0,
        "attempted_retries": 0,
    }
    return {**key, **caller, **proxy}
