"""SIGTERM of a plain application, when it asks for that: drain first, then what would have happened anyway."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from router.errors import DeliveryError

_log = logging.getLogger("router")


def check_signals_can_be_taken() -> None:
    """Raise unless this is the main thread.

    Raises:
        DeliveryError: it is another: Python lets only the main thread of a process set handlers of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        raise DeliveryError("drain_on_sigterm needs the main thread: only there Python lets a handler be set")


def drain_on_sigterm(drain: Callable[[], object]) -> Callable[[], None]:
    """Have `drain` called at the first SIGTERM, then put back what handled the signal before, and send it again.

    `drain` runs on a thread of its own, because the main thread may hold any lock when the signal comes; that one goes
    on meanwhile. A second SIGTERM does not wait for it.

    Returns:
        A function that takes the handler away, where that is possible: in the main thread, and as long as nobody has
        set another one since.

    Raises:
        DeliveryError: this is not the main thread.
    """
    check_signals_can_be_taken()
    previous: Any = signal.getsignal(signal.SIGTERM)

    def drain_and_go_on() -> None:
        try:
            drain()
        except Exception as error:  # noqa: BLE001 the signal must do its work
            _log.error("Draining at SIGTERM failed: %s.", type(error).__name__)
        os.kill(os.getpid(), signal.SIGTERM)

    def handle(number: int, _frame: FrameType | None) -> None:
        restore()
        try:
            threading.Thread(target=drain_and_go_on, name="router-sigterm", daemon=True).start()
        except RuntimeError:  # no more threads: the end comes without a drain
            os.kill(os.getpid(), number)

    def restore() -> None:
        if signal.getsignal(signal.SIGTERM) is handle and threading.current_thread() is threading.main_thread():
            # None is a handler that was not set from Python, which Python cannot set either.
            signal.signal(signal.SIGTERM, signal.SIG_DFL if previous is None else previous)

    signal.signal(signal.SIGTERM, handle)
    return restore
