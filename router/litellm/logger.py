"""The callback that LiteLLM calls: each finished call becomes a record, once, and goes to the Router."""

from __future__ import annotations

import asyncio
import atexit
import functools
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from litellm.integrations.custom_logger import CustomLogger

from router.delivery import Health, Stats
from router.delivery.fork import reset_in_child
from router.delivery.signals import drain_on_sigterm, reload_on_sighup
from router.litellm import host
from router.litellm.capture import Capture, capture
from router.litellm.content import mapping_of
from router.litellm.origin import is_passed_through, is_proxy_loaded
from router.litellm.wire import refused_of
from router.loglines import log_lines
from router.reload import Reloaded
from router.routing.record import CallRecord, Status

_log = log_lines()

_REMEMBERED = 4096
_REMEMBERED_SECS = 300.0
_DRAIN_SECS = 8.0
_STRAGGLERS_SECS = 0.5


class Sink(Protocol):
    """What the logger needs of `router.Router`."""

    @property
    def shutdown_timeout_secs(self) -> float: ...
    def handle(self, make_record: Callable[[], CallRecord], size: int = ...) -> None: ...
    def discard_duplicate(self) -> None: ...
    def reload(self) -> Reloaded: ...
    def stats(self) -> Stats: ...
    def health(self) -> Health: ...
    def flush(self, timeout: float = ...) -> bool: ...
    def shutdown(self, timeout: float | None = ...) -> bool: ...


