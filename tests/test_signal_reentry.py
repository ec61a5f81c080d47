"""A signal handler of the host may log and ask for the account while its own thread does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from router import Router
from router.delivery import ByteBoundedQueue, Counters
from router.delivery.queue import ITEM_OVERHEAD
from router.testing import FakeLangfuse, make_record


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Return what sets the handler of a signal that `raise_it` raises."""
    former = signal.getsignal(signal.SIGUSR2)

    def handle(action: Callable[[], None]) -> None:
        signal.signal(signal.SIGUSR2, lambda *_: action())

    yield handle
    signal.signal(signal.SIGUSR2, former)


def raise_it() -> None:
    signal.raise_signal(signal.SIGUSR2)


def enter(lock: Any) -> None:
    """Fail, instead of waiting for ever, where this thread may not take a lock that it has."""
    assert lock.acquire(blocking=False)
    lock.release()


def test_a_handler_may_count_while_its_thread_counts(on_signal):
    """Nothing of either count is lost, and the account that the handler reads is one."""
    counters = Counters()
    seen = []

    def count() -> None:
        enter(counters._lock)
        counters.accept(None, 2)
        counters.dropped(None, "shutdown")
        counters.dropped("payments", "rejected")
        seen.append(counters.snapshot())

    def failures() -> Iterator[str]:
        raise_it()
        yield "pci"

    on_signal(count)
    counters.accept("payments", 2)
    counters.masked("payments", {"email": 1}, failures())
    stats = counters.snapshot()
    assert (seen[0].handled, seen[0].dropped, seen[0].in_flight) == (4, {"shutdown": 1, "rejected": 1}, 2)
    assert (stats.handled, stats.dropped, stats.in_flight) == (4, {"shutdown": 1, "rejected": 1}, 2)
    assert (stats.masked, stats.mask_failed) == ({"email": 1}, {"pci": 1})


class Interrupted(int):
    """A size at which a signal arrives while the queue compares it with its bound."""

    def __add__(self, other: int) -> Interrupted:
        return Interrupted(int(self) + other)

    def __radd__(self, other: int) -> int:
        raise_it()
        return other + int(self)


def test_a_handler_may_put_while_its_thread_puts(on_signal):
    """Both calls are in the queue, and counted."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)

    def put() -> None:
        enter(queue._lock)
        on_signal(lambda: None)
        assert queue.put("of the handler", 10)

    on_signal(put)
    assert queue.put("of the thread", Interrupted(100))
    assert queue.held_bytes == 110 + 2 * ITEM_OVERHEAD
    assert [queue.get(0), queue.get(0)] == ["of the handler", "of the thread"]
    queue.task_done()
    queue.task_done()
    assert queue.join(0)


def test_a_handler_may_wait_while_its_thread_does(on_signal):
    """A flush in a flush."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    queue.put("a", 1)
    waited = []

    def wait() -> None:
        enter(queue._lock)
        waited.append(queue.join(0.01))

    def holds() -> bool:
        if not waited:
            raise_it()
        return bool(waited)

    on_signal(wait)
    with queue._lock:
        assert queue._wait_for(holds, 60)
    assert waited == [False]
    assert queue.get(0) == "a"
    queue.task_done()
    assert queue.join(0)


def test_a_handler_may_log_while_its_thread_starts_the_worker(tmp_path: Path):
    """The call waits for the worker that is being started, and not for the lock."""
    file = tmp_path / "routing.yaml"
    file.write_text("version: 1\nprojects: {main: {env: LANGFUSE}}\nrules: [{id: all, route: main}]\n", "utf-8")
    with FakeLangfuse() as langfuse:
        router = Router.from_file(file, environ=langfuse.environ("LANGFUSE", "main"))
        logging = threading.Thread(target=router.log, args=(make_record(call_id="a"),), daemon=True)
        with router._start_lock:
            logging.start()
            logging.join(20)
            assert not logging.is_alive()
        router.log(make_record(call_id="b"))
        assert router.flush(60)
        assert router.stats().delivered == 2
        assert router.shutdown(60)
