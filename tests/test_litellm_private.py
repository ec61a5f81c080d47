"""LiteLLM's private names: the installed release has each, nothing else in the package touches one, a loss is told."""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.util
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import litellm
import pytest

import router.litellm
from router.litellm import host, origin, private
from router.litellm.private import KEYS, NAMES, PrivateName

PACKAGE = Path(router.litellm.__file__).parent.parent
GONE = PrivateName("litellm", "_gone", "do something", "something is shorter")


def test_the_installed_litellm_has_every_private_name() -> None:
    """When one moves, what its entry says happens: this test says so first."""
    names = [name for name in NAMES if name.module != private.PROXY_SHUTDOWN.module]
    for name in names:
        importlib.import_module(name.module)
    assert [str(name) for name in private.moved(names)] == []
    assert all(isinstance(getattr(litellm, name), list) for name in host.CALLBACK_LISTS)


def test_the_installed_litellm_writes_every_key_that_we_read() -> None:
    """A key that is gone from LiteLLM's source is gone from what callbacks are given."""
    installed = private.installed_release()
    assert [key.key for key in KEYS if installed >= key.since and f'"{key.key}"' not in source_of(key.module)] == []


def test_an_authenticated_key_has_the_attributes_that_identify_its_team() -> None:
    """`team`, `key_alias` and `org` of rules, and what the generation's metadata names."""
    from litellm.proxy._types import UserAPIKeyAuth

    read = {attribute for _, attribute in (*origin.IDENTITY, *origin.AUTH_DETAILS)} | {"token", "api_key"}
    younger = set() if private.installed_release() >= (1, 100) else {"organization_alias"}
    assert read - younger <= UserAPIKeyAuth.model_fields.keys()


def test_awaiting_the_queue_and_draining_the_proxy_are_still_coroutines() -> None:
    """They are awaited; a plain function under the same name would not be."""
    assert asyncio.iscoroutinefunction(private.find(private.WORKER_FLUSH))
    # Loading the proxy would make every later test one of a proxy's process.
    body = ast.parse(source_of(private.PROXY_SHUTDOWN.module)).body
    coroutines = {node.name for node in body if isinstance(node, ast.AsyncFunctionDef)}
    assert private.PROXY_SHUTDOWN.path in coroutines
    assert asyncio.Queue()._unfinished_tasks == 0  # type: ignore[attr-defined]


def test_modules_of_litellm_are_named_in_one_place() -> None:
    """Whatever else reads a private part of LiteLLM would be no part of the table."""
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if _names_a_module(path)}
    assert found == {"litellm/logger.py", "litellm/private.py"}  # the logger's base class is public


def test_a_name_that_is_gone_is_told_with_its_effect(caplog: pytest.LogCaptureFixture) -> None:
    """What it was for, what happens now, and that nothing worse does."""
    with caplog.at_level(logging.WARNING, logger="router"):
        private.warn_of_moved((GONE, *NAMES))
    (warning,) = [entry.getMessage() for entry in caplog.records]
    assert warning == (
        "This LiteLLM has no litellm._gone, which is read to do something. Without it something is shorter. "
        "Calls are routed and masked as before."
    )


def test_older_releases_are_not_asked_for_younger_names() -> None:
    """Nor are modules that LiteLLM has not loaded: an application has no proxy."""
    younger = PrivateName("litellm", "_gone", "do", "less", since=(1, 100))
    assert private.moved((younger,), release=(1, 99, 9)) == ()
    assert private.moved((younger,), release=(1, 100)) == (younger,)
    assert private.moved((PrivateName("litellm.not.loaded", "name", "do", "less"),)) == ()
    assert private.find(GONE) is None


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as made:
        yield made


def test_a_plain_pool_of_older_litellm_is_waited_for(pool: ThreadPoolExecutor) -> None:
    """What waits and what runs counts; a thread that has nothing to do does not."""
    assert host._busy(pool) == 0
    running, release = threading.Semaphore(0), threading.Event()

    def work() -> None:
        running.release()
        release.wait(10)

    futures = [pool.submit(work) for _ in range(3)]
    assert running.acquire(timeout=200)
    assert running.acquire(timeout=200)
    assert host._busy(pool) == 3
    release.set()
    for future in futures:
        future.result(10)
    assert host._busy(object()) == 0


def test_a_queue_of_a_loop_that_is_gone_does_not_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """As LiteLLM's own `flush` does until it is bound to another loop."""

    class Worker:
        _queue = _bound_loop = None

        async def flush(self) -> None:
            raise RuntimeError("is bound to a different event loop")

    module = importlib.import_module(private.WORKER.module)
    monkeypatch.setattr(module, private.WORKER.path, Worker())
    assert asyncio.run(host.wait_for_hooks_async(1)) is True


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text("utf-8")


def _names_a_module(path: Path) -> bool:
    """Tell whether a file imports, or names in a text, a module inside LiteLLM."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("litellm."):
            return True
        if isinstance(node, ast.Import) and any(name.name.startswith("litellm.") for name in node.names):
            return True
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and text.startswith(("litellm.litellm_", "litellm.proxy._", "litellm.constants")):
            return True
    return False
