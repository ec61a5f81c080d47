"""LiteLLM's hook arguments as a CallRecord: the captured calls, what clients spoof, and what must never get out."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
from typing import Any

import litellm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litellm.proxy._types import UserAPIKeyAuth
from litellm.types.utils import ModelResponse, TextCompletionResponse
from pydantic import SecretStr

from router.litellm import record_from_kwargs
from router.litellm.facts import nanoseconds
from router.litellm.origin import Caller
from router.routing.record import CallError, CallRecord, Requested
from tests.payloads import NAMES, capture_of, load_payload, native_spans, record_of

MESSAGES = [{"role": "user", "content": "hello"}]
HOST_FACTS = ("team", "team_alias", "key_alias", "key_hash", "org", "host_tags", "model", "model_group", "model_id")
KEY_A = {
    "team": "team-a-id",
    "team_alias": "team-a",
    "key_alias": "key-a",
    "key_hash": "8879f6a4ae35c420a15d35fed3b8dd07577207803d404f6d4cc4fa829dafa910",
    "org": "org-1",
}
DETAILS_A = {
    "user_api_key_alias": "key-a",
    "user_api_key_team_id": "team-a-id",
    "user_api_key_team_alias": "team-a",
    "user_api_key_org_id": "org-1",
    "user_api_key_org_alias": "Org One",
    "user_api_key_user_id": "user-a",
    "user_api_key_request_route": "/v1/chat/completions",
    "user_api_key_hash": KEY_A["key_hash"],
}


def call(status: Any = "success", response_obj: Any = None, proxy_process: bool = False, **kwargs: Any) -> CallRecord:
    kwargs.setdefault("litellm_call_id", "call-1")
    return record_from_kwargs(kwargs, response_obj, None, None, status=status, proxy_process=proxy_process)


def plain(record: CallRecord) -> Any:
    """Return everything a record holds but for what is no JSON: a set, a function, and secrets."""
    requested = {**dataclasses.asdict(record.requested), "mask": (), "masking_function": None, "credentials": None}
    return {**dataclasses.asdict(record), "requested": requested}


def as_dict(record: CallRecord) -> dict[str, Any]:
    """Return the fields that say something; without the size, which is an estimate."""
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(CallRecord)}
    return {name: value for name, value in fields.items() if name != "size" and value not in (None, {}, (), "", False)}


def facts_of(record: CallRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in HOST_FACTS}


# The captured calls


@pytest.mark.parametrize("name", NAMES)
def test_every_captured_call_becomes_a_record(name: str) -> None:
    """Each payload gives plain JSON data, its times, its team and its status; the payload stays as it was."""
    payload = load_payload(name)
    before = repr(payload.kwargs), repr(payload.response_obj)
    record = record_of(payload)
    assert (repr(payload.kwargs), repr(payload.response_obj)) == before
    json.dumps(plain(record), allow_nan=False)
    assert record.call_id == payload.kwargs["litellm_call_id"]
    assert record.origin == ("proxy" if payload.is_proxy else "sdk")
    assert record.authenticated is (name != "proxy_bad_key_spoof")
    assert 0 < record.start_time_unix_nano <= record.end_time_unix_nano
    assert (record.error is not None) is (record.status == "failure")
    assert record.input["messages"][0]["role"] in ("system", "user")
    assert record.size > 1_000


def test_an_application_call_is_recorded_exactly() -> None:
    """All metadata keys of the seed, on a sync completion."""
    assert as_dict(record_of(load_payload("sdk_completion_metadata"))) == {
        "call_id": "a3bfb36a-f6bc-4ce8-90c3-ed750478088d",
        "call_type": "completion",
        "status": "success",
        "start_time_unix_nano": nanoseconds(datetime.datetime(2026, 11, 23, 14, 10, 41, 620022)),  # noqa: DTZ001
        "end_time_unix_nano": nanoseconds(datetime.datetime(2026, 11, 23, 14, 10, 41, 720697)),  # noqa: DTZ001
        "completion_start_time_unix_nano": 1795443041720697000,
        "model": "gpt-4o-mini",
        "provider": "openai",
        "model_parameters": {"temperature": 0.2, "user": "enduser-1"},
        "usage_details": {"input": 10, "output": 20, "total": 30},
        "cost_details": {"input": 1.5e-06, "output": 1.2e-05, "total": 1.35e-05},
        "input": {
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "hello secret 4111"},
            ]
        },
        "output": {"content": "hi there", "role": "assistant"},
        "origin": "sdk",
        "authenticated": True,
        "user": "user-1",
        "tags": ("t1", "t2"),
        "session_id": "sess-1",
        "trace_id": "trace-id-1",
        "metadata": load_payload("sdk_acompletion_failure").kwargs["litellm_params"]["metadata"],
        "details": {
            "litellm_call_id": "a3bfb36a-f6bc-4ce8-90c3-ed750478088d",
            "response_id": "chatcmpl-7e3c4299-3831-43b3-9e64-5a8ee0180c1b",
            "litellm_response_cost": 1.35e-05,
            "cache_hit": False,
        },
        "requested": Requested(
            trace={
                "user_id": "user-1",
                "session_id": "sess-1",
                "name": "trace-name",
                "version": "tv1",
                "release": "tr1",
                "tags": ["t1", "t2"],
                "metadata": {
                    "k": "v",
                    "metadata_passed_to_litellm": {
                        "generation_name": "gen-name",
                        "generation_id": "gen-id-1",
                        "trace_id": "trace-id-1",
                        "trace_name": "trace-name",
                        "trace_user_id": "user-1",
                        "session_id": "sess-1",
                        "trace_version": "tv1",
                        "trace_release": "tr1",
                        "version": "v1",
                        "parent_observation_id": "parent-1",
                        "debug_langfuse": True,
                        "mask_input": False,
                    },
                },
            },
            generation={"name": "gen-name", "version": "v1", "metadata": {"extra_key": {"nested": [1, 2]}}},
            trace_id="trace-id-1",
            parent_observation_id="parent-1",
            generation_id="gen-id-1",
        ),
    }


def test_a_proxy_call_with_headers_is_recorded_exactly() -> None:
    """Identity from the key, tags of host, body and headers, and what the `langfuse_*` headers ask."""
    record = record_of(load_payload("proxy_chat_headers_tags"))
    found = as_dict(record)
    del found["headers"], found["start_time_unix_nano"], found["end_time_unix_nano"]
    assert found == {
        **KEY_A,
        "call_id": "6d2f9d6a-855e-4890-8ab7-6749779fc57f",
        "call_type": "acompletion",
        "status": "success",
        "completion_start_time_unix_nano": record.end_time_unix_nano,
        "model": "gpt-4o-mini",
        "model_group": "fake-gpt",
        "model_id": "dep-1",
        "provider": "openai",
        "model_parameters": {"stream": False, "user": "end-user-9"},
        "usage_details": {"input": 10, "output": 20, "total": 30},
        "cost_details": {"input": 1.5e-06, "output": 1.2e-05, "total": 1.35e-05},
        "input": {"messages": [{"role": "user", "content": "hello secret 4111"}]},
        "output": {"content": "hello from mock", "role": "assistant"},
        "origin": "proxy",
        "authenticated": True,
        "user": "hdr-user",
        "tags": ("body-tag", "key-tag-a", "team-tag-a", "hdr-tag", "h1", "h2"),
        "host_tags": ("key-tag-a", "team-tag-a"),
        "session_id": "hdr-sess",
        "trace_id": "hdr-existing",
        "metadata": {
            "trace_name": "body-name",
            "extra": 1,
            "tags": ["body-tag", "key-tag-a", "team-tag-a", "hdr-tag"],
        },
        "details": {
            **DETAILS_A,
            "litellm_call_id": "6d2f9d6a-855e-4890-8ab7-6749779fc57f",
            "response_id": "chatcmpl-5fb88296-3b28-4c91-b127-62f59292c189",
            "litellm_response_cost": 1.35e-05,
            "cache_hit": False,
        },
        "requested": Requested(
            trace={
                "name": "body-name",
                "user_id": "hdr-user",
                "session_id": "hdr-sess",
                "tags": ["body-tag", "key-tag-a", "team-tag-a", "hdr-tag", "h1", "h2"],
                "metadata": {"a": 1},
            },
            generation={"name": "hdr-gen", "metadata": {"extra": 1}},
            trace_id="hdr-trace",
            existing_trace_id="hdr-existing",
        ),
    }


def test_a_failure_says_class_code_and_message() -> None:
    """No output, no usage, no cost, no traceback; the deployment that failed."""
    record = record_of(load_payload("proxy_chat_failure"))
    assert (record.output, record.usage_details, record.cost_details) == (None, None, None)
    assert record.completion_start_time_unix_nano is None
    assert (record.model_group, record.model_id) == ("failing", "dep-2")
    text = "litellm.RateLimitError: this is a mock rate limit error"
    assert record.error == CallError(type="RateLimitError", code="429", message=text)


def test_the_hook_alone_decides_the_status() -> None:
    """A fallback's success still carries the exception of the attempt before it."""
    payload = load_payload("proxy_chat_fallback")
    record = record_of(payload)
    assert payload.kwargs["exception"] is not None
    assert (record.status, record.error) == ("success", None)
    assert (record.model_id, record.details["attempted_fallbacks"]) == ("dep-1", 1)


