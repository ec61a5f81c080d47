"""A running `litellm --config` for tests: keys of several teams, one provider on loopback, five projects."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from router.litellm.private import installed_release
from router.settings import process_environment
from router.testing import FakeLangfuse
from tests.programs import Program, Starter

CONFIG = """
model_list:
  - model_name: fake-gpt
    litellm_params: {model: openai/gpt-4o-mini, api_key: fake-provider-key, mock_response: hello from mock}
    model_info: {id: dep-1}
  - model_name: failing
    litellm_params: {model: openai/gpt-4o-mini, api_key: fake-provider-key, mock_response: litellm.RateLimitError}
    model_info: {id: dep-2}
  - {model_name: gpt-4o-mini, litellm_params: {model: openai/gpt-4o-mini}}
  - {model_name: instruct, litellm_params: {model: text-completion-openai/gpt-3.5-turbo-instruct}}
  - {model_name: embed, litellm_params: {model: openai/text-embedding-3-small}}
  - {model_name: dall-e-3, litellm_params: {model: openai/dall-e-3}, model_info: {mode: image_generation}}
  - {model_name: tts, litellm_params: {model: openai/tts-1}}
  - {model_name: whisper, litellm_params: {model: openai/whisper-1}}
  - {model_name: omni-moderation-latest, litellm_params: {model: openai/omni-moderation-latest}}
  - model_name: rerank
    litellm_params: {model: cohere/rerank-english-v3.0, api_base: os.environ/RERANK_BASE, api_key: fake}
  - {model_name: claude, litellm_params: {model: anthropic/claude-haiku-4-5}}
  - model_name: realtime
    litellm_params: {model: openai/gpt-4o-realtime-preview, api_base: os.environ/REALTIME_BASE, api_key: fake}
router_settings: {num_retries: 0}
litellm_settings:
  callbacks: ["router.litellm.proxy_handler"]
  default_team_settings:
    - team_id: team-own
      langfuse_public_key: pk-lf-own
      langfuse_secret: sk-lf-own
      langfuse_host: os.environ/LANGFUSE_HOST
general_settings:
  custom_auth: custom_auth.user_api_key_auth
  master_key: os.environ/LITELLM_MASTER_KEY
  pass_through_endpoints: [{path: /custom, target: "os.environ/CUSTOM_TARGET"}]
"""
MASTER_KEY = "sk-" + "0123456789abcdef" * 3
AUTH = """
import json, os
import router.litellm
from litellm.proxy._types import UserAPIKeyAuth

def bringing(**more):
    keys = {"langfuse_public_key": "pk-lf-own", "langfuse_secret_key": "sk-lf-own", **more}
    return {"logging": [{"callback_name": "langfuse-router", "callback_vars": keys}]}

OWN = bringing(langfuse_host=os.environ["LANGFUSE_HOST"])
KEYS = {
    "sk-stats": UserAPIKeyAuth(api_key="sk-stats"),
    "sk-own": UserAPIKeyAuth(api_key="sk-own", key_alias="key-own", team_id="team-b", metadata=OWN),
    "sk-own-team": UserAPIKeyAuth(api_key="sk-own-team", key_alias="key-own", team_metadata=OWN),
    "sk-own-config": UserAPIKeyAuth(api_key="sk-own-config", key_alias="key-own", team_id="team-own"),
    "sk-own-hostless": UserAPIKeyAuth(api_key="sk-own-hostless", key_alias="key-own", metadata=bringing()),
    "sk-denied": UserAPIKeyAuth(api_key="sk-denied", key_alias="key-denied", team_id="team-b", metadata=OWN),
    "sk-denied-config": UserAPIKeyAuth(api_key="sk-denied-config", key_alias="key-denied", team_id="team-own"),
    "sk-a": UserAPIKeyAuth(
        api_key="sk-a", key_alias="key-a", team_id="team-a", team_alias="Team A", metadata={"tags": ["key-tag"]}
    ),
    "sk-b": UserAPIKeyAuth(api_key="sk-b", key_alias="key-b", team_id="team-b"),
    "sk-private": UserAPIKeyAuth(api_key="sk-private", key_alias="key-private", team_id="team-private"),
}

async def user_api_key_auth(request, api_key):
    if api_key == "sk-stats":
        with open("stats.json", "w") as file:
            json.dump(router.litellm.proxy_handler.stats().to_json(), file)
    return KEYS[api_key]
"""
ROUTING = """
version: 1
projects:
  team-a: {env: TEAM_A_LF}
  rest: {env: LANGFUSE}
  no-key: {env: NO_KEY_LF}
  sandbox: {env: SANDBOX_LF}
