"""Every field of LiteLLM's payloads was decided about: it is read, or nothing of it reaches a record."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from litellm.types.utils import (
    Choices,
    Message,
    StandardLoggingGuardrailInformation,
    StandardLoggingHiddenParams,
    StandardLoggingMetadata,
    StandardLoggingPayload,
    StandardLoggingPayloadErrorInformation,
)

from router.litellm.figures import GUARDRAIL_FACTS
from tests.payloads import load_payload, record_of

CALLS = ("sdk_acompletion", "sdk_completion_failure_sync", "proxy_chat_minimal", "proxy_chat_failure")

READ = {
    "payload": """
        api_base cache_key completionStartTime cost_breakdown custom_llm_provider endTime error_information
        error_str guardrail_information id messages metadata model model_group model_id model_parameters response
        response_cost startTime
    """,
    "metadata": "applied_guardrails prompt_management_metadata usage_object",
    "hidden_params": "",
    "error_information": "error_class error_code error_message",
    "message": """
        annotations audio content function_call images provider_specific_fields reasoning_content reasoning_items
        refusal role thinking_blocks tool_calls
    """,
    "choice": "message",
    "guardrail": f"{' '.join(GUARDRAIL_FACTS)} guardrail_request guardrail_response start_time end_time",
}
"""What a record is made from. A field that is not here is not fetched, whatever LiteLLM writes into it."""

NOT_READ = {
    # What a call's arguments or the authenticated key tell better, what repeats something else, what is the proxy's
    # own business, and what can hold headers, addresses of people, or another copy of the content.
    "payload": """
        autorouter_baseline_observation autorouter_savings autorouter_savings_estimate cache_hit call_type
        classifier_input completion_tokens end_user hidden_params litellm_call_id
        model_map_information originating_request_masked prompt_tokens request_model_access_groups request_tags
        requester_ip_address response_cost_failure_debug_info response_time saved_cache_cost session_id
        standard_built_in_tools_params status status_fields stream total_tokens trace_id user_agent zero_cost_diagnostic
    """,
    "metadata": """
        cold_storage_object_key mcp_tool_call_metadata requester_custom_headers
        requester_ip_address requester_metadata routing_decision spend_logs_metadata team_alias team_id
        used_client_oauth_token user_agent user_api_key_alias user_api_key_auth_metadata user_api_key_budget_reset_at
        user_api_key_end_user_id user_api_key_hash user_api_key_max_budget user_api_key_org_alias user_api_key_org_id
        user_api_key_project_alias user_api_key_project_id user_api_key_request_route user_api_key_spend
        user_api_key_team_alias user_api_key_team_id user_api_key_team_max_budget user_api_key_team_spend
        user_api_key_user_email user_api_key_user_id user_api_key_user_max_budget user_api_key_user_spend
        vector_store_request_metadata
    """,
    "hidden_params": """
        additional_headers api_base batch_failed_requests batch_models batch_successful_requests cache_key
        litellm_model_name litellm_overhead_time_ms model_id response_cost usage_object
    """,
    "error_information": """
        error_budget_entity_id error_budget_entity_type error_budget_limit error_budget_spend error_provider_request_id
        error_rate_limit_category error_rate_limit_type llm_provider normalized_error traceback
    """,
    "message": "",
    "choice": "finish_reason index logprobs provider_specific_fields",
    "guardrail": """
        alert_recipients classification guardrail_cost_by_unit guardrail_cost_in_spend guardrail_usage match_details
    """,
}

FIELDS_OF_LITELLM = {
    "payload": StandardLoggingPayload.__annotations__,
    "metadata": StandardLoggingMetadata.__annotations__,
    "hidden_params": StandardLoggingHiddenParams.__annotations__,
    "error_information": StandardLoggingPayloadErrorInformation.__annotations__,
    "message": Message.model_fields,
    "choice": Choices.model_fields,
    "guardrail": StandardLoggingGuardrailInformation.__annotations__,
}


@pytest.mark.parametrize("part", FIELDS_OF_LITELLM)
def test_every_field_of_litellm_was_decided_about(part: str) -> None:
    """A new version of LiteLLM with a new field fails here, until somebody has decided what becomes of it."""
    decided = {*READ[part].split(), *NOT_READ[part].split()}
    assert set(FIELDS_OF_LITELLM[part]) - decided == set()
    assert set(READ[part].split()).isdisjoint(NOT_READ[part].split())


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("part", "field"),
    [
        (part, field)
        for part, fields in NOT_READ.items()
        if part != "message"  # its fields are content: they are read, and masked, as a whole
        for field in [*fields.split(), "a_field_of_tomorrow"]
    ],
)
def test_what_is_not_read_reaches_no_record(part: str, field: str, call: str) -> None:
    """Whatever stands there: a text, a list, a mapping."""
    for value in ("CANARY", ["CANARY"], {"x": "CANARY"}):
        assert "CANARY" not in _everything(_planted(call, part, field, value))


@pytest.mark.parametrize("call", ["sdk_acompletion", "proxy_chat_minimal"])
@pytest.mark.parametrize("part", ["", "prompt_tokens_details", "completion_tokens_details", "server_tool_use"])
@pytest.mark.parametrize("value", ["CANARY", "a CANARY", ["CANARY"], {"x": "CANARY"}, [{"modality": "a CANARY"}]])
def test_of_usage_only_figures_are_passed_on(value: Any, part: str, call: str) -> None:
    """And what a provider calls its tier: no mask of the input or output hides these, so no text of tomorrow may."""
    payload = load_payload(call)
    usage = payload.kwargs["standard_logging_object"]["metadata"]["usage_object"] or {}
    figures = {
        "prompt_tokens": 7,
        "seconds": 0.5,
        "by_kind": [{"modality": "TEXT", "count": 2}],
        "service_tier": "flex",
    }
    usage |= {part: {**figures, "a_field_of_tomorrow": value}} if part else {**figures, "a_field_of_tomorrow": value}
    payload.kwargs["standard_logging_object"]["metadata"]["usage_object"] = usage
    record = record_of(payload)
    assert "CANARY" not in _everything(record)
    seen = record.details["usage_object"]
    assert figures.items() <= (seen[part] if part else seen).items()


@pytest.mark.parametrize("fact", GUARDRAIL_FACTS)
@pytest.mark.parametrize(
    "value", [{"a_field_of_tomorrow": "CANARY"}, [{"a_field_of_tomorrow": "CANARY"}], [["CANARY"]]]
)
def test_of_a_guardrails_facts_only_their_own_shape_is_passed_on(value: Any, fact: str) -> None:
    """A text, a number, texts, counts by kind, or when it runs by tag."""
    assert "CANARY" not in _everything(_planted("sdk_acompletion", "guardrail", fact, value))


def test_the_facts_of_a_guardrail_are_passed_on() -> None:
    """In the shapes in which LiteLLM writes them."""
    facts = {
        "guardrail_name": "g",
        "guardrail_mode": {"default": ["pre_call", "post_call"], "tags": {"internal": "logging_only"}},
        "violation_categories": ["pii"],
        "masked_entity_count": {"EMAIL": 2},
        "risk_score": 0.5,
    }
    payload = load_payload("sdk_acompletion")
    payload.kwargs["standard_logging_object"]["guardrail_information"] = [
        facts,
        {**facts, "guardrail_mode": "during_call"},
    ]
    assert record_of(payload).guardrails == (facts, {**facts, "guardrail_mode": "during_call"})


def _planted(call: str, part: str, field: str, value: Any) -> Any:
    payload = load_payload(call)
    standard = payload.kwargs["standard_logging_object"]
    if part == "choice":
        choices = (standard.get("response") or {}).get("choices", [])
        for choice in choices:
            choice[field] = value
    elif part == "guardrail":
        standard["guardrail_information"] = [{"guardrail_name": "g", field: value}]
    elif part == "payload":
        standard[field] = value
    else:
        standard[part] = {**(standard.get(part) or {}), field: value}
    return record_of(payload)


def _everything(record: Any) -> str:
    return repr(dataclasses.asdict(record))