def test_tools_and_tool_calls_are_recorded() -> None:
    """Tools stand beside the messages, as in LiteLLM's own callback, and tool calls in the message."""
    native = native_spans("tools")["spans"][0]["attributes"]
    record = record_of(load_payload("sdk_acompletion_tools"))
    assert record.input["tools"] == json.loads(native["langfuse.observation.input"])["tools"]
    tool_calls = json.loads(native["langfuse.observation.output"])["tool_calls"]
    assert record.output == {"content": "", "role": "assistant", "tool_calls": tool_calls}
    assert record.model_parameters == {}


def test_an_embedding_has_no_output_and_a_true_total() -> None:
    """LiteLLM's own callback sends a total of 0 with an input of 10."""
    record = record_of(load_payload("sdk_embedding"))
    native = native_spans("embedding")["spans"][0]["attributes"]
    assert record.input == json.loads(native["langfuse.observation.input"])
    assert record.output is None
    assert record.usage_details == {"input": 10, "output": 0, "total": 10}


@pytest.mark.seed("usage")
def test_cached_and_reasoning_tokens_are_counted_once() -> None:
    """Langfuse adds the kinds up, so input and output leave out what has a count of its own."""
    record = record_of(load_payload("sdk_langchain_invoke"))
    assert record.usage_details == {
        "input": 7,
        "output": 5,
        "total": 18,
        "cache_read_input_tokens": 4,
        "output_reasoning_tokens": 2,
    }


