"""Every call is accounted for: handled = delivered + dropped[reason] + in flight."""

from __future__ import annotations

import threading
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router.delivery import Counters, DeliverySettings, DropReason, ProjectStats, Stats
from router.delivery.notices import Notices
from router.delivery.outbox import Outbox
from router.routing.plan import Plan


def test_an_account_by_project_and_over_all():
    """The JSON that `router stats` and other tools read."""
    counters = Counters()
    counters.accept("payments", 3)
    counters.delivered("payments", 1)
    counters.dropped("payments", "rejected")
    counters.accept("search")
    counters.accept(None)
    counters.dropped(None, "policy")
    counters.masked("payments", {"email": 2}, ("pci", "pii"))
    counters.masked("payments", {"email": 1, "phone": 1}, ("pci",))
    counters.decided(Plan(rule="a", missing=("team",), unknown_values=("region",), shadow=("b",)))
    counters.decided(Plan(rule="a", unknown_values=("region", "tier"), undecided=("c",)))
    counters.decided(
        Plan(rule=None, drop="unauthenticated", denied=("project", "trace.metadata.x", "trace.metadata.y"))
    )
    hits, failed = {"email": 3, "phone": 1}, {"pci": 2, "pii": 1}
    nothing: dict[str, int] = {}
    no_letters = {"dead_letters": 0, "dead_letters_removed": 0}
    assert counters.snapshot().to_json() == {
        "handled": 5,
        "delivered": 1,
        "dropped": {"rejected": 1, "policy": 1},
        "spooled": 0,
        "in_flight": 2,
        **no_letters,
        "masked": hits,
        "mask_failed": failed,
        "rules": {"a": 2},
        "routes": {"a": {"": 2}},
        "shadow": {"b": 1},
        "undecided": {"c": 1},
        "denied": {"project": 1, "trace.metadata": 1},
        "missing": {"team": 1},
        "unknown_values": {"region": 2, "tier": 1},
        "projects": {
            "payments": {
                "handled": 3,
                "delivered": 1,
                "dropped": {"rejected": 1},
                "spooled": 0,
                "in_flight": 1,
                **no_letters,
                "masked": hits,
                "mask_failed": failed,
            },
            "search": {
                "handled": 1,
                "delivered": 0,
                "dropped": {},
                "spooled": 0,
                "in_flight": 1,
                **no_letters,
                "masked": nothing,
                "mask_failed": nothing,
            },
        },
        "unrouted": {
            "handled": 1,
            "delivered": 0,
            "dropped": {"policy": 1},
            "spooled": 0,
            "in_flight": 0,
            **no_letters,
            "masked": nothing,
            "mask_failed": nothing,
        },
        "config": {
            "digest": "",
            "loaded_at": 0.0,
            "left_out": 0,
            "accepted": 0,
            "rejected": 0,
            "last_reload_successful": True,
        },
    }


def test_a_new_account_is_empty():
    """Nothing handled, nothing dropped."""
    assert Counters().snapshot() == Stats()
    assert Stats().in_flight == 0


def test_a_snapshot_does_not_move():
    """What happens later is in the next one."""
    counters = Counters()
    counters.accept("a")
    before = counters.snapshot()
    counters.delivered("a")
    assert before.projects["a"] == ProjectStats(handled=1)
    assert (before.in_flight, counters.snapshot().in_flight) == (1, 0)


def test_every_snapshot_agrees_with_itself_while_threads_count():
    """The sums of a snapshot are of one moment."""
    counters = Counters()

    def count(project: str) -> None:
        for _ in range(300):
            counters.accept(project, 2)
            counters.delivered(project)
            counters.dropped(project, "queue_full")

    threads = [threading.Thread(target=count, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        stats = counters.snapshot()
        assert 0 <= stats.in_flight <= 2 * len(threads)
        assert stats.in_flight == sum(project.in_flight for project in stats.projects.values())
    assert counters.snapshot().delivered == 1200
    assert counters.snapshot().in_flight == 0


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(get_args(DropReason)), st.integers(1, 5))))
def test_the_total_is_the_sum_of_the_projects(drops):
    """Over any history."""
    counters = Counters()
    for project, reason, count in drops:
        counters.accept(project, count)
        counters.dropped(project, reason, count)
    stats = counters.snapshot()
    parts = [*stats.projects.values(), stats.unrouted]
    assert stats.handled == sum(part.handled for part in parts) == sum(count for _, _, count in drops)
    assert sum(stats.dropped.values()) == stats.handled
    assert stats.in_flight == 0


class OutboxMachine(RuleBasedStateMachine):
    """The outbox against a plain account: whatever happens, what it holds is what is in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.counters = Counters()
        settings = DeliverySettings(max_queue_bytes=100_000, max_batch_spans=3, flush_interval_secs=0)
        self.limit = settings.span_buffer_bytes
        self.outbox = Outbox(settings, self.counters, Notices())

    @rule(project=st.sampled_from("ab"), size=st.integers(0, 30_000))
    def put(self, project: str, size: int) -> None:
        self.counters.accept(project)
        self.outbox.put(project, b"x" * size)

    @rule()
    def take(self) -> None:
        for backlog in self.outbox.open():
            if not backlog.flight:
                spans, _ = self.outbox.take(backlog)
                assert 1 <= len(spans) <= 3
                self.outbox.hold(backlog, sum(map(len, spans)) // 3)

    @rule(delivered=st.booleans(), count=st.integers(1, 3))
    def settle(self, delivered: bool, count: int) -> None:
        for backlog in list(self.outbox._backlogs):
            self.outbox.settle(backlog, count, None if delivered else "rejected")

    @precondition(lambda self: not self.outbox.closed)
    @rule()
    def abandon(self) -> None:
        self.outbox.abandon()
        assert self.counters.snapshot().in_flight == 0
        assert self.outbox.wait_until_settled(0)

    @invariant()
    def agrees(self) -> None:
        stats = self.counters.snapshot()
        backlogs = {backlog.project: backlog for backlog in self.outbox._backlogs}
        for name, project in stats.projects.items():
            held = len(backlogs[name].spans) + backlogs[name].flight if name in backlogs else 0
            assert project.in_flight == held
        assert 0 <= self.outbox.held_bytes <= self.limit
        assert self.outbox.held_bytes == sum(backlog.bytes + backlog.flight_bytes for backlog in backlogs.values())
        assert self.outbox.wait_until_settled(0) == (stats.in_flight == 0)


TestOutbox = OutboxMachine.TestCase
