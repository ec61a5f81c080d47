"""What a real LiteLLM call becomes on the wire: prompts, usage, cost and guardrails as Langfuse keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litellm
import pytest
from langfuse.api import Prompt_Chat, Prompt_Text
from langfuse.model import ChatPromptClient, TextPromptClient
from litellm.integrations.custom_prompt_management import CustomPromptManagement

from router import Router
from router.litellm import RouterLogger
from router.litellm.content import costs_of
from router.testing import FakeLangfuse, ReceivedSpan, make_record

MESSAGES = [{"role": "user", "content": "hello"}]
YAML = """
version: 1
projects: {shared: {env: LANGFUSE}}
masks: {mail: [{detect: [email]}]}
rules: [{id: rest, route: shared, mask: [mail]}]
"""
CACHED = "cache_read_input_tokens"
NAME, VERSION = "langfuse.observation.prompt.name", "langfuse.observation.prompt.version"


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    with FakeLangfuse() as server:
        yield server


@pytest.fixture
def logger(langfuse: FakeLangfuse, tmp_path: Path) -> Iterator[RouterLogger]:
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    made = RouterLogger(Router.from_file(path, environ=langfuse.environ("LANGFUSE", "shared")), proxy_process=False)
    litellm.callbacks.append(made)
    yield made
    made.shutdown(5)


def called(logger: RouterLogger, langfuse: FakeLangfuse, **arguments: Any) -> ReceivedSpan:
    """Make a call and return the generation that arrived."""
    given = {"model": "gpt-4o-mini", "messages": MESSAGES, "mock_response": "hi", **arguments}
    litellm.completion(**given)
    assert logger.flush(60)
    (span,) = (span for span in langfuse.spans() if span.attributes["langfuse.observation.type"] == "generation")
    return span


TEXT: dict[str, Any] = {
    "name": "greeting",
    "version": 7,
    "prompt": "Say {{what}}",
    "config": {},
    "labels": [],
    "tags": [],
}
CHAT: dict[str, Any] = {**TEXT, "prompt": [{"role": "user", "content": "Say {{what}}"}]}


@pytest.mark.seed("prompt")
@pytest.mark.parametrize(
    "prompt",
    [
        TextPromptClient(Prompt_Text(**TEXT)),
        ChatPromptClient(Prompt_Chat(**CHAT)),
        {**TEXT, "type": "text"},
        {**CHAT, "type": "chat"},
        TEXT,
        {"name": "greeting", "version": 7},
    ],
    ids=["text object", "chat object", "text dict", "chat dict", "dict without a type", "name and version"],
)
def test_a_prompt_is_linked(prompt: Any, logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """The SDK's prompt objects and their dicts link the generation to name and version."""
    span = called(logger, langfuse, metadata={"prompt": prompt})
    assert (span.attributes[NAME], span.attributes[VERSION]) == ("greeting", 7)
    assert "prompt" not in span.metadata


@pytest.mark.seed("prompt")
@pytest.mark.parametrize(
    "prompt",
    [{"name": "greeting"}, {"version": 7}, {"name": "greeting", "version": "seven"}, {"name": 5, "version": 7}, "text"],
    ids=repr,
)
def test_a_prompt_without_a_name_or_a_version_links_nothing(
    prompt: Any, logger: RouterLogger, langfuse: FakeLangfuse
) -> None:
    """Langfuse drops an observation that has one of the two."""
    assert {NAME, VERSION}.isdisjoint(called(logger, langfuse, metadata={"prompt": prompt}).attributes)