def test_routes_with_metadata_of_their_own_are_read_from_both() -> None:
    """/v1/messages: the body's metadata, LiteLLM's metadata, the key, and the model behind the alias."""
    record = record_of(load_payload("proxy_anthropic_messages"))
    assert facts_of(record) == {
        **KEY_A,
        "host_tags": ("key-tag-a", "team-tag-a"),
        "model": "gpt-4o-mini",
        "model_group": "fake-gpt",
        "model_id": "dep-1",
    }
    assert record.tags == ("am", "lm", "key-tag-a", "team-tag-a")
    assert (record.user, record.trace_id, record.requested.trace["name"]) == ("anthro-user", "t-am", "lmn")
    assert record.requested.generation == {"metadata": {"user_id": "anthro-user"}}


# Trust


@pytest.mark.parametrize(
    ("spoofed", "honest"),
    [
        ("proxy_spoof", "proxy_chat_headers_tags"),
        ("proxy_keyhash_spoof_messages", "proxy_anthropic_messages"),
        ("proxy_tags_string_breaks_slo", "proxy_chat_minimal"),
        ("proxy_tags_string_breaks_slo_messages", "proxy_anthropic_messages"),
    ],
)
def test_a_spoofed_call_belongs_to_the_same_key_as_an_honest_one(spoofed: str, honest: str) -> None:
    """Whatever the body claims, team, key, organisation, host tags and deployment are the authenticated ones."""
    assert facts_of(record_of(load_payload(spoofed))) == facts_of(record_of(load_payload(honest)))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "proxy_bad_key_spoof"])
def test_a_payload_that_litellm_could_not_build_changes_no_fact(name: str) -> None:
    """A client can make LiteLLM's standard payload None; the record must not depend on it."""
    payload = load_payload(name)
    whole, broken = record_of(payload), record_of(payload, standard_logging_object=None)
    for field in (*HOST_FACTS, "tags", "metadata", "input", "output", "user", "session_id", "requested"):
        assert getattr(broken, field) == getattr(whole, field), field
    if name != "proxy_responses_api":  # its captured response has lost the two counts
        assert broken.usage_details == whole.usage_details
    assert (broken.start_time_unix_nano, broken.end_time_unix_nano) == (
        whole.start_time_unix_nano,
        whole.end_time_unix_nano,
    )


def test_nobody_is_authenticated_without_the_key_object() -> None:
    """In a proxy a call with a bad key is nobody's: no team, no headers, no requests; only its masks count."""
    record = record_of(load_payload("proxy_bad_key_spoof"))
    assert record.authenticated is False
    assert facts_of(record) == {**dict.fromkeys(HOST_FACTS), "host_tags": (), "model": "fake-gpt"}
    assert record.requested == Requested()
    assert record.headers == {}


