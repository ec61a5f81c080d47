"""The LiteLLM adapter: `install()` for applications, `proxy_handler` for the `callbacks` of a proxy's config.yaml."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import litellm

from router.delivery.signals import check_signals_can_be_taken
from router.errors import DeliveryError
from router.litellm import host, private
from router.litellm.logger import RouterLogger
from router.litellm.record import record_from_kwargs
from router.loglines import log_lines
from router.pipeline import Router

if TYPE_CHECKING:
    proxy_handler: RouterLogger

__all__ = ["RouterLogger", "install", "record_from_kwargs"]

_log = log_lines()
_lock = threading.RLock()
_LOOK_SECS = 1.0
_installed: RouterLogger | None = None


def install(
    path: str | Path | None = None, *, drain_on_sigterm: bool = False, reload_on_sighup: bool = False
) -> RouterLogger:
    """Route every LiteLLM call of this process by a routing.yaml; return the callback that does it.

    Without a path, `ROUTER_CONFIG` or ./routing.yaml. One callback is installed at a time: a second `install` loads
    the new file first, so that a broken one changes nothing, then has the same callback route by it, so that no call
    is missed; what the former file had accepted is drained in the background.

    The first `install` decides whether this process is a LiteLLM proxy: it is when `litellm.proxy.proxy_server` is
    loaded by then, as it is when a proxy loads a module of callbacks. In a proxy a call without an authenticated key
    is nobody's. LiteLLM imports that module for some features of its own, so an application installs early.

    Python ends a process on SIGTERM without a farewell, and what waits is lost. With `drain_on_sigterm` the signal
    drains first, for `ROUTER_SHUTDOWN_TIMEOUT_SECS` at most, and then does what it did before; `shutdown` takes that
    away again. Without it no signal is touched. A proxy needs none of it: its own shutdown drains.

    With `reload_on_sighup`, or `ROUTER_RELOAD_ON_SIGHUP`, that signal has the files read again, as `logger.reload()`
    does; a handler that was a function before is called as well.

    Raises:
        ConfigError: the file, a secret or a `ROUTER_*` setting is not usable; holds every problem.
        DeliveryError: a signal is asked for in another thread than the main one; nothing is installed.
    """
    if drain_on_sigterm:
        check_signals_can_be_taken("drain_on_sigterm")
    if reload_on_sighup:
        check_signals_can_be_taken("reload_on_sighup", "SIGHUP")
    with _lock:
        router = Router.from_file(path)
        logger = _route_by(router)
        if reload_on_sighup:
            logger.reload_on_sighup()
        elif router.reloads_on_sighup:
            _reload_on_sighup(logger)
        if drain_on_sigterm:
            logger.drain_on_sigterm()
        if not any(entry is logger for entry in litellm.callbacks):
            litellm.callbacks.append(logger)
    logger.warn_of_own_langfuse()
    return logger


def _reload_on_sighup(logger: RouterLogger) -> None:
    """Do as a setting says, wherever the program starts; where it cannot be, that is told and nothing ends."""
    try:
        logger.reload_on_sighup()
    except DeliveryError as error:
        _log.error("ROUTER_RELOAD_ON_SIGHUP has no effect: %s.", error)


def _route_by(router: Router, *, proxy_process: bool | None = None) -> RouterLogger:
    global _installed  # noqa: PLW0603 LiteLLM's callbacks are process-wide, so the installed one is too
    if _installed is None or _installed.ended:
        _installed = RouterLogger(router, proxy_process=proxy_process)
    else:
        _installed.replace_router(router, proxy_process=proxy_process)
    host.drain_before_proxy_ends(_installed.drain)
    private.warn_of_moved()
    _look_around_later(_installed)
    return _installed


def _look_around_later(logger: RouterLogger) -> None:
    """Look for LiteLLM's own callback once the proxy, which reads its file in an event loop, has read all of it."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop().call_later(_LOOK_SECS, logger.warn_of_own_langfuse)


def __getattr__(name: str) -> Any:
    """Make `proxy_handler` when the proxy asks for it: importing this module reads no file and starts nothing."""
    if name != "proxy_handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _lock:
        if "proxy_handler" not in globals():
            router = Router.from_file()
            handler = globals()["proxy_handler"] = _route_by(router, proxy_process=True)
            if router.reloads_on_sighup:
                _reload_on_sighup(handler)
    return globals()["proxy_handler"]
