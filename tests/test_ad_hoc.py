"""Calls that bring Langfuse keys of their own: delivered apart from each other, and counted as one."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest

from router.config.loaded import ResolvedProject
from router.delivery import Counters, DeliverySettings, encode_call
from router.delivery.backlog import MAX_IDLE
from router.delivery.notices import Notices
from router.delivery.outbox import Outbox
from router.testing import FakeLangfuse
from tests.masked_calls import Post, make_masked, posting
from tests.test_sender import run_alone


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def ad_hoc(langfuse: FakeLangfuse, name: str) -> ResolvedProject:
    """Return a project of the double as a request brings it."""
    return replace(langfuse.project(name), name=f"ad-hoc:{name}")


def router_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("router")]


def send(post: Post, *targets: ResolvedProject, number: int = 0) -> None:
    for target in targets:
        post.counters.accept(target.name)
        post.sender.send(target, encode_call(make_masked(number), target))


def outbox_of(counters: Counters, max_queue_bytes: int = 1_000_000) -> Outbox:
    return Outbox(DeliverySettings(max_queue_bytes=max_queue_bytes), counters, Notices())


def settle(outbox: Outbox) -> None:
    """Deliver everything that waits."""
    for backlog in outbox.open():
        spans, _ = outbox.take(backlog)
        outbox.settle(backlog, len(spans))


def test_calls_arrive_where_their_keys_belong_and_are_counted_under_one_name(langfuse):
    """A hundred pairs of keys, one thread, one account."""
    targets = [ad_hoc(langfuse, f"p{number}") for number in range(100)]
    before = len(router_threads())
    with posting(langfuse) as post:
        send(post, *targets)
        send(post, *targets, number=1)
        post.send(7)
        assert post.sender.force_flush(60)
        assert len(router_threads()) == before + 1
        assert post.account("ad-hoc") == {"handled": 200, "delivered": 200}
        assert post.account() == {"handled": 1, "delivered": 1}
        assert set(post.counters.snapshot().projects) == {"ad-hoc", "payments"}
    for number in range(100):
        assert len({span.span_id for span in langfuse.spans(f"p{number}")}) == 2


def test_the_same_public_key_with_another_secret_or_host_is_another_queue(langfuse):
    """What one of them waits for never goes out with the credentials of another."""
    with FakeLangfuse() as other, posting(langfuse) as post:
        first = ad_hoc(langfuse, "p")
        elsewhere = replace(first, host=other.url)
        someone = replace(first, secret_key=langfuse.project("q").secret_key)
        send(post, first, elsewhere, someone)
        assert post.sender.force_flush(60)
        assert [len(langfuse.spans("p")), len(other.spans("p")), len(langfuse.spans("q"))] == [1, 1, 1]


def test_keys_that_are_refused_cost_the_others_nothing(langfuse, caplog):
    """They are counted, and said once a minute for all of them; no line holds a key."""
    langfuse.fail("bad", 401)
    langfuse.fail("worse", 401)
    with posting(langfuse) as post:
        send(post, ad_hoc(langfuse, "bad"), ad_hoc(langfuse, "good"), ad_hoc(langfuse, "worse"))
        post.send(1)
        assert post.sender.force_flush(60)
        found = post.account("ad-hoc")
    assert (found["delivered"], found["dropped"]) == (1, {"rejected": 2})
    assert len(langfuse.spans("payments")) == 1
    assert len([record for record in caplog.records if "rejected" in record.getMessage()]) == 1
    assert "k-lf-" not in caplog.text


def test_projects_that_were_never_reached_leave_half_of_the_connections(langfuse):
    """However many unknown hosts hang, those of the file go out."""
    with posting(langfuse, max_connections=3, timeout_secs=30) as post, FakeLangfuse() as hanging:
        hanging.hang()
        send(post, *(ad_hoc(hanging, f"p{number}") for number in range(10)))
        post.send(1)
        assert not post.sender.force_flush(0.5)
        assert post.account() == {"handled": 1, "delivered": 1}


def test_idle_ones_are_forgotten_from_the_oldest_on():
    """A thousand are remembered, however many pairs of keys there were."""
    counters = Counters()
    outbox = outbox_of(counters)
    with FakeLangfuse() as langfuse:
        targets = [ad_hoc(langfuse, f"p{number}") for number in range(MAX_IDLE + 20)]
    for target in targets:
        counters.accept(target.name)
        outbox.put(target, b"span")
        settle(outbox)
    known = outbox.destinations()
    assert len(known) == MAX_IDLE
    assert targets[19] not in known
    assert targets[20] in known


def test_one_for_which_something_waits_is_never_forgotten():
    """Nor one that is used again: the least recently used goes."""
    counters = Counters()
    outbox = outbox_of(counters)
    with FakeLangfuse() as langfuse:
        targets = [ad_hoc(langfuse, f"p{number}") for number in range(MAX_IDLE + 1)]
        waiting = ad_hoc(langfuse, "waiting")
    for target in (*targets[:-1], targets[0], targets[-1]):
        counters.accept(target.name)
        outbox.put(target, b"span")
        settle(outbox)
    counters.accept(waiting.name)
    outbox.put(waiting, b"span")
    known = outbox.destinations()
    assert len(known) == MAX_IDLE + 1
    assert {targets[0], waiting} <= known
    assert targets[1] not in known
    assert outbox.abandon() == {"shutdown": 1}
    assert counters.snapshot().in_flight == 0


def test_many_that_wait_are_bounded_by_memory_alone():
    """There is no number of pairs of keys at which calls are refused; the oldest give way when memory is short."""
    counters = Counters()
    outbox = outbox_of(counters, max_queue_bytes=400_000)
    with FakeLangfuse() as langfuse:
        targets = [ad_hoc(langfuse, f"p{number}") for number in range(MAX_IDLE + 500)]
    for target in targets:
        counters.accept(target.name)
        outbox.put(target, b"x" * 50)
    stats = counters.snapshot().projects["ad-hoc"]
    assert stats.dropped == {"queue_full": stats.handled - len(outbox.open())}
    assert len(outbox.open()) == 300_000 // 250
    assert len(outbox.destinations()) <= 300_000 // 250 + MAX_IDLE


FORK = """
import os
from dataclasses import replace
from tests.masked_calls import Post
from tests.test_ad_hoc import ad_hoc, send
from router.testing import FakeLangfuse

with FakeLangfuse() as langfuse:
    post = Post(langfuse)
    target = ad_hoc(langfuse, "p")
    send(post, target)
    post.sender.force_flush(10)
    send(post, target, number=1)  # waits when the fork happens
    child = os.fork()
    if not child:
        send(post, target, number=2)
        os._exit(0 if post.sender.shutdown(10) and post.account("ad-hoc") == {"handled": 1, "delivered": 1} else 1)
    status = os.waitpid(child, 0)[1]
    print(status, post.sender.shutdown(10), len(langfuse.spans("p")))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_starts_with_no_call_of_its_parent(checkout):
    """It fills queues of its own; each call arrives once."""
    assert run_alone(FORK, checkout) == "0 True 3"