def test_a_mapping_is_no_key() -> None:
    """JSON can spell everything but an instance of LiteLLM's class."""
    fake = {"user_api_key_auth": {"team_id": "evil"}, "user_api_key_team_id": "evil", "team": "evil"}
    for slot in ("metadata", "litellm_metadata"):
        record = call(litellm_params={slot: fake}, proxy_process=True)
        assert (record.origin, record.authenticated, record.team) == ("proxy", False, None)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"litellm_no_upstream_llm_call": True},
        {"litellm_params": {"proxy_server_request": {"headers": {}}}},
    ],
    ids=["no upstream call", "proxy request"],
)
def test_marks_of_the_proxy_count_in_any_process(kwargs: dict[str, Any]) -> None:
    """A call that a proxy made is not an application's, even if the process does not look like a proxy."""
    assert call(**kwargs, proxy_process=False).authenticated is False


def test_an_unauthenticated_call_can_still_ask_to_be_masked() -> None:
    """A mask only takes away, so anyone may ask for it."""
    record = call(litellm_params={"metadata": {"mask_input": True, "trace_id": "t"}}, proxy_process=True)
    assert record.requested == Requested(mask=frozenset({"input"}))


def test_the_program_of_a_client_is_no_tag() -> None:
    """Older LiteLLM puts it among the client's own tags, once with its version and once without."""
    tags = ["prod", "User-Agent: curl", "User-Agent: curl/8.5.0", "User-Agent: mine"]
    metadata = {"user_api_key_auth": UserAPIKeyAuth.model_construct(team_id="t"), "tags": tags}
    request = {"headers": {"User-Agent": "curl/8.5.0"}}
    record = call(litellm_params={"metadata": metadata, "proxy_server_request": request})
    assert record.tags == ("prod", "User-Agent: mine")
    alone = {**metadata, "tags": tags[1:3]}
    assert call(litellm_params={"metadata": alone, "proxy_server_request": request}).tags == ()
    assert tags == ["prod", "User-Agent: curl", "User-Agent: curl/8.5.0", "User-Agent: mine"]


def test_in_an_application_its_metadata_names_the_team() -> None:
    """Short names come before LiteLLM's; the metadata itself is delivered too, without LiteLLM's."""
    metadata = {"team": "payments", "team_alias": "Pay", "user_api_key_alias": "k", "user_api_key_org_id": "o"}
    record = call(litellm_params={"metadata": metadata})
    assert (record.team, record.team_alias, record.key_alias, record.org) == ("payments", "Pay", "k", "o")
    assert record.metadata == {"team": "payments", "team_alias": "Pay"}


def test_the_hash_of_a_key_is_never_the_key() -> None:
    """Custom auth may leave the key itself where LiteLLM keeps its hash."""
    auth = UserAPIKeyAuth.model_construct(api_key="plain-key", token=None, team_id="t")
    record = call(litellm_params={"metadata": {"user_api_key_auth": auth}})
    assert (record.team, record.key_hash) == ("t", None)
    assert "plain-key" not in dump(record)


def test_an_alias_named_by_a_client_is_no_deployment() -> None:
    """Before routing, `model_group` and `model_info` in the metadata are the client's own words."""
    auth = UserAPIKeyAuth.model_construct(team_id="t")
    metadata = {"user_api_key_auth": auth, "model_group": "evil", "model_info": {"id": "evil"}, "deployment": "evil"}
    record = call("failure", model="nope", litellm_params={"metadata": metadata, "proxy_rejected_before_routing": True})
    assert (record.model, record.model_group, record.model_id) == ("nope", None, None)


def test_the_words_of_a_client_are_no_deployment_where_litellm_routed_nothing() -> None:
    """Calls that pass LiteLLM's router by keep what the client wrote; the router's tuple tells the difference."""
    auth = UserAPIKeyAuth.model_construct(team_id="t")
    words = {"model_group": "evil", "model_info": {"id": "evil"}, "deployment": "evil", "attempted_fallbacks": 5}
    for tags in (None, ["prod"]):
        metadata = {"user_api_key_auth": auth, **words, "attempted_retries": 7, "_routing_request_tags": tags}
        record = call(model="m", litellm_params={"metadata": metadata})
        assert (record.model, record.model_group, record.model_id) == ("m", None, None)
        assert "evil" not in dump(record)
        assert record.details == {"user_api_key_team_id": "t", "litellm_call_id": "call-1"}
    metadata["_routing_request_tags"] = ("prod",)
    record = call(model="m", litellm_params={"metadata": metadata})
    assert (record.model_group, record.model_id) == ("evil", "evil")
    assert record.details["attempted_fallbacks"] == 5
    assert "attempted_retries" not in record.details


# Nothing that must stay inside gets out


def dump(record: CallRecord) -> str:
    return repr(dataclasses.asdict(record))


