"""Letting other threads in while one masks.

RE2 lets the GIL go at every call, mostly for microseconds. A thread that waits for it is woken each time, finds it
taken again, and begins anew to count the interval after which Python would hand it over: among many short calls it
never gets it. A pause in which nobody holds it is all that helps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

Breathe = Callable[[], None]
"""Called again and again by what works long; now and then it pauses the thread."""
_EVERY_SECS: Final = 0.002
_PAUSE_SECS: Final = 0.000_05
"""Long enough for another thread to wake up and take the GIL, which it then keeps for as long as it needs."""


def go_on() -> None:
    """Pause never: where nobody else waits, or what is done is short."""


def breath(
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], object] = time.sleep,  # noqa: TID251 - there is nothing to wait for but the pause itself
) -> Breathe:
    """Return what pauses the thread for a moment when 2 ms have passed since it did so last; for one thread."""
    due = clock() + _EVERY_SECS

    def breathe() -> None:
        nonlocal due
        if clock() >= due:
            sleep(_PAUSE_SECS)
            due = clock() + _EVERY_SECS

    return breathe
