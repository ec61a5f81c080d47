"""The callback in a real LiteLLM proxy: loaded from config.yaml, trusting the key alone, drained on SIGTERM."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from router.testing import FakeLangfuse
from tests.integration.proxy import CONFIG, MASTER_KEY, MESSAGES, Proxy, start, wait_for_words, wait_until_ready
from tests.programs import Starter


@pytest.fixture
def langfuse(proxy_langfuse: FakeLangfuse) -> FakeLangfuse:
    """Return what the proxy of all tests sends to."""
    return proxy_langfuse


@pytest.mark.seed("proxy", "host-tags")
def test_a_call_goes_to_the_project_of_its_keys_team(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """`callbacks: ["router.litellm.proxy_handler"]` is all it takes."""
    langfuse.clear()
    assert proxy.chat(metadata={"tags": ["body-tag"], "extra": 1, "session_id": "s-1"}).status_code == 200
    (span,) = langfuse.wait_for(1)
    assert span.project == "team-a"
    assert span.input == {"messages": MESSAGES}
    assert span.output == {"content": "hello from mock", "role": "assistant"}
    assert span.model == "gpt-4o-mini"
    assert span.metadata["user_api_key_alias"] == "key-a"
    assert span.attributes["session.id"] == "s-1"
    assert set(span.attributes["langfuse.trace.tags"]) == {"key-tag", "body-tag", "prod"}


def test_a_client_cannot_claim_another_team(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """Body, LiteLLM's own metadata and headers name team-a; the key is team-b's."""
    langfuse.clear()
    claim = {"team": "team-a", "team_id": "team-a", "user_api_key_team_id": "team-a", "inherited_tags": ["team-a"]}
    headers = {"langfuse_team": "team-a", "x-langfuse-trace-metadata": json.dumps(claim)}
    assert proxy.chat("sk-b", headers, metadata={**claim, "tags": "team-a"}).status_code == 200
    assert proxy.chat("sk-b", litellm_metadata=claim).status_code == 200
    body = {"model": "fake-gpt", "max_tokens": 9, "messages": MESSAGES, "metadata": claim, "litellm_metadata": claim}
    assert proxy.post("/v1/messages", "sk-b", body).status_code == 200
    assert {span.project for span in langfuse.wait_for(3)} == {"rest"}


def test_a_key_that_is_granted_a_project_chooses_it_and_no_other_key_does(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """By a header or in the metadata; who says it is that key is not."""
    langfuse.clear()
    assert proxy.chat("sk-b", {"x-langfuse-project": "sandbox"}).status_code == 200
    assert proxy.chat("sk-b", metadata={"langfuse_project": "sandbox"}).status_code == 200
    claim = {"langfuse_project": "sandbox", "user_api_key_alias": "key-b", "key_alias": "key-b"}
    assert proxy.chat("sk-a", {"langfuse_project": "sandbox"}, metadata=claim).status_code == 200
    assert sorted(span.project or "" for span in langfuse.wait_for(3)) == ["sandbox", "sandbox", "team-a"]


def test_keys_and_hosts_that_a_client_brings_are_not_used(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """LiteLLM refuses such a request, and reports it as a failure with the keys in it; nothing goes to that host."""
    langfuse.clear()
    with FakeLangfuse() as evil:
        keys = {"langfuse_public_key": "pk-lf-evil", "langfuse_secret_key": "sk-lf-evil"}
        own: dict[str, Any] = {**keys, "langfuse_host": evil.url}
        proxy.chat("sk-b", **own)
        proxy.chat("sk-b", metadata=own)
        proxy.chat("sk-wrong", metadata=own)
        assert proxy.chat("sk-b").status_code == 200
        langfuse.wait_for(1, project="rest")
        langfuse.wait_for(1, project="no-key")
        assert evil.requests() == []
    assert "lf-evil" not in repr([span.attributes for span in langfuse.spans()])
    assert "sk-lf-evil" not in proxy.output.read_text("utf-8")


def test_a_key_that_is_not_accepted_reaches_only_the_project_for_such_calls(
    proxy: Proxy, langfuse: FakeLangfuse
) -> None:
    """LiteLLM reports these calls with whatever the client wrote; nothing of it is granted."""
    langfuse.clear()
    claim = {"user_api_key_team_id": "team-a", "team": "team-a", "trace_id": "evil", "session_id": "s", "tags": ["t"]}
    assert proxy.chat("sk-wrong", metadata=claim).status_code >= 400
    assert proxy.chat("sk-b").status_code == 200
    spans = langfuse.wait_for(2)
    assert sorted(span.project for span in spans) == ["no-key", "rest"]
    (span,) = langfuse.spans("no-key")
    assert (span.level, span.routing["rule"]) == ("ERROR", "no-key")
    assert span.trace in ({"name": "litellm-acompletion"}, {"name": "litellm-/v1/chat/completions"})  # of older LiteLLM


@pytest.mark.seed("duplicates", "failure-callback")
def test_failures_are_sent_once_each(proxy: Proxy, langfuse: FakeLangfuse) -> None:
    """A failing provider, and a model that does not exist, which LiteLLM reports twice."""
    langfuse.clear()
    assert proxy.chat(model="failing").status_code == 429
    assert proxy.chat(model="nope").status_code == 400
    assert proxy.chat().status_code == 200
    spans = langfuse.wait_for(3)
    assert sorted(span.level for span in spans) == ["DEFAULT", "ERROR", "ERROR"]
    assert {span.project for span in spans} == {"team-a"}
    assert len({span.span_id for span in langfuse.spans()}) == len(langfuse.spans()) == 3


@pytest.mark.seed("proxy")
@pytest.mark.parametrize(
    "options",
    [("--num_workers", "2"), ("--run_gunicorn", "--num_workers", "2")],
    ids=["uvicorn", "gunicorn"],
)
def test_sigterm_drains_what_is_under_way(
    with_proxy: Starter, langfuse: FakeLangfuse, tmp_path: Path, checkout: Path, options: tuple[str, ...]
) -> None:
    """Every call arrives once, whichever of two workers took it, though servers run no exit functions at the signal."""
    langfuse.clear()
    proxy = start(with_proxy, langfuse, tmp_path, checkout, options=options)
    try:
        wait_until_ready(proxy)
        for number in range(20):
            assert proxy.chat(metadata={"session_id": str(number)}).status_code == 200
        proxy.process.send_signal(signal.SIGTERM)
        proxy.process.wait(100)
    finally:
        proxy.kill()
    assert sorted(int(span.attributes["session.id"]) for span in langfuse.spans("team-a")) == list(range(20))


@pytest.mark.seed("proxy", "own-callback")
def test_a_module_of_the_proxy_may_install_the_callback(
    with_proxy: Starter, langfuse: FakeLangfuse, tmp_path: Path, checkout: Path
) -> None:
    """`install()` in code instead of a name in config.yaml: each call once, also failing ones, and streams.

    LiteLLM's own callback, on for a team, is warned of at the start. A single server loses nothing at SIGTERM either.
    """
    code = "import router.litellm\nlogger = router.litellm.install()\n"
    (tmp_path / "installing.py").write_text(code, "utf-8")
    config = CONFIG.replace('["router.litellm.proxy_handler"]', "installing.logger").replace(
        "default_team_settings:\n", "default_team_settings:\n    - {team_id: other, success_callback: [langfuse]}\n"
    )
    langfuse.clear()
    proxy = start(with_proxy, langfuse, tmp_path, checkout, config=config)
    try:
        wait_until_ready(proxy)
        wait_for_words(proxy, "LiteLLM's own Langfuse callback is on as well")
        assert proxy.chat(metadata={"session_id": "plain"}).status_code == 200
        assert proxy.chat(metadata={"session_id": "streamed"}, stream=True).status_code == 200
        assert proxy.chat(metadata={"session_id": "failing"}, model="failing").status_code == 429
        proxy.process.send_signal(signal.SIGTERM)
        proxy.process.wait(100)
    finally:
        proxy.kill()
    sessions = sorted(span.attributes["session.id"] for span in langfuse.spans("team-a"))
    assert sessions == ["failing", "plain", "streamed"]


def test_a_broken_routing_yaml_stops_the_proxy_at_its_start(
    with_proxy: Starter, langfuse: FakeLangfuse, tmp_path: Path, checkout: Path
) -> None:
    """A proxy that routes nothing must not look healthy; the reason is in its output."""
    proxy = start(with_proxy, langfuse, tmp_path, checkout, routing="version: 1\nrule: []\n")
    assert proxy.process.wait(200) != 0
    assert "routing.yaml:2:1: " in proxy.output.read_text()


def test_the_example_runs(
    with_proxy: Starter, langfuse: FakeLangfuse, tmp_path: Path, checkout: Path, provider: str
) -> None:
    """Both files of examples/proxy, as they stand: a call of a key without a team is masked, in the shared project.

    One without a key that is accepted is dropped, as no rule asks for such calls.
    """
    example = checkout / "examples" / "proxy"
    routing, config = ((example / name).read_text("utf-8") for name in ("routing.yaml", "config.yaml"))
    proxy = start(with_proxy, langfuse, tmp_path, checkout, routing, config, provider)
    try:
        wait_until_ready(proxy)
        before = len(langfuse.spans())
        assert proxy.chat("sk-wrong", metadata={"team": "team-a"}).status_code >= 400
        messages = [{"role": "user", "content": "mail bo@example.org"}]
        body = {"model": "gpt-4o-mini", "messages": messages, "metadata": {"team": "team-a"}}
        answer = proxy.post("/v1/chat/completions", MASTER_KEY, body)
        assert answer.status_code == 200, answer.text
        (span,) = langfuse.wait_for(before + 1, 30)[before:]
    finally:
        proxy.kill()
    assert (span.project, span.routing["rule"]) == ("rest", "rest")
    assert span.input == {"messages": [{"role": "user", "content": "mail [EMAIL]"}]}
