"""Who may have a request under way: the places of the sender, on an event loop whose clock the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from router.delivery.slots import PATIENCE_SECS, CutShort, Slots


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time stands still until a test moves it."""

    now = 0.0

    def time(self) -> float:
        return self.now


def run(test: Callable[[Clock], Coroutine[Any, Any, None]]) -> None:
    loop = Clock()
    try:
        loop.run_until_complete(test(loop))
    finally:
        loop.close()


async def settle() -> None:
    """Let every task go on as far as it can at this moment."""
    for _ in range(20):
        await asyncio.sleep(0)


class Requests:
    """Requests that go on until the test answers them."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.answers: dict[str, asyncio.Event] = {}
        self.under_way: list[str] = []
        self.cut: list[str] = []

    def start(self, name: str, host: str, *, is_suspect: bool = False) -> None:
        self.answers[name] = asyncio.Event()
        self.tasks[name] = asyncio.get_running_loop().create_task(self._request(name, host, is_suspect))

    async def _request(self, name: str, host: str, is_suspect: bool) -> None:
        try:
            async with self._slots.take(host, is_suspect=is_suspect):
                self.under_way.append(name)
                try:
                    await self.answers[name].wait()
                finally:
                    self.under_way.remove(name)
        except CutShort:
            self.cut.append(name)

    async def end(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        assert self.under_way == []


def test_no_more_are_under_way_than_there_are_places() -> None:
    """Those that wait go in the order in which they came, and a place that becomes free is given out at once."""

    async def test(_: Clock) -> None:
        requests = Requests(Slots(4))
        for number in range(6):
            requests.start(f"r{number}", f"h{number}")
        await settle()
        assert requests.under_way == ["r0", "r1", "r2", "r3"]
        requests.answers["r1"].set()
        await settle()
        assert requests.under_way == ["r0", "r2", "r3", "r4"]
        await requests.end()

    run(test)


@pytest.mark.parametrize("hosts", [1, 2, 5])
def test_requests_without_an_answer_give_their_places_up(hosts: int) -> None:
    """To as many as wait, the oldest first, and not before they have had their time."""

    async def test(clock: Clock) -> None:
        requests = Requests(Slots(4))
        for number in range(10):
            requests.start(f"r{number}", f"h{number % hosts}")
        await settle()
        hanging = list(requests.under_way)
        assert len(hanging) == (3 if hosts == 1 else 4)
        clock.now = PATIENCE_SECS - 0.01
        await settle()
        assert requests.cut == []
        clock.now = PATIENCE_SECS
        await settle()
        assert requests.cut == hanging
        requests.start("good", "good")
        for _ in range(3):
            clock.now += PATIENCE_SECS
            await settle()
        assert "good" in requests.under_way
        await requests.end()

    run(test)


def test_nobody_is_cut_short_while_nobody_waits() -> None:
    """A server may take its time for as long as there are places."""

    async def test(clock: Clock) -> None:
        requests = Requests(Slots(4))
        for number in range(4):
            requests.start(f"r{number}", f"h{number}")
        await settle()
        clock.now = 50.0
        await settle()
        assert requests.cut == []
        requests.start("late", "h4")
        await settle()
        await settle()
        assert requests.cut == ["r0"]
        assert "late" in requests.under_way
        await requests.end()

    run(test)


def test_who_waits_for_a_host_at_its_bound_takes_a_place_of_that_host_only() -> None:
    """Another host's would not help."""

    async def test(clock: Clock) -> None:
        requests = Requests(Slots(4))
        requests.start("other", "other")
        for number in range(4):
            requests.start(f"r{number}", "host")
        await settle()
        assert requests.under_way == ["other", "r0", "r1", "r2"]
        clock.now = PATIENCE_SECS
        await settle()
        assert requests.cut == ["r0"]
        await requests.end()

    run(test)


def test_suspects_share_half_of_the_places_and_keep_them() -> None:
    """However many they are, and whoever waits."""

    async def test(clock: Clock) -> None:
        requests = Requests(Slots(4))
        for number in range(10):
            requests.start(f"s{number}", f"h{number}", is_suspect=True)
        await settle()
        assert requests.under_way == ["s0", "s1"]
        requests.start("good", "h0")
        await settle()
        assert requests.under_way == ["s0", "s1", "good"]
        clock.now = 60.0
        await settle()
        assert requests.cut == []
        requests.answers["s0"].set()
        await settle()
        assert requests.under_way == ["s1", "good", "s2"]
        await requests.end()

    run(test)


def test_hosts_take_turns() -> None:
    """A host for which many wait is not before one for which one does."""

    async def test(_: Clock) -> None:
        requests = Requests(Slots(1))
        for number in range(4):
            requests.start(f"many{number}", "many")
        requests.start("one", "one")
        await settle()
        order = []
        while requests.under_way:
            (name,) = requests.under_way
            order.append(name)
            requests.answers[name].set()
            await settle()
        assert order == ["many0", "many1", "one", "many2", "many3"]

    run(test)


def test_whoever_is_cancelled_leaves_its_place_and_the_line() -> None:
    """Also at the very moment at which it gets one."""

    async def test(_: Clock) -> None:
        requests = Requests(Slots(1))
        for name in ("first", "second", "third", "fourth"):
            requests.start(name, "host")
        await settle()
        requests.tasks["second"].cancel()
        await settle()
        requests.tasks["first"].cancel()
        requests.tasks["third"].cancel()
        await settle()
        assert requests.under_way == ["fourth"]
        await requests.end()

    run(test)