def test_nothing_from_the_never_export_list_is_in_a_record() -> None:
    """A canary in every place that has been seen to hold a secret; the record, searched whole, has none."""
    payload = load_payload("proxy_bad_model_team_creds")
    secrets: dict[str, Any] = {
        "api_key": "CANARY",
        "additional_args": {"headers": {"Authorization": "CANARY"}, "complete_input_dict": {"messages": "CANARY"}},
        "optional_params": {"api_key": "CANARY", "extra_headers": {"Authorization": "CANARY"}, "messages": "CANARY"},
        "secret_fields": {"raw_headers": {"authorization": "CANARY"}},
        "original_response": "CANARY",
        "langfuse_public_key": "CANARY",
        "langfuse_secret_key": "CANARY",
        "langfuse_secret": "CANARY",
        "langfuse_host": "CANARY",
        "litellm_trusted_callback_vars": {"x": "CANARY"},
        "standard_callback_dynamic_params": {"langfuse_secret_key": "CANARY"},
        "traceback_exception": "CANARY",
        "user_api_key_auth": "CANARY",
    }
    slot = {
        **payload.kwargs["litellm_params"]["metadata"],
        **secrets,
        "requester_metadata": {"a": "CANARY"},
        "user_api_key_metadata": {"secret": "CANARY"},
        "user_api_key_team_metadata": {"secret": "CANARY"},
        "headers": {"authorization": "CANARY"},
        "user_api_key": "CANARY",
    }
    del slot["original_response"], slot["additional_args"], slot["optional_params"], slot["traceback_exception"]
    slot["user_api_key_auth"] = payload.kwargs["litellm_params"]["metadata"]["user_api_key_auth"]
    headers = dict.fromkeys(
        "authorization Proxy-Authorization cookie set-cookie x-api-key api-key x-goog-api-key x-amz-security-token "
        "x-litellm-api-key x-auth-token langfuse_secret_key langfuse-public-key x-my-secret".split(),
        "CANARY",
    )
    params = {
        **payload.kwargs["litellm_params"],
        "api_key": "CANARY",
        "api_base": "https://user:CANARY@api.example.com/v1?api-key=CANARY#CANARY",
        "metadata": slot,
        "litellm_metadata": dict(slot),
        "proxy_server_request": {"url": "http://x/?k=CANARY", "headers": headers, "body": {"api_key": "CANARY"}},
    }
    parameters = {**dict.fromkeys(["api_key", "langfuse_secret_key", "metadata"], "CANARY"), "temperature": 1}
    parameters["extra_headers"] = parameters["extra_body"] = {"Authorization": "CANARY"}
    standard = {**payload.kwargs["standard_logging_object"], "model_parameters": parameters, "api_base": ""}
    standard["error_information"] = {**standard["error_information"], "traceback": "CANARY"}
    record = record_of(payload, **secrets, litellm_params=params, standard_logging_object=standard)
    assert "CANARY" not in dump(record)
    assert record.model_parameters == {"temperature": 1}
    assert record.details["api_base"] == "https://api.example.com/v1"
    assert record.team == "team-a-id"


@pytest.mark.parametrize("name", NAMES)
def test_no_captured_credential_is_in_a_record(name: str) -> None:
    """The fake credentials of the captures stay out of every record."""
    text = dump(record_of(load_payload(name)))
    for credential in ("pk-", "sk-", "fake-provider-key", "my-secret-key", "Bearer", "my-original-response"):
        assert credential not in text.replace("4111", "")


def test_what_the_host_excluded_from_the_payload_is_not_fetched_elsewhere() -> None:
    """`standard_logging_payload_excluded_fields` takes messages and response out of LiteLLM's payload alone."""
    payload = load_payload("sdk_acompletion")
    standard = {k: v for k, v in payload.kwargs["standard_logging_object"].items() if k not in ("messages", "response")}
    record = record_of(payload, standard_logging_object=standard)
    assert (record.input, record.output) == (None, None)


