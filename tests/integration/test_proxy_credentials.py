"""Langfuse keys in LiteLLM's own settings of keys and teams, in a running proxy: used where `overrides` allows it."""

from __future__ import annotations

from typing import Any

import pytest

from router.testing import FakeLangfuse
from tests.integration.proxy import MESSAGES, Proxy

CHAT = ("/v1/chat/completions", {"model": "fake-gpt", "messages": MESSAGES})
CLAUDE = ("/v1/messages", {"model": "claude", "max_tokens": 9, "messages": MESSAGES})
PASSED = ("/custom", {"q": "hello"})
REFUSED = ("/custom", {"q": "hello", "model": "failing"})


@pytest.fixture
def langfuse(proxy_langfuse: FakeLangfuse) -> FakeLangfuse:
    """Return what the proxy sends to, empty."""
    proxy_langfuse.clear()
    return proxy_langfuse


@pytest.mark.seed("credentials-team")
@pytest.mark.parametrize("key", ["sk-own", "sk-own-team", "sk-own-config"])
@pytest.mark.parametrize("call", [CHAT, CLAUDE, PASSED, REFUSED], ids=["chat", "messages", "passed", "refused"])
def test_keys_in_the_settings_of_a_key_or_team_choose_the_project_where_a_grant_says_so(
    proxy: Proxy, langfuse: FakeLangfuse, key: str, call: tuple[str, dict[str, Any]]
) -> None:
    """`logging` of a key or of a team, as LiteLLM's database holds them, and `default_team_settings` of config.yaml."""
    proxy.post(call[0], key, call[1])
    langfuse.wait_for(1)
    (span,) = langfuse.spans()
    assert span.project == "own"
    assert "-lf-own" not in repr((span.attributes, span.resource))


@pytest.mark.seed("credentials-team")
@pytest.mark.parametrize("key", ["sk-denied", "sk-denied-config"])
@pytest.mark.parametrize("call", [CHAT, CLAUDE, PASSED, REFUSED], ids=["chat", "messages", "passed", "refused"])
def test_elsewhere_they_are_denied_and_the_call_goes_where_its_rule_says(
    proxy: Proxy, langfuse: FakeLangfuse, key: str, call: tuple[str, dict[str, Any]]
) -> None:
    """It is counted, and the log says so without a key."""
    before = proxy.stats()["denied"].get("credentials", 0)
    proxy.post(call[0], key, call[1])
    langfuse.wait_for(1)
    (span,) = langfuse.spans()
    assert (span.project, proxy.stats()["denied"]["credentials"] - before) == ("rest", 1)
    told = proxy.output.read_text("utf-8")
    assert "Langfuse credentials that calls bring are not used (credentials)" in told
    assert "-lf-own" not in repr((span.attributes, span.resource)) + told


@pytest.mark.seed("credentials-team", "credentials-host-of-request")
@pytest.mark.parametrize("place", ["body", "metadata", "header"])
def test_a_client_does_not_say_to_which_host_they_go(proxy: Proxy, langfuse: FakeLangfuse, place: str) -> None:
    """A team's keys without a host are not completed by what a request names."""
    with FakeLangfuse() as evil:
        host = {"langfuse_host": evil.url}
        if place == "header":
            proxy.chat("sk-own-hostless", host)
        else:
            proxy.chat("sk-own-hostless", **(host if place == "body" else {"metadata": host}))
        assert proxy.chat("sk-a").status_code == 200
        langfuse.wait_for(2)
        assert evil.requests() == []
    assert {span.project for span in langfuse.spans()} <= {"rest", "no-key", "team-a"}
