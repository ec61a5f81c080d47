"""After a fork the child has none of its parent's threads: objects that depend on one start afresh there."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable

_resets: list[weakref.WeakMethod[Callable[[], None]]] = []


def reset_in_child(method: Callable[[], None]) -> None:
    """Call the bound `method` in every forked child, for as long as its object lives."""
    _resets[:] = [reset for reset in _resets if reset() is not None]
    _resets.append(weakref.WeakMethod(method))


def _reset_all() -> None:
    for reset in list(_resets):
        method = reset()
        if method is not None:
            method()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
