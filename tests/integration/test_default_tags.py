"""`litellm.langfuse_default_tags` in a real LiteLLM: facts of a call as tags."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from router.litellm import RouterLogger
from router.litellm.record import record_from_kwargs
from router.testing import FakeLangfuse
from tests.payloads import load_payload, record_of

MESSAGES = [{"role": "user", "content": "hello"}]


def tags_of(logger: RouterLogger, shared: FakeLangfuse, **more: Any) -> list[str]:
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", **more)
    assert logger.flush(60)
    tags: list[str] = shared.spans()[-1].trace.get("tags", [])
    return tags


@pytest.mark.seed("host-tags")
def test_the_tags_that_the_host_lists_are_added(
    logger: RouterLogger, shared: FakeLangfuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a call does not have makes no tag."""
    names = ["cache_hit", "cache_key", "proxy_base_url", "user_api_key_alias", "feature", "lacking"]
    monkeypatch.setattr(litellm, "langfuse_default_tags", names)
    monkeypatch.setenv("PROXY_BASE_URL", "https://llm.example.com")
    tags = tags_of(logger, shared, metadata={"tags": ["prod"], "feature": "search"})
    assert tags[0] == "prod"
    assert {tag for tag in tags if not tag.startswith("cache_key:")} == {
        "prod",
        "cache_hit:False",
        "proxy_base_url:https://llm.example.com",
        "feature:search",
    }


@pytest.mark.seed("host-tags")
@pytest.mark.parametrize("listed", [None, [], "cache_hit", [5, None]])
def test_without_a_list_there_are_none(
    logger: RouterLogger, shared: FakeLangfuse, monkeypatch: pytest.MonkeyPatch, listed: Any
) -> None:
    """Nor by one of another type."""
    monkeypatch.setattr(litellm, "langfuse_default_tags", listed)
    assert tags_of(logger, shared, metadata={"tags": ["prod"]}) == ["prod"]


@pytest.mark.seed("host-tags")
def test_in_the_proxy_the_key_says_what_is_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's own tags: they need no permission, and a client cannot write them. No call has a User-Agent."""
    monkeypatch.setattr(litellm, "langfuse_default_tags", ["user_api_key_alias", "user_api_key_spend", "cache_hit"])
    payload = load_payload("proxy_chat_headers_tags")
    params = payload.kwargs["litellm_params"]
    claim = {"user_api_key_alias": "mine", "user_api_key_spend": 7}
    changed = {**params, "metadata": {**params["metadata"], **claim}}
    record = record_of(payload, litellm_params=changed)
    assert record.host_tags[-2:] == ("user_api_key_alias:key-a", "cache_hit:False")
    assert set(record.host_tags) < set(record.tags)
    assert not any(tag.startswith(("User-Agent", "user_api_key_spend")) for tag in record.tags)


HIDING = """
version: 1
projects: {shared: {env: LANGFUSE}}
masks:
  people:
    - {paths: [metadata.patient, trace.user_id], action: remove}
    - {detect: [email], paths: [metadata]}
rules: [{id: rest, route: shared, mask: [people]}]
"""


@pytest.mark.seed("host-tags")
@pytest.mark.parametrize("logger", [HIDING], indirect=True)
def test_what_a_mask_hides_in_the_metadata_it_hides_in_its_tag(
    logger: RouterLogger, shared: FakeLangfuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag of a value that is removed goes; one of a value that is masked says what the metadata says."""
    monkeypatch.setattr(litellm, "langfuse_default_tags", ["patient", "mail", "trace_user_id", "feature"])
    metadata = {"patient": "P-77", "mail": "bo@example.org", "trace_user_id": "ada", "feature": "search"}
    assert tags_of(logger, shared, metadata=metadata) == ["mail:[EMAIL]", "feature:search"]
    assert shared.spans()[-1].metadata["mail"] == "[EMAIL]"
    monkeypatch.setattr(litellm, "langfuse_default_tags", ["patient"])
    assert tags_of(logger, shared, metadata=metadata) == []


def test_a_call_that_no_key_answers_for_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it says of itself."""
    monkeypatch.setattr(litellm, "langfuse_default_tags", ["cache_hit"])
    kwargs = {"litellm_params": {"metadata": {"tags": ["a"]}}}
    record = record_from_kwargs(kwargs, None, None, None, status="failure", proxy_process=True)
    assert record.host_tags == ()
