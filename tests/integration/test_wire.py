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
from router.litellm import RouterLogger, host
from router.testing import FakeLangfuse, ReceivedSpan

MESSAGES = [{"role": "user", "content": "hello"}]
YAML = """
version: 1
projects: {shared: {env: LANGFUSE}}
masks: {mail: [{detect: [email]}]}
rules: [{id: rest, route: shared, mask: [mail]}]
"""
NAME, VERSION = "langfuse.observation.prompt.name", "langfuse.observation.prompt.version"


@pytest.fixture(autouse=True)
def litellm_lists() -> Iterator[None]:
    """Begin with empty lists of callbacks, as LiteLLM takes one of a kind, and leave them as they were."""
    kept = {name: list(getattr(litellm, name)) for name in host.CALLBACK_LISTS}
    for name in kept:
        getattr(litellm, name).clear()
    yield
    for name, entries in kept.items():
        getattr(litellm, name)[:] = entries


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
    assert logger.flush(10)
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


def test_the_fallback_of_a_prompt_links_nothing(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """The SDK makes one where the server has no such prompt."""
    fallback = TextPromptClient(Prompt_Text(**{**TEXT, "version": 0}), is_fallback=True)
    assert NAME not in called(logger, langfuse, metadata={"prompt": fallback}).attributes


def test_the_name_of_a_prompt_passes_the_masks(logger: RouterLogger, langfuse: FakeLangfuse) -> None:
    """A name is a text like any other."""
    span = called(logger, langfuse, metadata={"prompt": {"name": "for ann@example.com", "version": 2}})
    assert (span.attributes[NAME], span.attributes[VERSION]) == ("for [EMAIL]", 2)


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