def test_what_the_host_excluded_is_not_fetched_where_there_is_no_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client breaks LiteLLM's payload with tags as a text; the host's words count all the same."""
    excluded = ["messages", "response", "error_str", "error_information"]
    monkeypatch.setattr(litellm, "standard_logging_payload_excluded_fields", excluded)
    record = record_of(load_payload("proxy_tags_string_breaks_slo"))
    assert (record.input, record.output) == (None, None)
    words: dict[str, Any] = {"messages": MESSAGES, "exception": ValueError("quotes hello")}
    for nothing in (None, dict[str, Any]()):
        failed = call("failure", standard_logging_object=nothing, **words)
        assert (failed.input, failed.error) == (None, CallError(type="ValueError", message=""))
    monkeypatch.setattr(litellm, "standard_logging_payload_excluded_fields", None)
    failed = call("failure", **words)
    assert failed.input == {"messages": MESSAGES}
    assert failed.error == CallError(type="ValueError", message="quotes hello")


@pytest.mark.parametrize("name", ["sdk_completion_metadata", "sdk_completion_failure_sync", "proxy_chat_failure"])
def test_what_the_host_excluded_is_left_out_where_litellm_left_it_in(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM forgets the host's list for synchronous calls."""
    payload = load_payload(name)
    excluded = ["messages", "response", "error_str", "error_information", "model_parameters"]
    monkeypatch.setattr(litellm, "standard_logging_payload_excluded_fields", excluded)
    record = record_of(payload)
    assert (record.input, record.output, record.model_parameters) == (None, None, {})
    assert record.error is None or record.error.message == ""


PAIR = {"langfuse_public_key": "pk-CANARY", "langfuse_secret_key": "sk-CANARY"}
ALIAS = {"langfuse_public_key": "pk-CANARY", "langfuse_secret": "sk-CANARY"}


@pytest.mark.parametrize(
    "kwargs",
    [
        PAIR,
        ALIAS,
        {"standard_callback_dynamic_params": PAIR},
        {"litellm_params": {"metadata": ALIAS}},
        {"litellm_params": {"litellm_metadata": PAIR}},
        {"standard_callback_dynamic_params": {**PAIR, "langfuse_host": None}, "litellm_params": {"metadata": ALIAS}},
    ],
    ids=["kwargs", "alias", "dynamic", "metadata", "litellm metadata", "two places"],
)
def test_credentials_of_a_call_are_kept_where_nothing_shows_them(kwargs: dict[str, Any]) -> None:
    """They can be sent with, and not be printed."""
    record = call(**kwargs)
    found = record.requested.credentials
    assert found is not None
    assert found.public_key is not None
    assert found.secret_key is not None
    keys = (found.public_key.get_secret_value(), found.secret_key.get_secret_value(), found.host)
    assert keys == ("pk-CANARY", "sk-CANARY", None)
    assert "CANARY" not in dump(record)
    assert "CANARY" not in repr(record)
    assert not call(litellm_params={"metadata": {"langfuse_host": ""}}, langfuse_secret=None).requested.credentials


def test_credentials_of_one_place_are_not_completed_by_those_of_another() -> None:
    """What a team's configuration says is never sent to a host that a client wrote."""
    given: dict[str, Any] = {
        "standard_callback_dynamic_params": PAIR,
        "litellm_params": {"metadata": {"langfuse_host": "https://x"}},
    }
    found = call(**given).requested.credentials
    assert found is not None
    assert found.host is None


@pytest.mark.parametrize("name", ["sdk_dynamic_credentials_kwargs", "sdk_dynamic_credentials_metadata"])
def test_captured_credentials_are_found(name: str) -> None:
    """Where LiteLLM really puts them, by the hook as by the worker."""
    payload = load_payload(name)
    record = record_of(payload)
    assert record.requested.credentials is not None
    assert record.requested.credentials.secret_key == SecretStr("sk-lf-fake-team-a")
    taken = capture_of(payload)
    assert taken.record().requested.credentials == record.requested.credentials


def test_who_called_is_not_shown_by_repr() -> None:
    """Headers are the client's content."""
    assert "CANARY" not in repr(Caller(headers={"x": "CANARY"}, details={"y": "CANARY"}))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"standard_callback_dynamic_params": {"turn_off_message_logging": True}},
        {"standard_callback_dynamic_params": {"turn_off_message_logging": "true"}},
        {"litellm_params": {"metadata": {"turn_off_message_logging": True}}},
        {"litellm_params": {"metadata": {"langfuse_masking_function": "not callable"}}},
    ],
    ids=["dynamic", "dynamic text", "metadata", "masking function that is none"],
)
def test_message_logging_that_is_off_masks_both_sides(kwargs: dict[str, Any]) -> None:
    """LiteLLM blanks messages and answers, but not the errors that quote them."""
    assert call("failure", **kwargs).requested.mask == {"input", "output"}


def test_one_slot_cannot_lift_the_mask_of_the_other() -> None:
    """Of two metadata the one that hides more counts."""
    for first, second in ((True, False), (False, True)):
        slots = {"metadata": {"mask_input": first}, "litellm_metadata": {"mask_input": second}}
        assert call(litellm_params=slots).requested.mask == {"input"}


# Shapes


