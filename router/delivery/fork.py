"""After a fork the child has none of its parent's threads: objects that depend on one start afresh there."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from router.loglines import log_lines

_resets: list[weakref.WeakMethod[Callable[[], None]]] = []
_waits: list[weakref.WeakMethod[Callable[[], None]]] = []
_MOST_WAIT_SECS = 1.0
_quiet = threading.Lock()
_log = log_lines()


class _Forking(threading.local):
    """What a thread has locked for a fork of its own: several may fork at once."""

    held: threading.Lock | None = None


_forking = _Forking()


def reset_in_child(method: Callable[[], None]) -> None:
    """Call the bound `method` in every forked child, for as long as its object lives."""
    _resets[:] = [reset for reset in _resets if reset() is not None]
    _resets.append(weakref.WeakMethod(method))


def wait_before_fork(method: Callable[[], None]) -> None:
    """Call the bound `method` before every fork, for as long as its object lives; it may wait a moment."""
    _waits[:] = [wait for wait in _waits if wait() is not None]
    _waits.append(weakref.WeakMethod(method))


@contextmanager
def no_fork_meanwhile() -> Iterator[None]:
    """Let a fork on another thread wait, a second at most, for what takes microseconds.

    What is opened and noted within is not left open in a child that knows nothing of it.
    """
    with _quiet:
        yield


def _before() -> None:
    _call_all(_waits)
    _forking.held = _quiet if _quiet.acquire(timeout=_MOST_WAIT_SECS) else None


def _after_in_parent() -> None:
    if _forking.held is not None:
        _forking.held.release()
        _forking.held = None


def _after_in_child() -> None:
    # Whoever had it in the parent is not here to let it go.
    global _quiet  # noqa: PLW0603 (a lock cannot be freed by another thread)
    _quiet = threading.Lock()
    _forking.held = None
    _call_all(_resets)


def _call_all(methods: list[weakref.WeakMethod[Callable[[], None]]]) -> None:
    """Call each, whatever becomes of the others."""
    for reference in list(methods):
        method = reference()
        if method is None:
            continue
        try:
            method()
        except Exception as error:  # noqa: BLE001  # the others must have their turn
            _log.error("At a fork %s failed: %s.", method.__qualname__, type(error).__name__)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
