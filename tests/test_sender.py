"""The sender brings every span to its own project, in batches, from one thread."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from router.delivery import Counters, DeliverySettings, Sender
from router.testing import FakeLangfuse
from tests.masked_calls import posting, texts, wait_until


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def inputs(langfuse: FakeLangfuse, project: str = "payments") -> list[object]:
    return [span.input["messages"][0]["content"] for span in langfuse.spans(project)]


def sender_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "router-sender"]


def test_every_call_arrives_in_its_own_project(langfuse):
    """Forty projects, one thread; each project gets its own calls and no others, and all are counted."""
    names = [f"team-{number}" for number in range(40)]
    with posting(langfuse, *names) as post:
        before = len(sender_threads())
        for number, name in enumerate(names):
            post.send(number, number + 100, project=name)
        assert post.sender.force_flush(60)
        assert len(sender_threads()) == before + 1
        for number, name in enumerate(names):
            # A request that a slow machine answers late may be cut for those that wait for a place, and sent again.
            assert list(dict.fromkeys(inputs(langfuse, name))) == [f"question {number}", f"question {number + 100}"]
            assert post.account(name) == {"handled": 2, "delivered": 2}


def test_a_request_has_langfuse_s_headers_and_none_of_its_sdk_s(langfuse):
    """Who we are, which protocol, whose project: and a resource that gives nothing away."""
    with posting(langfuse) as post:
        post.send(1)
        assert post.sender.force_flush(60)
    (span,) = langfuse.spans("payments")
    headers = dict(span.headers)
    version = headers.pop("x-langfuse-sdk-version")
    assert headers.pop("user-agent") == f"langfuse-router/{version}"
    del headers["host"], headers["content-length"]
    assert headers == {
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
        "x-langfuse-sdk-name": "langfuse-router",
        "x-langfuse-public-key": "pk-lf-payments",
        "x-langfuse-ingestion-version": "4",
    }
    assert (span.resource, span.scope_name, span.scope_version) == ({}, "langfuse-sdk", "")


def test_batches_are_bounded_by_count(langfuse):
    """Five calls in batches of two."""
    with posting(langfuse, max_batch_spans=2) as post:
        langfuse.slow(seconds=0.05)
        post.send(*range(5))
        assert post.sender.force_flush(60)
    assert [request.spans for request in langfuse.requests()] == [2, 2, 1]
    assert inputs(langfuse) == [f"question {number}" for number in range(5)]


def test_batches_are_bounded_by_bytes_before_compression(langfuse):
    """Calls of 4 kB in batches of 10 kB go in pairs; one that is larger than a batch goes alone."""
    with posting(langfuse, max_batch_bytes=10_000) as post:
        langfuse.slow(seconds=0.05)
        post.send(0, input="x" * 12_000)
        post.send(1, 2, 3, input="x" * 4_000)
        assert post.sender.force_flush(60)
    assert [request.spans for request in langfuse.requests()] == [1, 2, 1]


def test_a_call_waits_for_others_no_longer_than_the_flush_interval(langfuse):
    """Nobody flushes, and the call arrives."""
    with posting(langfuse, flush_interval_secs=0.02) as post:
        post.send(1)
        langfuse.wait_for(1)


def test_a_full_batch_does_not_wait(langfuse):
    """The interval is an hour, and the batch is full; the call after it waits on."""
    with posting(langfuse, max_batch_spans=3) as post:
        post.send(*range(4))
        langfuse.wait_for(3)
        assert [request.spans for request in langfuse.requests()] == [3]


def test_flushing_nothing_succeeds_at_once_and_starts_nothing(langfuse):
    """A sender that was never used costs no thread."""
    before = sender_threads()
    with posting(langfuse) as post:
        assert post.sender.force_flush(60)
        assert sender_threads() == before


def test_a_flush_leaves_the_interval_as_it_was(langfuse):
    """What comes after a flush waits for others again."""
    with posting(langfuse, max_batch_spans=2) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        post.send(2)
        post.send(3)
        langfuse.wait_for(3)
    assert [request.spans for request in langfuse.requests()] == [1, 2]


def test_shutdown_delivers_what_waits_and_ends_the_thread(langfuse):
    """The last calls of a process arrive; a second shutdown changes nothing; later calls are counted."""
    with posting(langfuse) as post:
        before = len(sender_threads())
        post.send(1, 2)
        assert post.sender.shutdown(60)
        assert len(sender_threads()) == before
        assert post.sender.shutdown(60)
        assert post.account() == {"handled": 2, "delivered": 2}
        post.send(3)
        assert post.account() == {"handled": 3, "delivered": 2, "dropped": {"shutdown": 1}}
        assert post.sender.force_flush(1)


def test_shutdown_keeps_its_deadline_however_many_projects_hang(langfuse):
    """Fifty hanging projects, half a second altogether and not for each; every call is accounted for."""
    names = [f"team-{number}" for number in range(50)]
    langfuse.hang()
    with posting(langfuse, *names, flush_interval_secs=0.01) as post:
        for name in names:
            post.send(1, 2, project=name)
        langfuse.wait_for_requests(16)
        start = time.monotonic()
        assert not post.sender.shutdown(0.5)
        assert time.monotonic() - start < 20
        for name in names:
            assert post.account(name) == {"handled": 2, "dropped": {"shutdown": 2}}
        assert not post.sender.shutdown(0.5)


def test_memory_is_bounded_and_the_project_that_fills_it_pays(langfuse):
    """While one project hangs, its own oldest calls make room; the other project loses nothing."""
    langfuse.hang("stuck")
    with posting(langfuse, "stuck", "well", max_queue_bytes=200_000, max_batch_spans=1) as post:
        post.send(0, project="stuck")
        langfuse.wait_for_requests(1)
        for number, text in enumerate(texts(40, 10_000), start=1):
            post.send(number, project="stuck", input={"messages": [{"content": text}]})
        post.send(*range(100, 110), project="well")
        assert not post.sender.force_flush(0.1)
        wait_until(lambda: post.account("well") == {"handled": 10, "delivered": 10})
        account = post.account("stuck")
        assert account["dropped"]["queue_full"] > 20
        assert account["in_flight"] + account["dropped"]["queue_full"] == 41
        langfuse.heal("stuck")
        assert post.sender.force_flush(60)
    kept = [int(span.metadata["litellm_call_id"].removeprefix("call-")) for span in langfuse.spans("stuck")]
    assert kept[1:] == list(range(41 - len(kept) + 1, 41))


def test_a_call_that_fits_nowhere_is_counted(langfuse):
    """Larger than all the memory there is."""
    with posting(langfuse, max_queue_bytes=100_000) as post:
        post.send(1, input="x" * 100_000)
        assert post.account() == {"handled": 1, "dropped": {"queue_full": 1}}


def test_a_project_without_credentials_is_counted():
    """It cannot happen through a checked configuration, and nothing breaks when it does."""
    counters = Counters()
    sender = Sender({}, DeliverySettings(flush_interval_secs=0), counters)
    counters.accept("nobody")
    sender.send("nobody", b"")
    assert sender.force_flush(60)
    assert counters.snapshot().dropped == {"rejected": 1}
    assert sender.shutdown(1)


def test_many_threads_can_send_at_once(langfuse):
    """Eight threads, 2 000 calls: each arrives once."""
    with posting(langfuse, "a", "b", flush_interval_secs=0.01) as post:

        def send(offset: int) -> None:
            for number in range(offset, offset + 250):
                post.send(number, project="ab"[number % 2])

        threads = [threading.Thread(target=send, args=(number * 250,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert post.sender.force_flush(60)
        assert post.counters.snapshot().delivered == 2000
    assert sorted(span.metadata["litellm_call_id"] for span in langfuse.spans()) == sorted(
        f"call-{number}" for number in range(2000)
    )


FORK = """
import os, sys, threading
from router.delivery import Counters
from tests.masked_calls import Post
from router.testing import FakeLangfuse

