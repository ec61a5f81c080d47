"""After a fork the child has none of its parent's threads: objects that depend on one start afresh there."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable

_resets: list[weakref.WeakMethod[Callable[[], None]]] = []
_waits: list[weakref.WeakMethod[Callable[[], None]]] = []


def reset_in_child(method: Callable[[], None]) -> None:
    """Call the bound `method` in every forked child, for as long as its object lives."""
    _resets[:] = [reset for reset in _resets if reset() is not None]
    _resets.append(weakref.WeakMethod(method))


def wait_before_fork(method: Callable[[], None]) -> None:
    """Call the bound `method` before every fork, for as long as its object lives; it may wait a moment."""
    _waits[:] = [wait for wait in _waits if wait() is not None]
    _waits.append(weakref.WeakMethod(method))


def _call_all(methods: list[weakref.WeakMethod[Callable[[], None]]]) -> None:
    for reference in list(methods):
        method = reference()
        if method is not None:
            method()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: _call_all(_waits), after_in_child=lambda: _call_all(_resets))