@pytest.mark.parametrize(
    ("response", "call_type", "output"),
    [
        (
            {"choices": [{"message": {"role": "assistant", "content": "a"}}]},
            "completion",
            {"role": "assistant", "content": "a"},
        ),
        ({"choices": [{"text": "t"}]}, "atext_completion", "t"),
        (
            {"choices": [{"message": {"content": "a"}}, {"message": {"content": "b"}}]},
            "completion",
            [{"content": "a"}, {"content": "b"}],
        ),
        ({"choices": []}, "completion", None),
        ({"choices": None, "id": "x"}, "completion", {"choices": None, "id": "x"}),
        ({"output": [{"type": "message"}], "text": {}}, "aresponses", [{"type": "message"}]),
        ({"type": "response.completed", "response": {"output": [1]}}, "aresponses", [1]),
        ({"data": [{"url": "u"}]}, "image_generation", [{"url": "u"}]),
        ({"data": [{"embedding": [0.1]}]}, "aembedding", None),
        ({"results": [{"index": 0}]}, "arerank", [{"index": 0}]),
        ({"text": "spoken"}, "transcription", "spoken"),
        (
            {"type": "message", "role": "assistant", "content": [{"text": "c"}]},
            "anthropic_messages",
            {"role": "assistant", "content": [{"text": "c"}]},
        ),
        ({"response": "raw"}, "pass_through_endpoint", "raw"),
        ([{"event": 1}], "_arealtime", [{"event": 1}]),
        ("redacted-by-litellm", "completion", "redacted-by-litellm"),
        (b"mp3", "aspeech", "speech-output"),
        (b"odd", "completion", None),
        ({}, "completion", None),
        (None, "completion", None),
    ],
    ids=repr,
)
def test_the_output_has_the_shape_of_its_kind_of_call(response: Any, call_type: str, output: Any) -> None:
    """Read from LiteLLM's payload and, where that is missing, from the response itself."""
    given = None if isinstance(response, bytes) else {"response": response}
    assert call(standard_logging_object=given, response_obj=response, call_type=call_type).output == output
    assert call(response_obj=response, call_type=call_type).output == output


def test_litellms_own_response_objects_are_read_without_its_payload() -> None:
    """Pydantic models, message and usage alike."""
    chat = ModelResponse(choices=[{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}])
    assert call(response_obj=chat).output == {"content": "hi", "role": "assistant"}
    text = TextCompletionResponse(choices=[{"text": "done", "index": 0, "finish_reason": "stop"}])
    assert call(response_obj=text, call_type="text_completion").output == "done"
    chat = {"choices": [{"message": {"role": "assistant", "content": "done", "tool_calls": None}}]}
    assert call(response_obj=chat, call_type="atext_completion").output == "done"


@pytest.mark.seed("usage")
@pytest.mark.parametrize(
    ("usage", "details"),
    [
        (None, None),
        ({}, None),
        (
            {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
            {"input": 0, "output": 0, "total": 0},
        ),
        ({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}, {"input": 5, "output": 2, "total": 7}),
        ({"input_tokens": 5, "output_tokens": 2}, {"input": 5, "output": 2, "total": 7}),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 1,
                "cache_creation_input_tokens": 3,
                "cache_read_input_tokens": 4,
            },
            {"input": 3, "output": 1, "total": 11, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3},
        ),
        (
            {"prompt_tokens": 2, "prompt_tokens_details": {"cached_tokens": 9}},
            {"input": 0, "output": 0, "total": 2, "cache_read_input_tokens": 9},
        ),
        ({"prompt_tokens": -1, "completion_tokens": "3", "total_tokens": 1.0}, {"input": 0, "output": 0, "total": 1}),
        (
            {"completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 9}},
            {"input": 0, "output": 0, "total": 1, "output_reasoning_tokens": 1},
        ),
    ],
    ids=repr,
)
def test_usage_has_langfuses_names(usage: Any, details: Any) -> None:
    """Null counts are zero, unknown usage is None, odd types count nothing."""
    payload = {"metadata": {"usage_object": usage}}
    assert call(standard_logging_object=payload).usage_details == details
    assert call(response_obj={"usage": usage}).usage_details == details


def test_an_answer_from_the_cache_costs_nothing() -> None:
    """LiteLLM 1.80 gives it the price of the first answer."""
    payload = {"response_cost": 0.5, "cost_breakdown": {"input_cost": 0.2, "output_cost": 0.3}}
    record = call(standard_logging_object=payload, response_cost=0.5, cache_hit=True)
    assert (record.cost_details, record.details["cache_hit"]) == ({"total": 0.0}, True)


@pytest.mark.seed("cost")
@pytest.mark.parametrize("cost", [None, "1.0", float("nan"), float("inf"), -1, True])
def test_a_cost_that_is_no_price_is_left_out(cost: Any) -> None:
    """Langfuse turns a text into 0, which is a price too."""
    assert call(response_cost=cost).cost_details is None


