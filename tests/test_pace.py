"""A thousand projects stay below what a host allows, and none of them waits longer than the others."""

from __future__ import annotations

import heapq
import time
from collections import Counter

import pytest

from router.delivery.pace import MOST_WAIT_SECS, Pace
from router.testing import FakeLangfuse
from tests.masked_calls import posting

HOST = "https://cloud.langfuse.com"


def simulate(projects: int, per_sec: float, secs: float, interval: float = 1.0) -> list[tuple[float, int]]:
    """Return (moment, project) of every request, where each project has a call all the time."""
    pace = Pace(per_sec)
    coming = [(pace.turn(number, HOST, interval), number) for number in range(projects)]
    heapq.heapify(coming)
    sent: list[tuple[float, int]] = []
    while coming and coming[0][0] <= secs:
        now, number = heapq.heappop(coming)
        pace.sends(number, HOST, now)
        sent.append((now, number))
        heapq.heappush(coming, (pace.turn(number, HOST, now + interval), number))
    return sent


def test_a_thousand_projects_stay_below_the_rate():
    """In every second of two minutes, and near it: nothing is given away either."""
    by_second = Counter(int(moment) for moment, _ in simulate(1_000, 50.0, 120.0))
    assert max(by_second.values()) <= 51
    assert sum(by_second.values()) >= 118 * 50


def test_each_of_a_thousand_projects_has_as_many_turns_as_the_others():
    """One every twenty seconds."""
    turns = Counter(number for _, number in simulate(1_000, 50.0, 120.0))
    assert len(turns) == 1_000
    assert set(turns.values()) <= {5, 6}


def test_few_projects_wait_no_longer_than_the_interval():
    """Ten projects, a request of each in each second."""
    turns = Counter(number for _, number in simulate(10, 50.0, 60.0))
    assert min(turns.values()) >= 58


def test_a_turn_is_kept_until_it_is_used_or_given_up():
    """Asking again does not lose a place, and whoever has nothing left holds no one up twice."""
    pace = Pace(1.0)
    assert [pace.turn("a", HOST, 0.0), pace.turn("b", HOST, 0.0)] == [0.0, 1.0]
    assert pace.turn("b", HOST, 0.5) == 1.0
    pace.gives_up("b")
    assert pace.turn("b", HOST, 0.5) == 2.0


def test_a_full_batch_that_goes_at_once_counts():
    """The next one waits for it, but not on another host."""
    pace = Pace(1.0)
    pace.sends("busy", HOST, 10.0)
    assert pace.turn("a", HOST, 10.0) == 11.0
    assert pace.turn("b", "https://other.example.org", 10.0) == 10.0


def test_no_turn_is_later_than_a_minute():
    """However many projects there are."""
    pace = Pace(1.0)
    assert max(pace.turn(number, HOST, 5.0) for number in range(1_000)) == 5.0 + MOST_WAIT_SECS


def test_hosts_that_requests_bring_are_not_remembered_for_ever():
    """Those whose last request is past make room."""
    pace = Pace(50.0)
    for number in range(5_000):
        pace.sends(number, f"https://{number}.example.org", float(number))
    assert len(pace._free) <= 1_000


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def test_the_sender_takes_turns(langfuse):
    """Thirty projects become due at once; the last of them sends when twenty-nine turns have passed."""
    names = [f"team-{number}" for number in range(30)]
    with posting(langfuse, *names, flush_interval_secs=0, max_requests_per_sec=100) as post:
        start = time.monotonic()
        for name in names:
            post.send(1, project=name)
        langfuse.wait_for(30)
        assert time.monotonic() - start >= 0.28
    assert all({span.span_id for span in langfuse.spans(name)} == {f"{2:016x}"} for name in names)


def test_a_flush_waits_for_no_turn(langfuse):
    """At one request a second the last of a hundred projects would wait longer than this flush does."""
    names = [f"team-{number}" for number in range(100)]
    with posting(langfuse, *names, flush_interval_secs=0, max_requests_per_sec=1) as post:
        for name in names:
            post.send(1, project=name)
        assert post.sender.force_flush(60)
