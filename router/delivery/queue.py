"""A queue bounded in bytes as well as in items: whoever puts never waits, whoever gets may."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from router.delivery.fork import reset_in_child

T = TypeVar("T")

ITEM_OVERHEAD = 200
"""Bytes counted for an item beside its size, so that many tiny ones are bounded too."""


class ByteBoundedQueue(Generic[T]):
    """First in, first out, for any number of threads; a forked child starts with an empty one.

    Args:
        max_bytes: bound of the sum of the sizes given to `put`, `ITEM_OVERHEAD` per item included.
        max_items: bound of the number of items.
    """

    def __init__(self, max_bytes: int, max_items: int = 1_000_000) -> None:
        self.max_bytes = max_bytes
        self.max_items = max_items
        self._start_afresh()
        reset_in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        self._items: deque[tuple[T, int]] = deque()
        self._lock = threading.RLock()  # a signal handler of the host may put while its thread does
        self._changed = threading.Condition(self._lock)
        self._bytes = self._put = self._done = self._waiting = 0
        self.closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def held_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def put(self, item: T, size: int) -> bool:
        """Append an item of `size` bytes; return False, at once, when the queue is full or closed."""
        size += ITEM_OVERHEAD
        with self._lock:
            if self.closed or self._bytes + size > self.max_bytes or len(self._items) >= self.max_items:
                return False
            self._items.append((item, size))
            self._bytes += size
            self._put += 1
            if self._waiting:
                self._changed.notify_all()
        return True

    def get(self, timeout: float | None = None) -> T | None:
        """Remove and return the oldest item; wait up to `timeout` seconds for one, without end by default.

        Returns:
            None when the time is over, or when the queue is closed.
        """
        with self._lock:
            if not self._items and not self.closed:
                self._wait_for(lambda: bool(self._items) or self.closed, timeout)
            if not self._items:
                return None
            item, size = self._items.popleft()
            self._bytes -= size
            return item

    def task_done(self) -> None:
        """Say that one item that `get` returned is finished; what `join` waits for."""
        with self._lock:
            self._done += 1
            if self._waiting:
                self._changed.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until every item put before this call is finished; return whether that came within `timeout` s."""
        with self._lock:
            target = self._put
            return self._wait_for(lambda: self._done >= target, timeout)

    def close(self) -> list[T]:
        """Accept nothing more, wake all who wait, and return what is left, oldest first."""
        with self._lock:
            self.closed = True
            rest = [item for item, _ in self._items]
            self._items.clear()
            self._bytes = 0
            self._done += len(rest)
            self._changed.notify_all()
        return rest

    def _wait_for(self, holds: Callable[[], bool], timeout: float | None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        self._waiting += 1
        try:
            while not holds():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
            return True
        finally:
            self._waiting -= 1