with FakeLangfuse() as langfuse:
    post = Post(langfuse, "parent", "child")
    post.send(1, project="parent")
    post.sender.force_flush(10)
    post.send(2, project="parent")  # waits when the fork happens
    child = os.fork()
    if not child:
        sent = post.counters.snapshot().handled == 0 and post.sender.force_flush(1)
        post.send(3, project="child")
        sent = sent and post.sender.shutdown(10)
        os._exit(0 if sent and post.counters.snapshot().delivered == 1 else 1)
    status = os.waitpid(child, 0)[1]
    post.send(4, project="parent")
    done = post.sender.shutdown(10)
    calls = {name: [span.metadata["litellm_call_id"] for span in langfuse.spans(name)] for name in ("parent", "child")}
    print(status, done, calls)
"""


def run_alone(script: str, checkout) -> str:
    """Run a script in an interpreter of its own and return what it prints; the script must end by itself."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", script],  # of a fork beside threads
        capture_output=True,
        text=True,
        cwd=checkout,
        check=False,
        timeout=200,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_starts_afresh_and_the_parent_goes_on(checkout):
    """What the parent accepted the parent delivers, once; the child has a thread, a queue and an account of its own."""
    assert run_alone(FORK, checkout) == "0 True {'parent': ['call-1', 'call-2', 'call-4'], 'child': ['call-3']}"


AT_EXIT = """
import atexit, dataclasses
from tests.masked_calls import Post
from router.testing import FakeLangfuse

langfuse = FakeLangfuse().start()
post = Post(langfuse)
named = langfuse.url.replace("127.0.0.1", "localhost")
post.projects["payments"] = dataclasses.replace(post.projects["payments"], host=named)
atexit.register(lambda: print(post.sender.shutdown(10), len(langfuse.spans())))
post.send(1)
"""


def test_a_host_name_can_be_looked_up_while_the_interpreter_ends(checkout):
    """The usual thread pool of asyncio refuses work by then."""
    assert run_alone(AT_EXIT, checkout) == "True 1"


def test_importing_delivery_does_not_import_the_http_client(checkout):
    """It takes 0.2 s, which only a process that sends anything has to pay."""
    script = "import sys, router.delivery; print([name for name in ('aiohttp', 'asyncio') if name in sys.modules])"
    assert run_alone(script, checkout) == "[]"
