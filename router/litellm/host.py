"""What LiteLLM still holds of calls that returned, and its lists of callbacks; its private names are in `private`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import litellm

from router.litellm import private
from router.litellm.content import mapping_of
from router.litellm.origin import slots_of
from router.loglines import log_lines

_log = log_lines()

CALLBACK_LISTS = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "_async_input_callback",
    "_async_success_callback",
    "_async_failure_callback",
)
"""LiteLLM copies `callbacks` into the others at the first call."""

_OWN_CALLBACKS = frozenset({"langfuse", "langfuse_otel"})
_POLL = 0.002
_DRAINED = "_langfuse_router_drains"


def remove_callback(callback: object) -> None:
    """Take `callback` out of every list that LiteLLM keeps."""
    for name in CALLBACK_LISTS:
        found = getattr(litellm, name, None)
        if isinstance(found, list):
            found[:] = [entry for entry in found if entry is not callback]


def has_own_langfuse() -> bool:
    """Tell whether LiteLLM's own Langfuse callback is on: then each call is logged twice."""
    for name in CALLBACK_LISTS:
        for entry in getattr(litellm, name, None) or ():
            if entry in _OWN_CALLBACKS if isinstance(entry, str) else _is_own(entry):
                return True
    teams = getattr(litellm, "default_team_settings", None)
    return isinstance(teams, list) and any(_names_own(team) for team in teams)


def has_own_langfuse_by_key(kwargs: Mapping[str, Any]) -> bool:
    """Tell whether the key of a proxy's call, or its team, turns LiteLLM's own Langfuse callback on.

    As LiteLLM stores it: `metadata.logging` of a key or a team, `metadata.callback_settings` of a team.
    """
    for slot in slots_of(mapping_of(kwargs.get("litellm_params"))):
        auth = slot.get("user_api_key_auth")
        for metadata in (mapping_of(getattr(auth, name, None)) for name in ("metadata", "team_metadata")):
            entries = metadata.get("logging")
            named = [mapping_of(entry).get("callback_name") for entry in entries] if isinstance(entries, list) else []
            if not _OWN_CALLBACKS.isdisjoint(map(str, named)) or _names_own(metadata.get("callback_settings")):
                return True
    return False


def _names_own(settings: Any) -> bool:
    """Tell whether settings of a team list the callback."""
    lists = (mapping_of(settings).get(name) for name in ("success_callback", "failure_callback", "callbacks"))
    return any(entry in _OWN_CALLBACKS for given in lists if isinstance(given, list) for entry in map(str, given))


def wait_for_hooks(timeout: float) -> bool:
    """Wait until LiteLLM has called the hooks of every call that ended; return whether it has.

    Hooks of `completion()` run on LiteLLM's thread pool and those of `acompletion()` on its queue, after the call
    returned. The queue belongs to an event loop: from that loop's own thread nothing can wait for it, only
    `wait_for_hooks_async` can, and the answer is False while it holds some. When the loop was closed, as by
    `asyncio.run`, what is left of the queue runs here.
    """
    deadline = time.monotonic() + timeout
    if _is_left_over():
        # On a thread of its own, because LiteLLM's function leaves a closed event loop behind.
        thread = threading.Thread(target=run_left_over_hooks, name="router-litellm", daemon=True)
        thread.start()
        thread.join(timeout)
    while _pending_threads() or _pending_coroutines():
        if time.monotonic() >= deadline:
            return False
        threading.Event().wait(_POLL)
    return not _coroutines_of_this_thread()


async def wait_for_hooks_async(timeout: float) -> bool:  # noqa: ASYNC109 it answers whether, it does not cancel
    """Do the same from the event loop that runs the calls."""
    deadline = asyncio.get_running_loop().time() + timeout
    await asyncio.sleep(0)  # a call that has just returned left a task, which puts its hooks into the queue
    flush = private.find(private.WORKER_FLUSH)
    if flush is not None:
        # RuntimeError: the queue belongs to an event loop that is gone.
        with contextlib.suppress(TimeoutError, RuntimeError, TypeError):
            await asyncio.wait_for(flush(), timeout)
    while _pending_threads():
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(_POLL)
    return asyncio.get_running_loop().time() < deadline


def run_left_over_hooks() -> None:
    """Run the hooks that an event loop left in LiteLLM's queue; at exit, LiteLLM's own turn comes too late for us."""
    flush = private.find(private.WORKER_AT_EXIT)
    if callable(flush):
        flush()


def drain_before_proxy_ends(drain: Callable[[], Awaitable[object]]) -> bool:
    """Have the proxy await `drain` when it shuts down; return whether that could be arranged.

    On SIGTERM the proxy's server ends the process without running `atexit`, so its own shutdown event is the
    only moment left.
    """
    proxy = sys.modules.get(private.PROXY_SHUTDOWN.module)
    original = private.find(private.PROXY_SHUTDOWN)
    if proxy is None or original is None or not inspect.iscoroutinefunction(original):
        return False
    if hasattr(original, _DRAINED):
        setattr(original, _DRAINED, drain)
        return True

    @functools.wraps(original)
    async def drained(*args: Any, **kwargs: Any) -> Any:
        try:
            await getattr(drained, _DRAINED)()
        except Exception as error:  # noqa: BLE001 the proxy's own shutdown must go on
            _log.error("Draining at the proxy's shutdown failed: %s.", type(error).__name__)
        return await original(*args, **kwargs)

    setattr(drained, _DRAINED, drain)
    proxy.__dict__[private.PROXY_SHUTDOWN.path] = drained
    return True


def _is_own(entry: object) -> bool:
    return any(kind.__module__.startswith("litellm.integrations.langfuse.") for kind in type(entry).__mro__)


def _pending_threads() -> int:
    """Return how many hooks wait for, or run on, LiteLLM's thread pool."""
    most, free = private.find(private.POOL_MOST), private.find(private.POOL_FREE)
    if isinstance(most, int) and isinstance(free, int):
        return most - free
    return _busy(private.find(private.THREAD_POOL))


def _busy(pool: Any) -> int:
    """Return what a plain pool, as older LiteLLM has, waits for and runs, by the standard library's private names.

    A thread that waits for work has released the semaphore; after more than a hundred hooks at once, on Python 3.11,
    more may have been released than there are threads, and what runs is no longer seen.
    """
    if not isinstance(pool, ThreadPoolExecutor):
        return 0
    queue, idle = getattr(pool, "_work_queue", None), getattr(pool, "_idle_semaphore", None)
    waiting = int(queue.qsize()) if queue is not None else 0
    threads = len(getattr(pool, "_threads", ()))
    return waiting + max(threads - int(getattr(idle, "_value", threads)), 0)


def _pending_coroutines() -> int:
    """Return how many hooks wait on LiteLLM's queue, as far as another thread's event loop will run them."""
    loop, queue = _bound()
    if loop is None or queue is None or not loop.is_running() or loop is _running_loop():
        return 0
    return int(getattr(queue, "_unfinished_tasks", 0))


def _coroutines_of_this_thread() -> int:
    """Return how many hooks wait for the event loop that is running the caller."""
    loop, queue = _bound()
    return int(getattr(queue, "_unfinished_tasks", 0)) if loop is not None and loop is _running_loop() else 0


def _is_left_over() -> bool:
    loop, queue = _bound()
    if loop is None or queue is None or not loop.is_closed():
        return False
    return bool(queue.qsize() or private.find(private.WORKER_BEGUN))


def _bound() -> tuple[Any, Any]:
    """Return the event loop that LiteLLM's queue belongs to, and the queue."""
    return private.find(private.WORKER_LOOP), private.find(private.WORKER_QUEUE)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
