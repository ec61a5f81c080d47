"""What tests with a real LiteLLM share: its lists of callbacks, a provider, and a Langfuse behind our callback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import litellm
import pytest

from router import Router
from router.litellm import RouterLogger, host
from router.testing import FakeLangfuse
from tests.integration.proxy import Proxy, start, wait_until_ready
from tests.programs import Starter
from tests.upstream import realtime_upstream, upstream

YAML = """
version: 1
projects: {shared: {env: LANGFUSE}}
rules: [{id: rest, route: shared}]
"""


TOKENIZERS = str(Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers")


@pytest.fixture(autouse=True)
def tokenizers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have older LiteLLM take the tokenizer that it ships, which it would fetch."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", TOKENIZERS)


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
def provider() -> Iterator[str]:
    """Return the URL of a provider on loopback."""
    with upstream() as url:
        yield url


@pytest.fixture
def shared() -> Iterator[FakeLangfuse]:
    """The Langfuse server of the platform, which knows its own project only."""
    with FakeLangfuse(["shared"]) as server:
        yield server


@pytest.fixture
def logger(request: pytest.FixtureRequest, shared: FakeLangfuse, tmp_path: Path) -> Iterator[RouterLogger]:
    """Return our callback, registered with LiteLLM; the test's parameter stands in for the whole routing.yaml."""
    path = tmp_path / "routing.yaml"
    path.write_text(getattr(request, "param", YAML), "utf-8")
    made = RouterLogger(Router.from_file(path, environ=shared.environ("LANGFUSE", "shared")), proxy_process=False)
    litellm.callbacks.append(made)
    yield made
    made.shutdown(5)


@pytest.fixture(scope="session")
def proxy_langfuse() -> Iterator[FakeLangfuse]:
    """The Langfuse server behind the proxy of all tests."""
    with FakeLangfuse(["team-a", "rest", "no-key", "sandbox", "own"]) as server:
        yield server


@pytest.fixture(scope="session")
def proxy(
    with_proxy: Starter, proxy_langfuse: FakeLangfuse, tmp_path_factory: pytest.TempPathFactory, checkout: Path
) -> Iterator[Proxy]:
    """Return a proxy that serves two keys, with a provider behind it; started once, because that takes long."""
    with upstream() as provider, realtime_upstream() as realtime:
        folder = tmp_path_factory.mktemp("proxy")
        started = start(with_proxy, proxy_langfuse, folder, checkout, provider=provider, realtime=realtime)
        wait_until_ready(started)
        yield started
        started.kill()
