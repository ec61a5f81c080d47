"""What a hook keeps: enough for the same record, made later, whatever the application does meanwhile."""

from __future__ import annotations

import copy
import datetime
from dataclasses import asdict, replace
from typing import Any

import pytest

from router.routing.record import CallRecord
from tests.payloads import NAMES, capture_of, load_payload, record_of


def _told(record: CallRecord) -> dict[str, Any]:
    return asdict(replace(record, size=0))


@pytest.mark.parametrize("name", NAMES)
def test_the_record_made_later_is_the_record_made_at_once(name: str) -> None:
    """Nothing that a record tells is lost by keeping only part of the arguments."""
    payload = load_payload(name)
    taken, wanted = capture_of(payload).record(), record_of(payload)
    assert _told(taken) == _told(wanted)


@pytest.mark.parametrize("name", NAMES)
def test_later_changes_are_not_seen(name: str) -> None:
    """The application empties every list and dict it handed over, and the record is as it was."""
    payload = load_payload(name)
    wanted = _told(record_of(payload))
    taken = capture_of(payload)
    _empty(payload.kwargs)
    assert _told(taken.record()) == wanted


def _empty(value: Any, depth: int = 0) -> None:
    items = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    for item in items:
        _empty(item, depth + 1)
    if isinstance(value, (dict, list)):
        value.clear()


def test_two_reports_of_one_attempt_are_told_alike() -> None:
    """A fallback under the same call id is another attempt."""
    payload = load_payload("sdk_completion_metadata")
    again = replace(payload, kwargs=copy.copy(payload.kwargs))
    assert capture_of(payload).attempt == capture_of(again).attempt
    other = {
        **payload.kwargs,
        "standard_logging_object": {**payload.kwargs["standard_logging_object"], "model_id": "x"},
    }
    assert capture_of(replace(payload, kwargs=other)).attempt != capture_of(payload).attempt


@pytest.mark.parametrize("name", ["sdk_completion_metadata", "sdk_acompletion_failure", "proxy_chat_fallback"])
def test_a_retry_is_another_attempt(name: str) -> None:
    """LiteLLM keeps the call's id; the deployment, the start or the outcome differ."""
    payload = load_payload(name)
    first = capture_of(payload).attempt
    other_start = replace(payload, start_time=payload.start_time + datetime.timedelta(milliseconds=1))
    standard = {**payload.kwargs["standard_logging_object"], "model_id": "another"}
    other_deployment = replace(payload, kwargs={**payload.kwargs, "standard_logging_object": standard})
    other_end = replace(payload, hook="log_failure_event" if payload.status == "success" else "log_success_event")
    attempts = {first, *(capture_of(other).attempt for other in (other_start, other_deployment, other_end))}
    assert len(attempts) == 4


@pytest.mark.parametrize("end", [StopIteration(), StopAsyncIteration()], ids=repr)
def test_the_end_of_a_stream_is_the_attempt_that_succeeded(end: Exception) -> None:
    """LiteLLM 1.80 reports it as a failure of its own; without a success before, it is one."""
    payload = load_payload("sdk_completion_metadata")
    ended = replace(payload, hook="log_failure_event", kwargs={**payload.kwargs, "exception": end})
    failed = replace(ended, kwargs={**payload.kwargs, "exception": ValueError()})
    assert capture_of(ended).attempt == capture_of(payload).attempt != capture_of(failed).attempt
    assert capture_of(ended).record().status == "failure"


@pytest.mark.parametrize("call_id", [None, "", [], {}], ids=repr)
def test_calls_without_an_id_are_never_taken_for_one(call_id: Any) -> None:
    """Nothing tells them apart, so each is logged."""
    payload = load_payload("sdk_completion_metadata")
    payload = replace(payload, kwargs={**payload.kwargs, "litellm_call_id": call_id})
    first, second = capture_of(payload), capture_of(payload)
    assert len({first.attempt, second.attempt}) == 2
    assert first.record().call_id != second.record().call_id


def test_a_capture_does_not_show_what_it_holds() -> None:
    """It ends up in tracebacks and debuggers like any other object."""
    payload = load_payload("sdk_completion_metadata")
    assert "hello" not in repr(capture_of(payload))
    assert "hello" in str(_told(record_of(payload)))