@pytest.mark.seed("times")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), 1_767_225_600_000_000_000),
        (datetime.datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=datetime.UTC), 1_767_225_600_000_001_000),
        (1_767_225_600.123456, 1_767_225_600_123_456_000),
        (1_767_225_600, 1_767_225_600_000_000_000),
        (None, None),
        ("2026-01-01", None),
        (True, None),
        (float("nan"), None),
        (-5, None),
        (1e30, None),
        (datetime.datetime.max, None),  # noqa: DTZ901 no epoch seconds stand for it
    ],
    ids=repr,
)
def test_times_are_exact_nanoseconds(value: Any, expected: int | None) -> None:
    """To the microsecond, which is all that LiteLLM knows."""
    assert nanoseconds(value) == expected


def test_an_end_before_the_start_is_the_start() -> None:
    """A clock that was set back makes no negative span."""
    record = record_from_kwargs({}, None, 200.0, 100.0, status="success", proxy_process=False)
    assert record.start_time_unix_nano == record.end_time_unix_nano == 200_000_000_000


def test_a_call_without_an_id_gets_one() -> None:
    """Two calls without an id must not pass for one."""
    records = [record_from_kwargs({}, None, None, None, status="success", proxy_process=False) for _ in range(2)]
    assert len({record.call_id for record in records}) == 2


# Robustness


def test_later_changes_by_the_application_are_not_recorded() -> None:
    """Messages, metadata, tools and answers are copies."""
    payload = load_payload("sdk_acompletion_tools")
    payload.kwargs["litellm_params"]["metadata"]["nested"] = {"list": [1]}
    record = record_of(payload)
    before = copy.deepcopy(dataclasses.asdict(record))
    standard = payload.kwargs["standard_logging_object"]
    standard["messages"][0]["content"] = standard["model_parameters"]["tools"][0]["type"] = "changed"
    standard["response"]["choices"][0]["message"]["tool_calls"].clear()
    payload.kwargs["litellm_params"]["metadata"]["nested"]["list"].append(2)
    payload.kwargs["litellm_params"]["metadata"].clear()
    assert dataclasses.asdict(record) == before


class Hostile:
    """Raises wherever it is asked anything."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    __str__ = __repr__


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.datetimes()
    | st.builds(object)
    | st.builds(ValueError, st.text(max_size=3)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.sets(st.integers(), max_size=2)
        | st.dictionaries(
            st.text(max_size=4)
            | st.integers()
            | st.sampled_from(["tags", "metadata", "choices", "message", "usage", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
KWARGS = st.sampled_from(
    "litellm_params standard_logging_object messages input model call_type stream exception litellm_call_id user "
    "tools response_cost standard_callback_dynamic_params completion_start_time custom_llm_provider "
    "agentic_loop_params".split()
)
PARAMS = st.sampled_from("metadata litellm_metadata proxy_server_request api_base _langfuse_masking_function".split())
PAYLOAD = st.sampled_from(
    "metadata response messages model_parameters error_information model_group id startTime".split()
)


@given(
    kwargs=st.dictionaries(KWARGS, JUNK, max_size=8),
    params=JUNK | st.dictionaries(PARAMS, JUNK, max_size=4),
    payload=JUNK | st.dictionaries(PAYLOAD, JUNK, max_size=6),
    response=JUNK,
    times=st.tuples(JUNK, JUNK),
    status=st.sampled_from(["success", "failure"]),
    proxy_process=st.booleans(),
)
def test_any_junk_becomes_a_record(
    kwargs: dict[str, Any], params: Any, payload: Any, response: Any, times: Any, status: Any, proxy_process: bool
) -> None:
    """Whatever a client or a plugin put into the call, it is recorded as plain data and nothing raises."""
    kwargs = {**kwargs, "litellm_params": params, "standard_logging_object": payload}
    record = record_from_kwargs(kwargs, response, *times, status=status, proxy_process=proxy_process)
    json.dumps(plain(record), allow_nan=False)


def test_an_object_that_raises_at_everything_is_named_by_its_class() -> None:
    """No code of a foreign object runs for its content."""
    hostile = Hostile()
    record = call(
        response_obj=None,
        messages=[{"role": "user", "content": hostile}],
        litellm_params={"metadata": {"app": hostile, "trace_name": hostile, "tags": [hostile, "t"]}},
    )
    marker = "[not plain data: Hostile]"
    assert record.input == {"messages": [{"role": "user", "content": marker}]}
    assert record.metadata == {"app": marker, "trace_name": marker, "tags": [marker, "t"]}