@pytest.mark.seed("prompt")
def test_the_fallback_of_a_prompt_links_nothing(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """The SDK makes one where the server has no such prompt."""
    fallback = TextPromptClient(Prompt_Text(**{**TEXT, "version": 0}), is_fallback=True)
    assert NAME not in called(logger, langfuse, metadata={"prompt": fallback}).attributes


def test_the_name_of_a_prompt_passes_the_masks(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """A name is a text like any other."""
    span = called(logger, langfuse, metadata={"prompt": {"name": "for ann@example.com", "version": 2}})
    assert (span.attributes[NAME], span.attributes[VERSION]) == ("for [EMAIL]", 2)


def guarded(**entry: Any) -> dict[str, Any]:
    """Return metadata as a guardrail of LiteLLM's leaves it."""
    known = {
        "guardrail_name": "pii-eu",
        "guardrail_provider": "presidio",
        "guardrail_mode": "pre_call",
        "guardrail_status": "guardrail_intervened",
        "guardrail_request": {"text": "mail ann@example.com"},
        "guardrail_response": [{"entity_type": "EMAIL_ADDRESS"}],
        "masked_entity_count": {"EMAIL_ADDRESS": 1},
        "start_time": 1_790_000_000.25,
        "end_time": 1_790_000_000.5,
        "alert_recipients": ["ops@example.com"],
    }
    return {"standard_logging_guardrail_information": [{**known, **entry}]}


def guardrails(langfuse: FakeLangfuse) -> list[ReceivedSpan]:
    return [span for span in langfuse.spans() if span.attributes["langfuse.observation.type"] == "guardrail"]


@pytest.mark.seed("guardrails")
def test_a_guardrail_is_a_span_below_the_generation(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """What it decided, how long it took, and what it was shown, masked; one call in the account."""
    generation = called(logger, langfuse, metadata={**guarded(), "trace_environment": "staging"})
    (span,) = guardrails(langfuse)
    assert (span.name, span.parent_span_id, span.trace_id) == ("pii-eu", generation.span_id, generation.trace_id)
    assert span.start_time_unix_nano == 1_790_000_000_250_000_000
    assert span.end_time_unix_nano == 1_790_000_000_500_000_000
    assert (span.level, span.status_text) == ("WARNING", "guardrail_intervened")
    assert (span.input, span.output) == ({"text": "mail [EMAIL]"}, [{"entity_type": "EMAIL_ADDRESS"}])
    assert span.metadata == {
        "guardrail_name": "pii-eu",
        "guardrail_provider": "presidio",
        "guardrail_mode": "pre_call",
        "guardrail_status": "guardrail_intervened",
        "masked_entity_count": {"EMAIL_ADDRESS": 1},
    }
    assert span.trace == {"environment": "staging"}
    stats = logger.stats()
    assert (stats.handled, stats.delivered) == (1, 1)


def test_a_mask_of_long_numbers_leaves_the_times_of_a_guardrail(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Nanoseconds have nineteen digits; what the guardrail was given is masked all the same."""
    times = {"start": 1_790_000_000_250_000_000, "end": 1_790_000_000_500_000_000}
    path = tmp_path / "routing.yaml"
    path.write_text(YAML.replace("[{detect: [email]}]", r"[{pattern: '\d{8,}', as: '[ACCOUNT]'}]"), "utf-8")
    router = Router.from_file(path, environ=langfuse.environ("LANGFUSE", "shared"))
    router.log(make_record(guardrails=({"guardrail_name": "pii", "input": "of 1790000000", **times},)))
    assert router.shutdown(60)
    (span,) = guardrails(langfuse)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == tuple(times.values())
    assert span.input == "of [ACCOUNT]"


@pytest.mark.seed("guardrails")
def test_a_guardrail_quotes_nothing_that_the_host_switched_off(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Also where routing.yaml lets no request hide anything: LiteLLM's own switch left the quotes in."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML + "overrides: {masks: ignore}\n", "utf-8")
    logger = RouterLogger(Router.from_file(path, environ=langfuse.environ("LANGFUSE", "shared")), proxy_process=False)
    litellm.callbacks.append(logger)
    metadata = {**guarded(guardrail_request="hello"), "turn_off_message_logging": True}
    try:
        called(logger, langfuse, metadata=metadata)
    finally:
        logger.shutdown(10)
    (span,) = guardrails(langfuse)
    assert (span.input, span.output) == (None, None)


@pytest.mark.seed("guardrails")
@pytest.mark.parametrize("hidden", ["mask_input", "mask_output", "turn_off_message_logging"])
def test_a_guardrail_shows_nothing_that_is_hidden_elsewhere(
    hidden: str, logger: RouterLogger, langfuse: FakeLangfuse
) -> None:
    """It was given the input or the output: where a path is hidden, only what it decided is left."""
    called(logger, langfuse, metadata={**guarded(guardrail_request="what it was given"), hidden: True})
    (span,) = guardrails(langfuse)
    assert (span.input, span.output) == (None, None)
    assert span.metadata["guardrail_status"] == "guardrail_intervened"
    assert "what it was given" not in repr([span.attributes for span in langfuse.spans()])


@pytest.mark.seed("cost")
def test_the_price_is_split_by_kinds_of_tokens(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """As far as LiteLLM's breakdown adds up to the price it names."""
    span = called(logger, langfuse)
    assert set(span.cost) == {"input", "output", "total"}
    assert span.cost["input"] + span.cost["output"] == pytest.approx(span.cost["total"])
    assert span.cost["total"] == span.metadata["litellm_response_cost"] > 0


@pytest.mark.seed("cost")
@pytest.mark.parametrize(
    ("breakdown", "cost"),
    [
        (
            {"input_cost": 0.25, "output_cost": 0.5, "cache_read_cost": 0.25},
            {"input", "output", "cache_read_input_tokens"},
        ),
        ({"input_cost": 0.5, "output_cost": 0.25}, set()),
        ({"input_cost": 1.5, "output_cost": -0.5}, set()),
        ({"input_cost": "1.0"}, set()),
        ({"input_cost": float("nan"), "output_cost": 1.0}, set()),
        (None, set()),
    ],
)
def test_a_breakdown_that_does_not_add_up_is_not_shown(breakdown: Any, cost: set[str]) -> None:
    """Langfuse would show kinds that contradict the total; the total is LiteLLM's own."""
    found = costs_of({"response_cost": 1.0}, {"cost_breakdown": breakdown})
    assert found is not None
    assert (found["total"], set(found) - {"total"}) == (1.0, cost)


class Prompts(CustomPromptManagement):  # type: ignore[misc]
    """LiteLLM's own interface for prompts that live elsewhere."""

    @property
    def integration_name(self) -> str:
        return "prompts"

    def get_chat_completion_prompt(
        self, model: Any, messages: Any, non_default_params: Any, *_: Any, **__: Any
    ) -> tuple[Any, Any, Any]:
        return "gpt-4o-mini", [{"role": "user", "content": "a greeting for Ann"}], non_default_params


@pytest.mark.seed("prompt")
def test_a_prompt_of_litellm_s_management_is_named(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """It has no version that could be linked; its variables are those of the input, which shows them."""
    litellm.callbacks.append(Prompts())
    span = called(logger, langfuse, prompt_id="greeting", prompt_variables={"who": "Ann"})
    assert span.metadata["prompt_management_metadata"] == {"prompt_id": "greeting", "prompt_integration": "Prompts"}
    assert span.input == {"messages": [{"role": "user", "content": "a greeting for Ann"}]}
    assert NAME not in span.attributes