class RouterLogger(CustomLogger):
    """A LiteLLM callback that routes every call as one routing.yaml says.

    Its hooks copy the call and enqueue it: they wait for nothing, change nothing and raise nothing. LiteLLM reports
    some calls twice; the second report is counted as `duplicate`.

    Attributes:
        name: LiteLLM keeps one callback of a class and name.
    """

    def __init__(
        self, router: Sink, *, proxy_process: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Log to `router`; `proxy_process` says whether this is a LiteLLM proxy.

        None finds out now, once: LiteLLM's proxy is loaded or not. Later it may be loaded by LiteLLM's own features.
        """
        super().__init__()
        self.name = "langfuse-router"
        self._router = router
        self._proxy_process = is_proxy_loaded() if proxy_process is None else proxy_process
        self._warned_of_nobodys = proxy_process is True
        self._attempts = _Attempts(clock)
        self._looked_around = False
        self._warned_of_own = False
        self._warned_of_keys = False
        self._ended = False
        self._former: dict[int, Sink] = {}
        self._restore_sigterm: Callable[[], None] | None = None
        self._restore_sighup: Callable[[], None] | None = None
        reset_in_child(self._forget_former)
        atexit.register(_run_left_over_hooks, weakref.ref(self))

    @property
    def ended(self) -> bool:
        """Whether `shutdown` was called."""
        return self._ended

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, response_obj, start_time, end_time, "success")

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, response_obj, start_time, end_time, "failure")

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, response_obj, start_time, end_time, "success")

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, response_obj, start_time, end_time, "failure")

    async def async_post_call_failure_hook(
        self, request_data: Any, original_exception: Any, user_api_key_dict: Any, traceback_str: Any = None
    ) -> None:
        """Take what a provider refused behind a pass-through endpoint, of which LiteLLM's proxy tells no log hook.

        They are told of every other failure.
        """
        try:
            if not is_passed_through(mapping_of(mapping_of(request_data).get("litellm_params"))):
                return
            refused = refused_of(request_data, original_exception)
        except Exception as error:  # noqa: BLE001 whatever LiteLLM hands over, the host's call goes on
            self._router.handle(_raiser(error))
            return
        self._report(refused, None, refused["start_time"], time.time(), "failure")

    def flush(self, timeout: float = 10.0) -> bool:
        """Send everything so far; return whether all of it was delivered or dropped within `timeout` seconds.

        Calls that have returned but whose hooks LiteLLM still holds are waited for. Inside the event loop that made
        the calls that is impossible, and the answer is False while hooks wait: use `await aflush()` there, before the
        loop ends. With the loop LiteLLM throws away the hooks that had begun, and nobody can tell afterwards.
        """
        deadline = time.monotonic() + timeout
        seen = host.wait_for_hooks(timeout)
        return self._flush_routers(deadline) and seen

    async def aflush(self, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 it answers whether, it does not cancel
        """Do the same inside an event loop, without blocking it."""
        deadline = time.monotonic() + timeout
        seen = await host.wait_for_hooks_async(timeout)
        return await asyncio.to_thread(self._flush_routers, deadline) and seen

    def shutdown(self, timeout: float | None = None) -> bool:
        """Flush, take the callback out of LiteLLM and stop the router's threads; may be called again.

        Hooks that LiteLLM still holds go first: without the callback they would be lost. Inside an event loop call
        `await aflush()` before.
        """
        self._ended = True
        for restore in (self._restore_sigterm, self._restore_sighup):
            if restore is not None:
                restore()
        deadline = time.monotonic() + (_DRAIN_SECS if timeout is None else timeout)
        seen = host.wait_for_hooks(_left(deadline))
        host.remove_callback(self)
        seen = host.wait_for_hooks(min(_left(deadline), _STRAGGLERS_SECS)) and seen
        left = None if timeout is None else _left(deadline)
        done = self._router.shutdown(left)
        return self._flush_former(deadline) and done and seen

    def replace_router(self, router: Sink, *, proxy_process: bool | None = None) -> None:
        """Send every call from now on to `router`; what the former one accepted is drained in the background.

        Args:
            router: the new destination.
            proxy_process: as for a new logger, but None keeps what was decided.
        """
        if proxy_process is not None:
            self._proxy_process = proxy_process
        former = self._router
        self._former[id(former)] = former
        self._router = router
        # At exit, functions run last in, first out: this one has to come before the new router's own.
        atexit.register(_run_left_over_hooks, weakref.ref(self))
        threading.Thread(target=self._retire, args=(former,), name="router-retire", daemon=True).start()

    def reload(self) -> Reloaded:
        """Read the files again, and route by them from now on if nothing is wrong with them.

        No call is missed, and none routed by half of each. In an event loop: `await asyncio.to_thread(logger.reload)`.
        """
        return self._router.reload()

    def drain_on_sigterm(self) -> None:
        """Have the first SIGTERM drain before it does what it did; `shutdown` takes that away again.

        Raises:
            DeliveryError: this is not the main thread.
        """
        if self._restore_sigterm is None:
            self._restore_sigterm = drain_on_sigterm(lambda: self.flush(self._router.shutdown_timeout_secs))

    def reload_on_sighup(self) -> None:
        """Have every SIGHUP read the files again; `shutdown` takes that away again.

        Raises:
            DeliveryError: this is not the main thread, or the system has no SIGHUP.
        """
        if self._restore_sighup is None:
            self._restore_sighup = reload_on_sighup(self.reload)

    def warn_of_own_langfuse(self) -> None:
        """Warn, once, when LiteLLM's own Langfuse callback would send every call a second time."""
        if not self._warned_of_own and host.has_own_langfuse():
            self._warned_of_own = True
            _log.warning(
                "LiteLLM's own Langfuse callback is on as well: it sends every call a second time, unrouted and "
                "unmasked. Take `langfuse` out of success_callback, failure_callback and callbacks, also of "
                "default_team_settings."
            )

    def stats(self) -> Stats:
        """Return what became of every call so far; a second `install` begins a new account."""
        return self._router.stats()

    def health(self) -> Health:
        """Return whether calls arrive, and if not why."""
        return self._router.health()

    async def drain(self) -> None:
        """Flush with the patience that a proxy about to end can afford."""
        await self.aflush(_DRAIN_SECS)

    def _report(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any, status: Status) -> None:
        try:
            if not self._looked_around:
                self._looked_around = True
                self.warn_of_own_langfuse()
            if self._proxy_process and not self._warned_of_keys and host.has_own_langfuse_by_key(kwargs):
                self._warn_of_keys()
            taken = capture(
                kwargs, response_obj, start_time, end_time, status=status, proxy_process=self._proxy_process
            )
            if self._attempts.is_new(taken.attempt):
                self._router.handle(functools.partial(self._record_of, taken), taken.size)
            else:
                self._router.discard_duplicate()
        except Exception as error:  # noqa: BLE001 whatever LiteLLM hands over, the host's call goes on
            self._router.handle(_raiser(error))

    def _record_of(self, taken: Capture) -> CallRecord:
        record = taken.record()
        if not (record.authenticated or self._warned_of_nobodys):
            self._warned_of_nobodys = True
            _log.warning(
                "LiteLLM reported a call of its proxy without an authenticated key: it is dropped (unauthenticated), "
                "as all such calls are that no rule with `authenticated: false` takes; this is said once. In an "
                "application without a proxy, call router.litellm.install() before anything imports "
                "litellm.proxy.proxy_server."
            )
        return record

    def _flush_routers(self, deadline: float) -> bool:
        done = self._router.flush(_left(deadline))
        return self._flush_former(deadline) and done

    def _flush_former(self, deadline: float) -> bool:
        return all(former.flush(_left(deadline)) for former in tuple(self._former.values()))

    def _retire(self, former: Sink) -> None:
        host.wait_for_hooks(_DRAIN_SECS)  # one that began before may hold the former router
        former.shutdown()
        self._former.pop(id(former), None)

    def _forget_former(self) -> None:
        self._former = {}

    def _warn_of_keys(self) -> None:
        self._warned_of_keys = True
        _log.warning(
            "A key or a team turns LiteLLM's own Langfuse callback on as well: it sends each of its calls a second "
            "time, unrouted and unmasked; this is said once. Take `langfuse` out of the logging settings of keys and "
            "teams."
        )


class _Attempts:
    """The attempts reported lately; bounded in number and time, and safe across threads and forks."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[Any, ...], float] = OrderedDict()
        self._renew_lock()
        reset_in_child(self._renew_lock)

    def is_new(self, attempt: tuple[Any, ...]) -> bool:
        now = self._clock()
        with self._lock:
            seen = self._seen.get(attempt)
            if seen is not None and now - seen < _REMEMBERED_SECS:
                return False
            self._seen[attempt] = now
            self._seen.move_to_end(attempt)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            return True

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _raiser(error: Exception) -> Callable[[], CallRecord]:
    def raise_again() -> CallRecord:
        raise error

    return raise_again


def _run_left_over_hooks(reference: weakref.ref[RouterLogger]) -> None:
    # Registered after the router's own exit function, so it runs before that one closes the door.
    if reference() is not None:
        host.run_left_over_hooks()
