"""The queue between the caller's thread and the worker: bounded in bytes, and nobody who puts ever waits."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from router.delivery import ByteBoundedQueue
from router.delivery.queue import ITEM_OVERHEAD


def test_items_come_out_in_order():
    """First in, first out."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    assert all(queue.put(item, 1) for item in "abc")
    assert [queue.get(0), queue.get(0), queue.get(0), queue.get(0)] == ["a", "b", "c", None]


def test_a_full_queue_refuses_at_once_and_takes_more_when_it_has_room():
    """The bound counts an overhead per item, so that nothing is free."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(2 * (100 + ITEM_OVERHEAD))
    assert queue.put("a", 100)
    assert queue.put("b", 100)
    assert not queue.put("c", 0)
    assert queue.get(0) == "a"
    assert queue.put("c", 100)
    assert queue.held_bytes == 2 * (100 + ITEM_OVERHEAD)


def test_the_number_of_items_is_bounded_as_well():
    """For items that lie about their size."""
    queue: ByteBoundedQueue[int] = ByteBoundedQueue(10_000, max_items=2)
    assert [queue.put(number, 0) for number in range(3)] == [True, True, False]


def test_get_waits_for_an_item():
    """A worker sleeps until there is something to do."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    found: list[str | None] = []
    worker = threading.Thread(target=lambda: found.append(queue.get(60)))
    worker.start()
    queue.put("a", 1)
    worker.join(60)
    assert found == ["a"]


def test_get_gives_up_after_its_timeout():
    """Without an item it returns None."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    start = time.monotonic()
    assert queue.get(0.02) is None
    assert time.monotonic() - start >= 0.02


def test_close_wakes_the_worker_and_hands_back_what_is_left():
    """So that what is left can be counted."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    found: list[str | None] = ["untouched"]
    worker = threading.Thread(target=lambda: found.append(queue.get()))
    worker.start()
    assert queue.close() == []
    worker.join(60)
    assert found == ["untouched", None]
    assert queue.closed
    assert not queue.put("late", 1)

    full: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    full.put("a", 1)
    full.put("b", 1)
    assert full.close() == ["a", "b"]
    assert (full.held_bytes, len(full), full.get(0)) == (0, 0, None)
    assert full.join(0)


def test_join_waits_for_what_was_put_before_it():
    """Finished means task_done, not get; what comes later is not waited for."""
    queue: ByteBoundedQueue[str] = ByteBoundedQueue(10_000)
    assert queue.join(0)
    queue.put("a", 1)
    queue.get(0)
    assert not queue.join(0.01)
    joined: list[bool] = []
    waiter = threading.Thread(target=lambda: joined.append(queue.join(60)))
    waiter.start()
    queue.task_done()
    waiter.join(60)
    queue.put("later", 1)
    assert joined == [True]


def test_no_item_is_lost_or_doubled_between_threads():
    """Four threads put, four get."""
    queue: ByteBoundedQueue[int] = ByteBoundedQueue(100_000_000)
    found: list[int] = []

    def put(offset: int) -> None:
        for number in range(offset, offset + 500):
            assert queue.put(number, 1)

    def get() -> None:
        while (number := queue.get(60)) != -1:
            assert number is not None
            found.append(number)

    workers = [threading.Thread(target=get) for _ in range(4)]
    callers = [threading.Thread(target=put, args=(start * 500,)) for start in range(4)]
    for thread in [*workers, *callers]:
        thread.start()
    for thread in callers:
        thread.join()
    for _ in workers:
        queue.put(-1, 0)
    for thread in workers:
        thread.join()
    assert sorted(found) == list(range(2000))


@given(st.lists(st.integers(0, 500) | st.none()))
def test_the_bound_holds_whatever_happens(steps):
    """A size puts, None gets; the queue behaves as a list with a limit would."""
    queue: ByteBoundedQueue[int] = ByteBoundedQueue(2_000)
    model: list[int] = []
    for size in steps:
        if size is None:
            assert queue.get(0) == (model.pop(0) if model else None)
        elif queue.put(size, size):
            model.append(size)
        assert queue.held_bytes == sum(size + ITEM_OVERHEAD for size in model) <= queue.max_bytes
        assert len(queue) == len(model)
