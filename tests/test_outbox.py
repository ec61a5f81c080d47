"""What waits to be sent: whose calls give way when there is no room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import cast

from router.delivery import Counters, DeliverySettings
from router.delivery.backlog import Backlog
from router.delivery.notices import Notices
from router.delivery.outbox import Outbox
from router.delivery.spool import Place, Segment


def _outbox(counters: Counters) -> Outbox:
    return Outbox(DeliverySettings(max_queue_bytes=200_000), counters, Notices())


def test_a_span_that_can_never_fit_evicts_no_other() -> None:
    """Only the call that is too large for the whole memory is dropped."""
    counters = Counters()
    outbox = _outbox(counters)
    for _ in range(10):
        counters.accept("a")
        outbox.put("a", b"x" * 1_000)
    counters.accept("b")
    outbox.put("b", b"x" * 1_000_000)
    stats = counters.snapshot()
    assert (stats.projects["a"].dropped, stats.projects["b"].dropped) == ({}, {"queue_full": 1})


def test_the_oldest_of_the_largest_project_gives_way() -> None:
    """A project with little waiting loses nothing to one with much."""
    counters = Counters()
    outbox = _outbox(counters)
    for project, count in (("small", 1), ("large", 400)):
        for _ in range(count):
            counters.accept(project)
            outbox.put(project, b"x" * 1_000)
    stats = counters.snapshot()
    assert stats.projects["small"].dropped == {}
    assert stats.projects["large"].dropped["queue_full"] > 100


def test_the_state_of_the_accounts_is_told_while_the_outbox_is_held() -> None:
    """Whoever writes to the spool holds it, and a disk can hang: that is when the state is asked for."""
    outbox = _outbox(counters := Counters())
    counters.accept("a")
    outbox.put("a", b"x")
    with ThreadPoolExecutor(1) as pool, outbox._lock:
        assert list(pool.submit(outbox.circuits).result(60).values()) == ["closed"]


def test_parked_spans_are_one_run_only_where_they_touch():
    """A record between them whose write was not confirmed waits in memory, and is not read from disk too."""
    segment, backlog = cast(Segment, object()), Backlog("payments")
    for start, end in ((0, 10), (10, 20), (30, 40)):
        backlog.park(Place(segment, start, end))
    assert [(run.start, run.end, run.count) for run in backlog.parked] == [(0, 20, 2), (30, 40, 1)]
    assert backlog.waiting == 3
