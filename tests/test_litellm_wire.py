"""Bodies and events that LiteLLM logs as they came: what of them is content, and whose word they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.datastructures import Headers

from router.litellm import private
from router.litellm.capture import capture
from router.litellm.record import record_from_kwargs
from router.litellm.wire import realtime_output_of, request_body_of, response_body_of
from router.routing.record import CallRecord

UNREAD = "cannot parse chunks to standard response object. Chunks="
WRITTEN = {"user_api_key_team_id": "team-a", "user_api_key_alias": "key-a", "user_api_key_hash": "0" * 64}


def passed_through(metadata: dict[str, Any], headers: Any, **more: Any) -> dict[str, Any]:
    request = {"headers": headers, "body": {}}
    params = {"metadata": metadata, "proxy_server_request": request}
    return {"call_type": "pass_through_endpoint", "litellm_call_id": "c-1", "litellm_params": params, **more}


def record_of(kwargs: dict[str, Any]) -> CallRecord:
    """Return the record as the worker makes it of what the hook kept, after checking that it is the hook's own."""
    payload = {"id": "c-1", "custom_llm_provider": None, "metadata": {}, "response": {"response": "{}"}}
    given = {**kwargs, "standard_logging_object": {**payload, **kwargs.get("standard_logging_object", {})}}
    made = record_from_kwargs(given, None, 1.0, 2.0, status="success", proxy_process=True)
    kept = capture(given, None, 1.0, 2.0, status="success", proxy_process=True).record()
    assert (kept.team, kept.key_hash, kept.authenticated, kept.input, kept.output, kept.usage_details) == (
        *(made.team, made.key_hash, made.authenticated),
        *(made.input, made.output, made.usage_details),
    )
    return made


@pytest.mark.seed("call-types")
def test_what_litellm_wrote_of_the_key_counts_on_a_pass_through_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code there leaves an object that no client can send; before 1.100 a client could overwrite the rest."""
    headers = Headers({"langfuse_session_id": "s-1", "authorization": "Bearer sk-a"})
    record = record_of(passed_through(WRITTEN, headers))
    assert (record.team, record.key_alias, record.key_hash, record.session_id) == ("team-a", "key-a", "0" * 64, "s-1")
    assert record.headers == {"langfuse_session_id": "s-1"}
    monkeypatch.setattr(private, "installed_release", lambda: (1, 99, 9))
    assert record_of(passed_through(WRITTEN, headers)).authenticated is False


@pytest.mark.parametrize("metadata", [{}, {"user_api_key_team_id": None, "team": "team-a", "team_id": "team-a"}])
def test_a_pass_through_endpoint_that_asks_for_no_key_is_nobodys(metadata: dict[str, Any]) -> None:
    """Whatever its client writes."""
    record = record_of(passed_through(metadata, Headers({"langfuse_team": "team-a"})))
    assert (record.authenticated, record.team) == (False, None)


def test_a_client_cannot_say_that_its_call_was_passed_through() -> None:
    """JSON makes no object of the web framework."""
    record = record_of(passed_through(WRITTEN, {"authorization": "Bearer sk-a"}))
    assert (record.authenticated, record.team) == (False, None)


def test_a_body_is_content_without_keys_and_without_what_is_told_elsewhere() -> None:
    """Keys that LiteLLM takes out before it sends the body stand in what it logs."""
    body = {
        "prompt": "p",
        "model": "m",
        "api_key": "sk",
        "langfuse_secret_key": "sk",
        "metadata": {"a": 1},
        "stream": True,
    }
    assert request_body_of([{"role": "user", "content": json.dumps(body)}]) == {"prompt": "p"}
    for text in ("redacted-by-litellm", "[1]", "{", '{"a":' * 100_000):
        assert request_body_of([{"role": "user", "content": text}]) is None
    assert request_body_of(None) is request_body_of([]) is request_body_of([{"content": None}]) is None


@pytest.mark.parametrize(
    ("lines", "said", "usage"),
    [
        (['data: {"choices": [{"delta": {"content": "bo@"}}]}', 'data: {"choices": [{"delta": {"content": "x.org"}}]}',
          'data: {"choices": [], "usage": {"prompt_tokens": 3}}', "data: [DONE]"], "bo@x.org", {"prompt_tokens": 3}),
        (["event: message_start", 'data: {"type": "message_start", "message": {"usage": {"input_tokens": 3}}}',
          'data: {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "bo@x.org"}}',
          'data: {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 2}}'],
         "bo@x.org", {"input_tokens": 3, "output_tokens": 2}),
    ],
)  # fmt: skip
def test_a_stream_that_litellm_cannot_read_is_joined(lines: list[str], said: str, usage: dict[str, int]) -> None:
    """In pieces, what a mask looks for would not be found."""
    body = response_body_of({"response": f"{UNREAD}{lines}"})
    assert (body["choices"][0]["message"]["content"], body["usage"]) == (said, usage)


@pytest.mark.parametrize("rest", ["", "[", "['data: {}']", "5", "['data: {\"delta\": 5}', None]", "(" * 10_000])
def test_a_stream_that_nobody_can_read_is_withheld(rest: str) -> None:
    """Its pieces might hold what a mask hides."""
    record = record_of(passed_through({}, {}, standard_logging_object={"response": {"response": UNREAD + rest}}))
    assert record.output == "[a stream that could not be read]"


def test_the_output_of_a_realtime_session_is_what_the_model_said() -> None:
    """Other events of it hold the instructions and what the user said, which is input."""
    done = {"type": "response.done", "response": {"output": [{"role": "assistant"}]}}
    events = [
        {"type": "session.created", "session": {"instructions": "i"}},
        done,
        {"type": "response.done"},
        None,
        done,
    ]
    assert realtime_output_of(events) == [{"role": "assistant"}] * 2
    assert realtime_output_of(None) is realtime_output_of(events[:1]) is None


def test_a_price_of_zero_that_litellm_calls_lacking_is_unknown() -> None:
    """Langfuse may know a price; a call that is free stays free."""
    priced = {"call_type": "acompletion", "response_cost": 0.0, "litellm_params": {}, "litellm_call_id": "c-1"}
    assert record_of({**priced, "zero_cost_diagnostic": None}).cost_details == {"total": 0.0}
    assert record_of({**priced, "zero_cost_diagnostic": {"reason": "missing_pricing_key"}}).cost_details is None
    assert record_of({**priced, "call_type": "pass_through_endpoint"}).cost_details is None
