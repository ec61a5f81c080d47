"""Ten thousand calls that end at the same time: each is accounted for, whoever logs it and whatever room there is."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from router import Router
from router.testing import FakeLangfuse, make_record

TASKS = 10_000
THREADS = 200
YAML = """
version: 1
projects: {a: {env: A}, b: {env: B}}
rules:
  - {id: a, match: {team: a}, route: a}
  - {id: rest, route: b}
"""


@pytest.fixture
def langfuse():
    with FakeLangfuse(["a", "b"]) as server:
        yield server


def make_router(tmp_path: Path, langfuse: FakeLangfuse, **environ: str) -> Router:
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    keys = langfuse.environ("A", "a") | langfuse.environ("B", "b")
    return Router.from_file(path, environ={"ROUTER_CHECK_PROJECTS": "false"} | keys | environ)


def log(router: Router, number: int) -> None:
    router.log(make_record(call_id=f"call-{number}", team="ab"[number % 2]))


async def log_in_tasks(router: Router) -> None:
    """Start every task before the first of them logs."""
    begin = asyncio.Event()

    async def task(number: int) -> None:
        await begin.wait()
        log(router, number)

    tasks = [asyncio.create_task(task(number)) for number in range(TASKS)]
    await asyncio.sleep(0)
    begin.set()
    await asyncio.gather(*tasks)


def test_ten_thousand_tasks_lose_nothing(tmp_path, langfuse):
    """Each call arrives once, in its own project."""
    router = make_router(tmp_path, langfuse)
    asyncio.run(log_in_tasks(router))
    assert router.shutdown(200)
    stats = router.stats()
    assert (stats.handled, stats.delivered, stats.dropped, stats.in_flight) == (TASKS, TASKS, {}, 0)
    for name, parity in (("a", 0), ("b", 1)):
        arrived = sorted(int(span.metadata["litellm_call_id"].partition("-")[2]) for span in langfuse.spans(name))
        assert arrived == list(range(parity, TASKS, 2))


def test_hundreds_of_threads_lose_nothing(tmp_path, langfuse):
    """Two hundred that begin at once, ten calls each, and two more that ask how it stands meanwhile."""
    router = make_router(tmp_path, langfuse)
    barrier, ended = threading.Barrier(THREADS + 2), threading.Event()
    unbalanced: list[int] = []

    def work(first: int) -> None:
        barrier.wait()
        for number in range(first, first + 10):
            log(router, number)

    def ask() -> None:
        barrier.wait()
        while not ended.is_set():
            stats = router.stats()
            unbalanced.extend(account.in_flight for account in stats.projects.values() if account.in_flight < 0)
            router.health()

    threads = [threading.Thread(target=work, args=(number * 10,)) for number in range(THREADS)]
    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in (*threads, *asking):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    for thread in asking:
        thread.join()
    assert router.shutdown(200)
    assert unbalanced == []
    assert router.stats().delivered == len({span.span_id for span in langfuse.spans()}) == THREADS * 10


def test_ten_thousand_tasks_without_room_are_counted(tmp_path, langfuse):
    """What has no place is dropped by name, and what is said to be delivered arrived."""
    router = make_router(tmp_path, langfuse, ROUTER_MAX_QUEUE_BYTES="200000")
    asyncio.run(log_in_tasks(router))
    assert router.shutdown(200)
    stats = router.stats()
    assert (stats.handled, stats.in_flight, set(stats.dropped)) == (TASKS, 0, {"queue_full"})
    assert stats.delivered == TASKS - stats.dropped["queue_full"] == len(langfuse.spans()) > 0
