"""An application's own `langfuse_masking_function`: applied to every text, and failing closed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import litellm
import pytest

from router import Router
from router.config import load_text
from router.litellm import RouterLogger
from router.routing.overrides import Grants
from router.routing.record import CallError, CallRecord, Requested
from router.testing import FakeLangfuse
from tests.masks import masked, policies
from tests.payloads import capture_of, load_payload

YAML = """
version: 1
projects: {all: {env: ALL}}
masks: {numbers: [{pattern: 'acct-\\d+', as: "[ACCOUNT]"}]}
rules: [{id: rest, route: all, mask: [numbers]}]
"""
FAILED = "[MASK FAILED: mask-function]"
NEEDLE = "needle-4711"


def shown(function: Callable[[Any], Any] | None, **fields: Any) -> Any:
    """Return what a project sees of a call that brings a masking function."""
    record = CallRecord(call_id="c-1", requested=Requested(masking_function=function), **fields)
    return masked(record, policies({}), "mask-function")


def without_needle(text: str) -> str:
    """Replace the needle, as an application would; knows only texts."""
    return re.sub(NEEDLE, "***", text)


def test_every_text_of_input_output_and_error_goes_through_the_function() -> None:
    """Keys stay, null stays, and a number that the function cannot take is withheld."""
    seen = shown(
        without_needle,
        status="failure",
        input={"messages": [{"role": "user", "content": f"a {NEEDLE}", "name": None}], "n": 3},
        output=[f"b {NEEDLE}"],
        error=CallError(type="E", message=f"c {NEEDLE}"),
    )
    assert seen.input == {"messages": [{"role": "user", "content": "a ***", "name": None}], "n": "[MASKED:int]"}
    assert (seen.output, seen.status_message, seen.failures) == (["b ***"], "E: c ***", ())


@pytest.mark.parametrize("error", [ValueError(NEEDLE), RecursionError(), MemoryError(), SystemExit(1)], ids=repr)
def test_a_function_that_raises_withholds_the_field(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """LiteLLM would send the original; here the field reads as a marker, the call arrives, and nothing quotes it."""

    def broken(text: str) -> str:
        raise error

    with caplog.at_level(logging.DEBUG):
        seen = shown(broken, input=f"a {NEEDLE}", output=None)
    assert (seen.input, seen.output, seen.failures) == (FAILED, None, ("mask-function",))
    assert NEEDLE not in caplog.text


def test_what_a_function_returns_is_copied_into_plain_data() -> None:
    """An object of the application is never turned into text."""
    assert shown(lambda text: object(), input="a").input == "[MASKED:object]"
    assert shown(lambda text: None, input=["a"]).input == [None]


def test_a_plan_that_names_the_function_where_there_is_none_shows_nothing() -> None:
    """Whatever went wrong, the content was meant to be altered."""
    assert shown(None, input="a", output="b").input == FAILED


def test_overrides_can_ignore_the_function() -> None:
    """It is then among what was denied."""
    record = CallRecord(call_id="c-1", requested=Requested(masking_function=without_needle))
    ignoring = Grants.from_config(load_text(f"{YAML}overrides: {{masks: ignore}}\n")).grant(record)
    assert (ignoring.masks, ignoring.denied) == ((), ("mask.function",))
    assert Grants.from_config(load_text(YAML)).grant(record).masks == ("mask-function",)


@pytest.mark.parametrize("name", ["sdk_langfuse_masking_function"])
def test_the_function_of_a_captured_call_reaches_the_record(name: str) -> None:
    """LiteLLM moves it out of the metadata; it is found there, and nothing else is hidden for it."""
    payload = load_payload(name)
    record = capture_of(payload).record()
    assert callable(record.requested.masking_function)
    assert record.requested.mask == frozenset()


@pytest.mark.parametrize("authenticated", [True, False])
def test_in_the_proxy_nothing_that_a_client_sends_is_a_function(authenticated: bool) -> None:
    """What stands there all the same hides the whole content."""
    payload = load_payload("proxy_chat_minimal" if authenticated else "proxy_bad_key_spoof")
    payload.kwargs["litellm_params"]["_langfuse_masking_function"] = without_needle
    record = capture_of(payload).record()
    assert record.requested.masking_function is None
    assert record.requested.mask == {"input", "output"}


def test_real_litellm_hands_the_function_over(tmp_path: Path) -> None:
    """A call through LiteLLM arrives with the function's answer, and the file's own masks on top of it."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    kept = litellm.callbacks
    with FakeLangfuse(["all"]) as langfuse:
        router = Router.from_file(path, environ=langfuse.environ("ALL"))
        logger = RouterLogger(router)
        litellm.callbacks = [logger]
        try:
            litellm.completion(
                model="gpt-4o",
                messages=[{"role": "user", "content": f"{NEEDLE} and acct-12"}],
                mock_response=f"it is {NEEDLE}",
                metadata={"langfuse_masking_function": without_needle},
            )
            assert logger.flush(60)
        finally:
            litellm.callbacks = kept
        assert logger.shutdown(60)
        (span,) = langfuse.spans()
    assert "*** and [ACCOUNT]" in str(span.attributes["langfuse.observation.input"])
    assert "it is ***" in str(span.attributes["langfuse.observation.output"])
    assert all(NEEDLE not in str(value) for value in span.attributes.values())