masks: {mail: [{detect: [email]}], no-content: [{paths: [input, output], action: redact}]}
defaults: {mask: [mail]}
overlays:
  - {id: prod, match: {tags: {none_of: [test]}}, trace: {append: {tags: [prod]}}}
  - {id: private, match: {team: team-private}, mask: [no-content]}
rules:
  - {id: no-key, match: {authenticated: false}, route: no-key}
  - {id: team-a, match: {team: team-a}, route: team-a}
  - {id: rest, route: rest}
overrides:
  allow: [trace.session_id, trace.tags, trace.metadata.*, trace.public, trace.user_id]
  grants:
    - {id: b, match: {key_alias: key-b}, projects: [sandbox]}
    - {id: own, match: {key_alias: key-own}, credentials: {hosts: ["${LANGFUSE_HOST}"]}}
"""
MESSAGES = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True)
class Proxy:
    """A running `litellm --config`."""

    url: str
    process: Program
    output: Path

    def post(
        self, path: str, key: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.post(
                self.url + path, json=body, headers={"Authorization": f"Bearer {key}", **(headers or {})}
            )

    def kill(self) -> None:
        """End it with its workers, if it has not ended."""
        self.process.kill()

    def stats(self) -> dict[str, Any]:
        """Return the account that the callback in the proxy's process keeps."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            client.get(f"{self.url}/v1/models", headers={"Authorization": "Bearer sk-stats"}).raise_for_status()
        found: dict[str, Any] = json.loads(self.output.with_name("stats.json").read_text("utf-8"))
        return found

    def chat(self, key: str = "sk-a", headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
        return self.post("/v1/chat/completions", key, {"model": "fake-gpt", "messages": MESSAGES, **body}, headers)


def start(
    starter: Starter,
    langfuse: FakeLangfuse,
    folder: Path,
    checkout: Path,
    routing: str = ROUTING,
    config: str = CONFIG,
    provider: str = "http://127.0.0.1:9",
    realtime: str = "",
    options: Sequence[str] = (),
) -> Proxy:
    if installed_release() < (1, 95):  # it loads callbacks from files beside config.yaml only
        config = config.replace("router.litellm.proxy_handler", "routed.proxy_handler")
        (folder / "routed.py").write_text("from router.litellm import proxy_handler\n", "utf-8")
    for name, text in {"config.yaml": config, "custom_auth.py": AUTH, "routing.yaml": routing}.items():
        (folder / name).write_text(text, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in process_environment().items() if not name.startswith("LITELLM_")},
        **langfuse.environ("TEAM_A_LF", "team-a"),
        **langfuse.environ("LANGFUSE", "rest"),
        **langfuse.environ("NO_KEY_LF", "no-key"),
        **langfuse.environ("SANDBOX_LF", "sandbox"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "OPENAI_API_KEY": "fake-provider-key",
        "OPENAI_BASE_URL": f"{provider}/v1",
        "OPENAI_API_BASE": f"{provider}/v1",
        "ANTHROPIC_API_KEY": "fake-provider-key",
        "ANTHROPIC_API_BASE": provider,
        "RERANK_BASE": f"{provider}/v1/rerank",
        "CUSTOM_TARGET": f"{provider}/custom",
        "REALTIME_BASE": realtime,
        "ROUTER_CONFIG": str(folder / "routing.yaml"),
        "PYTHONPATH": str(checkout),
    }
    command = "from litellm.proxy.proxy_cli import run_server; run_server()"
    arguments = ["--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port), *options]
    output = folder / "output.txt"
    with output.open("w") as stream:
        process = starter.start(
            command, *arguments, environ=environment, folder=folder, stdout=stream.fileno(), stderr=stream.fileno()
        )
    return Proxy(f"http://127.0.0.1:{port}", process, output)


def wait_until_ready(proxy: Proxy, timeout: float = 250.0) -> None:
    deadline = time.monotonic() + timeout
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < deadline and proxy.process.poll() is None:
            try:
                if client.get(proxy.url + "/health/liveliness").status_code == 200:
                    return
            except httpx.TransportError:
                threading.Event().wait(0.2)
    proxy.kill()
    pytest.fail(f"the proxy did not start:\n{proxy.output.read_text()[-3000:]}")


def wait_for_words(proxy: Proxy, words: str, timeout: float = 100.0) -> None:
    """Wait until the proxy has said so in its output."""
    deadline = time.monotonic() + timeout
    while words not in (said := proxy.output.read_text("utf-8")):
        if time.monotonic() >= deadline:
            pytest.fail(f"{words!r} is not in the output:\n{said[-3000:]}")
        threading.Event().wait(0.2)
