"""Signals of an application, when it asks for that: SIGTERM drains first, SIGHUP has the files read again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from router.errors import DeliveryError
from router.loglines import log_lines

_log = log_lines()


def check_signals_can_be_taken(option: str, name: str = "SIGTERM") -> None:
    """Raise unless this is the main thread, of a system that has the signal; `option` is what asked for it.

    Raises:
        DeliveryError: it is another: Python lets only the main thread of a process set handlers of signals.
    """
    if not hasattr(signal, name):
        raise DeliveryError(f"{option} needs {name}, which this system does not have")
    if threading.current_thread() is not threading.main_thread():
        raise DeliveryError(f"{option} needs the main thread: only there Python lets a handler be set")


def reload_on_sighup(reload: Callable[[], object]) -> Callable[[], None]:
    """Have `reload` called at every SIGHUP, then what handled the signal before, if that was a function.

    `reload` runs on a thread of its own, because the main thread may hold any lock when the signal comes.

    Returns:
        A function that takes the handler away, where that is possible; see `drain_on_sigterm`.

    Raises:
        DeliveryError: this is not the main thread, or the system has no such signal.
    """
    check_signals_can_be_taken("reload_on_sighup", "SIGHUP")
    previous: Any = signal.getsignal(signal.SIGHUP)

    def reload_and_tell() -> None:
        try:
            reload()
        except Exception as error:  # noqa: BLE001 a thread has nobody to raise to
            _log.error("The reload at SIGHUP failed: %s.", type(error).__name__)

    def handle(number: int, frame: FrameType | None) -> None:
        try:
            threading.Thread(target=reload_and_tell, name="router-reload", daemon=True).start()
        except RuntimeError:  # no more threads
            _log.error("The reload at SIGHUP failed: no more threads.")
        if callable(previous):
            previous(number, frame)

    signal.signal(signal.SIGHUP, handle)
    return lambda: _put_back(signal.SIGHUP, handle, previous)


def _put_back(number: signal.Signals, handle: Callable[[int, FrameType | None], None], previous: Any) -> None:
    if signal.getsignal(number) is handle and threading.current_thread() is threading.main_thread():
        # None is a handler that was not set from Python, which Python cannot set either.
        signal.signal(number, signal.SIG_DFL if previous is None else previous)


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
    check_signals_can_be_taken("drain_on_sigterm")
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
        _put_back(signal.SIGTERM, handle, previous)

    signal.signal(signal.SIGTERM, handle)
    return restore
